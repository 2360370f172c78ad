"""Checks of what a file says before any of it is loaded; it may come from a stranger.

May import: `training`, `data` and the parts of an experiment.
"""
