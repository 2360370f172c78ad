"""Checks of a file's content before it is loaded, because it may come from a stranger.

May import: `training`, `data` and the parts of an experiment.
"""
