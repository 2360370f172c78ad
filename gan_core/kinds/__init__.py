"""The kinds of data: numbers and images. Importing the package registers them.

A kind is one object that holds everything in which kinds differ (`gan_core.data.kind.DataKind`). A
new one is a new file here. May import everything but `storage`, `cli` and `presets`; only
`gan_core` itself imports this room.
"""

# The order of these imports is the order of the pages.
from gan_core.kinds import one_dim, images  # isort: skip

__all__ = ["images", "one_dim"]
