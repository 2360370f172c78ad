"""Training: the two networks and their losses, Algorithm 1, the trainer, and what it needs.

May import: `evaluation`, `networks`, `data`, `runtime` and the parts of an experiment.
"""
