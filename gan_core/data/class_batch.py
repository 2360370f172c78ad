"""Real pictures of given classes, for a grid that stands beside generated ones of these classes."""

from __future__ import annotations

import torch

from gan_core.data.base import ImageSource
from gan_core.data.pixels import to_samples
from gan_core.shapes import Classes, Samples


def draw_of_classes(source: ImageSource, labels: Classes, rng: torch.Generator) -> Samples:
    """Draw a picture of each label's class, as it is stored; `rng` is on the labels' device.

    No picture comes twice before all of its class have come. A class without pictures is grey.
    """
    known = source.factors[:, 0]
    order = torch.randperm(len(source), generator=rng, device=labels.device)
    index = torch.full_like(labels, -1)
    for label in labels.unique():
        places, found = labels == label, order[known[order] == label]
        if len(found):
            index[places] = found.repeat(-(-len(labels) // len(found)))[: places.sum()]
    samples = to_samples(source.pixels(index.clamp(min=0)))
    samples[index < 0] = 0.0
    return samples
