"""Runs on the disk: folders, checkpoints, saving, locking, export and import.

May import: `training`, `evaluation`, `data`, `runtime` and the parts of an experiment.
"""
