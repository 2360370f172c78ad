"""The classifier behind a probe, and how it is trained in about a minute on one core."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from gan_core.data.base import ImageSource
from gan_core.data.pixels import to_samples
from gan_core.networks.base import SeededDropout
from gan_core.runtime.tasks import ProgressReport, Task
from gan_core.shapes import Classes, ClassLogits, Features, Index, Samples

VERSION = 1
"""To be raised when the network or its training changes: probes kept on disk are then unknown."""

WIDTH, FEATURES, DROPOUT = 32, 128, 0.3
BATCH, STEPS = 64, 1_500
LEARNING_RATE, WEIGHT_DECAY = 3e-3, 0.05
LABEL_SMOOTHING = 0.05
VIEWS = ((0, 1), (0, -1), (1, 0), (-1, 0))
"""Shifts in pixels over which a trained network averages: a seventh of its errors go."""

MAX_HELD_OUT = 2_000

TURN, SHEAR, STRETCH, SHIFT = math.radians(12), 0.2, 0.12, 0.14
"""Augmentation: the most that a picture is turned, sheared, stretched (shares) and shifted, the
latter with 2 as the width of the picture."""


class Report(NamedTuple):
    """How a training went: the share of right answers, for each factor."""

    accuracies: tuple[float, ...]
    held_out: int
    trained_on: int


class ProbeNetwork(nn.Module):
    """Convolutions down to `FEATURES` numbers, and a linear layer for each factor.

    Pictures are in [-1, 1]; `values` says how many values each factor has.
    """

    def __init__(self, shape: tuple[int, ...], values: tuple[int, ...]) -> None:
        super().__init__()
        channels, *sides = shape
        rng = torch.Generator()
        layers, sides = _block(channels, WIDTH, 2), _halved(sides)
        while max(sides) > 16:
            layers, sides = layers + _block(WIDTH, WIDTH, 2), _halved(sides)
        layers += _block(WIDTH, 2 * WIDTH, 1)
        layers += _block(2 * WIDTH, 2 * WIDTH, 2)
        layers += _block(2 * WIDTH, 4 * WIDTH, 1)
        self.trunk = nn.Sequential(
            *layers,
            nn.Flatten(),
            SeededDropout(DROPOUT, rng),
            nn.Linear(4 * WIDTH * math.prod(_halved(sides)), FEATURES, bias=False),
            nn.BatchNorm1d(FEATURES),
            nn.ReLU(),
        )
        self.dropout = SeededDropout(DROPOUT, rng)
        self.register_buffer("sharpness", torch.ones(len(values)))
        self.heads = nn.ModuleList(nn.Linear(FEATURES, n) for n in values)
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Samples) -> tuple[Features, list[ClassLogits]]:
        features = self.trunk(x)
        if self.heads and not self.training:
            moved = [self.trunk(x.roll(view, (2, 3))) for view in VIEWS]
            features = (features + sum(moved)) / (1 + len(VIEWS))
        dropped = self.dropout(features)
        scores = [head(dropped) for head in self.heads]
        return features, [sharp * part for sharp, part in zip(self.sharpness, scores, strict=True)]

    def draw_from(self, rng: torch.Generator) -> None:
        """Let dropout draw from `rng`."""
        for layer in self.modules():
            if isinstance(layer, SeededDropout):
                layer.rng = rng


def _block(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


def _halved(sides: list[int]) -> list[int]:
    return [math.ceil(side / 2) for side in sides]


def train_slices(network: ProbeNetwork, source: ImageSource, seed: int) -> Task[Report]:
    """Train on four fifths of the pictures or more, a batch a piece; judge on the others."""
    device = next(network.parameters()).device
    rng = torch.Generator(device).manual_seed(seed)
    network.draw_from(rng)
    network.train()
    training, held_out = split(source.factors[:, 0].cpu(), seed)
    optimizer = torch.optim.AdamW(
        network.parameters(), betas=(0.9, 0.99), weight_decay=WEIGHT_DECAY
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, STEPS, pct_start=0.2)
    for step, chosen in enumerate(_batches(training, seed)):
        real = augmented(to_samples(source.pixels(chosen).to(device)), rng)
        factors = source.factors[chosen].to(device)
        _, logits = network(real)
        loss = sum(
            F.cross_entropy(part, factors[:, i], label_smoothing=LABEL_SMOOTHING)
            for i, part in enumerate(logits)
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        yield ProgressReport((step + 1) / STEPS, "training the classifier that judges")
    network.eval()
    return (yield from _judged(network, source, held_out, len(training)))


def _batches(training: Index, seed: int) -> Iterator[Index]:
    """Yield STEPS whole batches; a picture comes again only when all others have come."""
    rng = torch.Generator().manual_seed(seed)
    left = 0
    while left < STEPS:
        order = training[torch.randperm(len(training), generator=rng)]
        for chosen in order.split(BATCH):
            if left < STEPS and len(chosen) == min(BATCH, len(training)):
                yield chosen
                left += 1


@torch.no_grad()
def _judged(
    network: ProbeNetwork, source: ImageSource, held_out: Index, trained_on: int
) -> Task[Report]:
    device = next(network.parameters()).device
    parts = []
    for chosen in held_out.split(BATCH):
        parts.append(network(to_samples(source.pixels(chosen).to(device)))[1])
        yield ProgressReport(1.0, "judging the classifier on pictures it has not seen")
    factors = source.factors[held_out].to(device)
    accuracies = []
    for i, logits in enumerate(map(torch.cat, zip(*parts, strict=True))):
        accuracies.append((logits.argmax(1) == factors[:, i]).double().mean().item())
        network.sharpness[i] = sharpness(logits, factors[:, i])
    return Report(tuple(accuracies), len(held_out), trained_on)


def sharpness(logits: ClassLogits, labels: Classes) -> float:
    """Return the factor for logits, 1/T, that makes the right answers most probable.

    Label smoothing teaches modesty; afterwards 90 % sure shall mean right nine times in ten
    (temperature scaling, Guo et al. 2017, arXiv:1706.04599, section 4.2).
    """
    tried = torch.logspace(-1, 1, 81).tolist()
    return min(tried, key=lambda factor: F.cross_entropy(factor * logits, labels).item())


def split(labels: Classes, seed: int) -> tuple[Index, Index]:
    """Return which pictures to train on and which to hold out: a fifth, as many of each class.

    No more than about `MAX_HELD_OUT` are held out.
    """
    rng = torch.Generator().manual_seed(seed)
    share = min(0.2, MAX_HELD_OUT / len(labels))
    held = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        own = (labels == label).nonzero()[:, 0]
        # Rounded up or down by chance, so that classes of one picture are held out now and then.
        count = round(share * len(own) + torch.rand((), generator=rng).item() - 0.5)
        held[own[torch.randperm(len(own), generator=rng)[:count]]] = True
    return (~held).nonzero()[:, 0], held.nonzero()[:, 0]


def augmented(x: Samples, rng: torch.Generator) -> Samples:
    """Return pictures a little turned, sheared, stretched and shifted."""
    n = len(x)

    def up_to(most: float) -> torch.Tensor:
        return most * (2 * torch.rand(n, generator=rng, device=x.device) - 1)

    angle, wide, high = up_to(TURN), 1 + up_to(STRETCH), 1 + up_to(STRETCH)
    cos, sin = angle.cos(), angle.sin()
    rows = [wide * cos, up_to(SHEAR) - high * sin, up_to(SHIFT), wide * sin, high * cos]
    affine = torch.stack([*rows, up_to(SHIFT)], 1).view(n, 2, 3)
    grid = F.affine_grid(affine, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)
