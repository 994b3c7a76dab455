"""Charts of any comparison's results. Charts for one page's own topic are beside this folder."""
