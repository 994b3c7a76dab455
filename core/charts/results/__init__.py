"""Charts of any comparison's results; those of one page's own subject stand beside this folder."""
