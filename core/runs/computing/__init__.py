"""Where segments and labs are computed: worker processes, and what they do next."""
