"""The samples of a run's fixed noise, which the pages number, and ways between them.

Where the networks are conditional, a point has a class vector beside its z. It goes from one
sample's own to another's in a straight line, as BigGAN's does (arXiv:1809.11096, figure 8).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from gan_core.data.pixels import to_uint8
from gan_core.explain import latent_space
from gan_core.shapes import ClassVectors, LatentPath, Latents, PathPixels, PathVectors, PixelArray
from gan_core.training.state import TrainState


@dataclass(frozen=True, eq=False)
class LatentPoints:
    """Points of which pictures are made; `classes` is None if the generator has no classes."""

    z: LatentPath
    classes: PathVectors | None


class NumberedSamples:
    """The samples of the fixed noise as they are now, each of its own class or all of `label`.

    Samples are named by their numbers, from 0.
    """

    def __init__(self, state: TrainState, label: int | None = None) -> None:
        self._state = state
        self._prior = state.config.prior
        self._label = label
        self.z: Latents = state.fixed_z
        self.classes: ClassVectors | None = state.class_vectors(label)

    def walk(self, start: int, end: int, count: int) -> LatentPoints:
        """Return `count` points from one sample to another, both among them."""
        z = latent_space.walk(self._prior, self.z[[start]], self.z[[end]], count)
        return LatentPoints(
            z, self._blend(lambda c: latent_space.line(c[[start]], c[[end]], count))
        )

    def sheet(self, corners: Sequence[int], side: int) -> LatentPoints:
        """Return side × side points; the upper left, upper right and lower left are samples."""
        z = latent_space.sheet(self._prior, self.z[corners], side)
        return LatentPoints(z, self._blend(lambda c: latent_space.plane(c[corners], side)))

    def arithmetic(
        self, plus: Sequence[int], minus: Sequence[int], base: Sequence[int]
    ) -> LatentPoints:
        """Return four points: the means of three groups, and first − second + third."""
        terms = plus, minus, base
        z = latent_space.arithmetic(self._prior, *(self.z[term] for term in terms))
        means = [self.z[term].mean(0, keepdim=True) for term in terms]

        def blend(c: ClassVectors) -> LatentPath:
            groups = [c[term] for term in terms]
            means = [group.mean(0, keepdim=True) for group in groups]
            return torch.cat([*means, latent_space.add(*groups)])

        return LatentPoints(torch.cat([*means, z]), self._blend(blend))

    def truncate(self, psi: float) -> LatentPoints:
        """Return all samples with z drawn to ψ of its distance from the mean; classes stay."""
        return LatentPoints(latent_space.truncate(self._prior, self.z, psi), self.classes)

    def num_on_edge(self, points: LatentPoints) -> int:
        """Return how many points stand on the bounds of the noise, which they would have left."""
        if self._prior.support(points.z.shape[1]) is not None:
            return 0
        low, high = self._prior.bounds(points.z.shape[1])
        return int(((points.z == low) | (points.z == high)).any(1).sum())

    def num_outside(self, points: LatentPoints) -> int:
        """Return how many points are no z that the prior ever draws."""
        return int((~self._prior.contains(points.z)).sum())

    def _blend(self, blend: Callable[[ClassVectors], LatentPath]) -> LatentPath | None:
        return None if self.classes is None else blend(self.classes)

    def pictures(self) -> PixelArray:
        """Return the samples themselves, as a snapshot holds them if each has its own class."""
        return to_uint8(self._state.generate_fixed(self._label))

    def draw(self, points: LatentPoints, pictures: PixelArray) -> PathPixels:
        """Return G at the points; one that is a sample gets that sample's picture.

        The same numbers in a batch of another size may come out different in the last bit.
        """
        made = to_uint8(self._state.generate(points.z, points.classes))
        same = (points.z[:, None] == self.z).all(2)
        if points.classes is not None:
            same &= (points.classes[:, None] == self.classes).all(2)
        known, number = same.any(1).cpu().numpy(), same.int().argmax(1).cpu().numpy()
        made[known] = pictures[number[known]]
        return made
