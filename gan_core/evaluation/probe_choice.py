"""Whether a classifier is worth training on some pictures, and worth using once it is trained."""

from __future__ import annotations

from collections.abc import Mapping

from gan_core.data.base import ImageSource
from gan_core.evaluation.metrics.resampling import QUANTILE

MIN_PICTURES = 200
"""With fewer pictures there is no classifier worth the name."""


def untrainable(factors: Mapping[str, tuple[str, ...]], source: ImageSource) -> str | None:
    """Return why no classifier can be trained on these pictures, or None."""
    if source.factors is None or not any(len(names) > 1 for names in factors.values()):
        return "because it is not known what these pictures show"
    if len(source) < MIN_PICTURES:
        return (
            f"because {len(source):,} pictures are too few to train a classifier of their classes "
            f"({MIN_PICTURES} are needed)"
        )
    return None


def unconvincing(accuracies: Mapping[str, float], held_out: int, source: ImageSource) -> str | None:
    """Return why a trained classifier is not used, or None; `accuracies` are of held-out pictures.

    The folder in which a picture lay need not be seen in it: of some factor it must know more
    than to say the most frequent value of all, beyond the 95 % interval of its accuracy.
    """
    guesses = {
        name: source.factors[:, i].bincount().max().item() / len(source)
        for i, name in enumerate(accuracies)
    }
    for name, right in accuracies.items():
        error = (right * (1 - right) / max(1, held_out)) ** 0.5
        if right - QUANTILE * error > guesses[name]:
            return None
    name, right = next(iter(accuracies.items()))
    return (
        f"because a classifier of the {name} is right on {right:.0%} of {held_out:,} "
        f"held-out pictures; always saying the most frequent one gives {guesses[name]:.0%}"
    ).replace("%", " %")
