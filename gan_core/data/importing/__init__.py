"""Importing the user's own images: a folder, a zip or uploaded files become a pack.

May import: `data`, `runtime`.
"""
