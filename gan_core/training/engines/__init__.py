"""Engines: how a training step is executed (eagerly, compiled, or as one CUDA graph).

May import: `training` (but not the trainer), `networks`, `data`, `runtime`.
"""
