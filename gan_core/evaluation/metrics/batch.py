"""A probe's features and classes of a batch of pictures: the input of the picture metrics."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gan_core.shapes import ClassLogits, Factors, Features, Index, Population


@dataclass(frozen=True, eq=False)
class FeatureBatch:
    """Features and, of a probe that tells factors apart, its logits for each; on the CPU.

    `population` is what is known of all the pictures that a real batch stands for.
    """

    features: Features
    logits: tuple[ClassLogits, ...] = ()
    population: Population | None = None

    def __len__(self) -> int:
        return len(self.features)

    def take(self, index: Index) -> FeatureBatch:
        """Return the pictures at these places, as a batch."""
        logits = tuple(part[index] for part in self.logits)
        return FeatureBatch(self.features[index], logits, self.population)

    @property
    def factors(self) -> Factors:
        """The most probable value of every factor."""
        return torch.stack([logits.argmax(1) for logits in self.logits], 1)

    @property
    def values(self) -> tuple[int, ...]:
        """How many values each factor has."""
        return tuple(logits.shape[1] for logits in self.logits)


def concat(parts: list[FeatureBatch]) -> FeatureBatch:
    """Return parts of one batch, read one after the other, as a whole."""
    return FeatureBatch(
        torch.cat([part.features for part in parts]),
        tuple(torch.cat(logits) for logits in zip(*(p.logits for p in parts), strict=True)),
    )
