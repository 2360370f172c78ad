"""Data sets of the user's own pictures."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.data.base import DATASETS, ImageDataset
from gan_core.data.importing.packs import PackMeta, find_pack, open_pack
from gan_core.registry import knob


@dataclass(frozen=True)
class PackedPictures(ImageDataset):
    """Pictures of a pack, which stores their size and classes."""

    upload_format = "images"
    upload: str = knob("", hidden=True, help="The id under which the pictures are stored.")
    flips: bool = knob(False, help="Mirror each picture left to right with probability ½.")

    def __post_init__(self):
        super().__post_init__()
        if not self.upload:
            raise ValueError(f"{self.name}: choose pictures first: files, a zip or a folder.")
        find_pack(self.name, self.upload)

    @property
    def meta(self) -> PackMeta:
        return find_pack(self.name, self.upload)[1]

    @property
    def sample_shape(self):
        return self.meta.shape

    @property
    def size(self):
        return self.meta.count

    @property
    def factors(self):
        return self.meta.factors

    def load(self):
        return open_pack(find_pack(self.name, self.upload)[0], self.flips)


@DATASETS.register("folder", title="Pictures of my own")
@dataclass(frozen=True)
class Folder(PackedPictures):
    """Pictures of yours: a folder, a zip or many files; sub-folders become classes."""


@DATASETS.register("celeba", title="Faces (CelebA)", paper="Liu et al. 2015, arXiv:1411.7766")
@dataclass(frozen=True)
class CelebA(PackedPictures):
    """202,599 faces of celebrities, for research only; bring `img_align_celeba`, folder or zip."""

    flips: bool = knob(True, help="Mirror each picture left to right with probability ½.")
