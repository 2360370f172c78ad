"""The numbers of a data set's pictures, class by class, to draw pictures of given classes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gan_core.shapes import ClassCounts, Classes, Index

MANY = 2**62
"""Numbers among which one is drawn; its remainder is then as good as uniform."""


@dataclass(frozen=True, eq=False)
class ClassIndex:
    """The pictures in the order of their classes: those of class k begin at `first[k]`.

    The last entry of `counts` is 0 and stands for every class that no picture has.
    """

    order: Index
    first: ClassCounts
    counts: ClassCounts

    @classmethod
    def of(cls, labels: Classes) -> ClassIndex:
        """Return the index of pictures whose classes are `labels`."""
        counts = torch.bincount(labels, minlength=int(labels.max()) + 2)
        return cls(labels.argsort(stable=True), counts.cumsum(0) - counts, counts)

    def draw(self, labels: Classes, rng: torch.Generator) -> Index:
        """Draw the number of a picture of each label's class, with replacement.

        Of a class without pictures any picture is drawn. No step waits for the device.
        """
        number = torch.randint(MANY, labels.shape, generator=rng, device=labels.device)
        labels = labels.clamp(max=len(self.counts) - 1)
        counts = self.counts[labels]
        own = self.first[labels] + number % counts.clamp(min=1)
        return self.order[torch.where(counts > 0, own, number % len(self.order))]
