"""Charts: functions that make an Altair chart from a DataFrame.

They make no queries, keep no state and set no text colours: the page's theme sets those for light and dark mode.
"""
