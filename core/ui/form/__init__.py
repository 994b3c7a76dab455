"""The sidebar: settings as widgets, as short texts and as links."""
