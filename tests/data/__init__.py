"""Data sets, targets and imported pictures."""
