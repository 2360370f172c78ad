"""Pictures of cats, composed of drawn layers; the parts of every picture are known."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from gan_core.data.base import DATASETS, ImageDataset, Progress
from gan_core.data.importing.packs import new_pack, open_pack, pack_folder
from gan_core.registry import knob

PARTS: dict[str, tuple[str, ...]] = {
    "body": tuple(map(str, range(15))),
    "fur": tuple("012345789"),
    "eyes": tuple(map(str, range(15))),
    "mouth": tuple(map(str, range(10))),
    "accessory": tuple(map(str, range(16))),
}
"""The layers from bottom to top, with the numbers of their files.

Fur 6 is left out: it is as empty as fur 2, so the two look the same.
"""
CATS = int(np.prod([len(values) for values in PARTS.values()]))
AT_ONCE = 250
"""Number of cats composed between two reports of progress."""


@lru_cache(maxsize=2)
def layers(side: int) -> dict[str, np.ndarray]:
    """Return the layers of each part, of shape (values, side, side, 4), color × alpha.

    Raises:
        ValueError: if the package with the drawings is not installed.
    """
    spec = importlib.util.find_spec("robohash")
    if spec is None:
        raise ValueError("cats: the package robohash, which carries the drawings, is missing.")
    folder = Path(spec.origin).parent / "sets" / "set4"
    return {
        part: np.stack([_layer(folder, f"{part}{value}", side) for value in values])
        for part, values in PARTS.items()
    }


def _layer(folder: Path, name: str, side: int) -> np.ndarray:
    with Image.open(next(folder.glob(f"*/*#{name}.png"))) as drawing:
        # RGBa is RGBA with color multiplied by alpha: its averages have no dark edges.
        return np.asarray(drawing.convert("RGBa").reduce(drawing.width // side))


def choices(count: int) -> np.ndarray:
    """Return the parts of the first `count` cats, of shape (count, 5); all cats are different."""
    drawn = np.random.default_rng(0).permutation(CATS)[:count]
    return np.stack(np.unravel_index(drawn, [len(v) for v in PARTS.values()]), axis=1)


def compose(parts: np.ndarray, side: int) -> np.ndarray:
    """Return the cats with these parts on white: bytes of shape (n, 3, side, side).

    Each layer covers those below it: color·α + below·(1 − α).
    """
    cats = np.full((len(parts), side, side, 3), 255.0, np.float32)
    for values, drawings in zip(parts.T, layers(side).values(), strict=True):
        layer = drawings[values].astype(np.float32)
        cats *= 1 - layer[..., 3:] / 255
        cats += layer[..., :3]
    return np.clip(np.rint(cats), 0, 255).astype(np.uint8).transpose(0, 3, 1, 2)


@dataclass(frozen=True)
class Composition:
    """A number of cats that are composed once and kept as a pack."""

    count: int
    side: int

    @property
    def title(self) -> str:
        return "These cats have not been composed on this machine yet."

    @property
    def action(self) -> str:
        return f"Compose {self.count:,} cats"

    @property
    def pack(self) -> str:
        """Id of the pack: it must change when the way of composing changes."""
        recipe = f"robohash set4, {self.count} of {CATS} at {self.side}, 1"
        return hashlib.sha256(recipe.encode()).hexdigest()[:16]

    def is_there(self) -> bool:
        return pack_folder(self.pack) is not None

    def run(self, progress: Progress | None = None) -> None:
        """Compose the cats and store them as a pack.

        Raises:
            ValueError: if the drawings are missing or the disk is full.
        """
        try:
            self._compose(progress or (lambda share, words: None))
        except OSError as error:
            raise ValueError(f"The cats could not be kept: {error}.") from None

    def _compose(self, progress: Callable[[float, str], None]) -> None:
        parts = choices(self.count)
        with new_pack(3, self.side) as writer:
            for start in range(0, self.count, AT_ONCE):
                progress(start / self.count, f"{start:,} of {self.count:,} cats")
                writer.append(compose(parts[start : start + AT_ONCE], self.side))
            writer.keep("Cats", PARTS, parts, pack=self.pack)


@DATASETS.register("cats", title="Cats (drawn, colour)")
@dataclass(frozen=True)
class Cats(ImageDataset):
    """Cats composed of layers drawn by David Revoy, CC BY 4.0 (from robohash, set4)."""

    factors = PARTS
    count: int = knob(
        10_000, low=1_000, high=100_000, log=True, help=f"How many of the {CATS:,} possible cats."
    )
    resolution: int = knob(64, choices=(32, 64), help="Pixels a side.")

    @property
    def sample_shape(self):
        return (3, self.resolution, self.resolution)

    @property
    def size(self):
        return self.count

    @property
    def composition(self) -> Composition:
        return Composition(self.count, self.resolution)

    @property
    def preparation(self):
        return None if self.composition.is_there() else self.composition

    def load(self):
        folder = pack_folder(self.composition.pack)
        if folder is None:
            raise ValueError(f"cats: these {self.count:,} cats have to be composed first.")
        return open_pack(folder)
