"""Records of a run while it trains: statistics, snapshots, sample grids, earlier states.

May import: `evaluation`, `networks`, `data`, `runtime`, `training.gan` and `training.algorithm`.
"""
