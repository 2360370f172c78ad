"""Data sets of the user's own pictures."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.data.base import DATASETS, ImageDataset
from gan_core.data.importing.packs import PackMeta, find_pack, open_pack, pack_files
from gan_core.data.own_data import DataRecord, MissingDataError, absence, known
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
        self.meta  # noqa: B018 - it refuses an unknown upload

    @property
    def meta(self) -> PackMeta | DataRecord:
        """What is known of the pictures, whether they are on this machine or not.

        Raises:
            ValueError: if nothing is known of them.
        """
        kept = known(self.upload)
        if self.is_missing and kept is not None and len(kept.shape) == 3:
            return kept
        return find_pack(self.name, self.upload)[1]

    @property
    def label(self):
        try:
            return self.meta.title or self.title
        except MissingDataError:  # of a run that is open, whose pictures were deleted since
            return self.title

    @property
    def record(self):
        meta = self.meta
        if isinstance(meta, DataRecord):
            return meta
        about = (meta.title, meta.count, meta.shape, meta.factors, meta.note, meta.options)
        return DataRecord(self.upload, *about)

    @property
    def files(self):
        return pack_files(self.upload)

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
        if self.is_missing:
            raise absence(self.record)
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
