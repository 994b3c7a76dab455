"""Where segments and labs are computed: worker processes, and the order of their work."""
