"""Probes: the networks whose features and classes the picture metrics measure with.

Where it is known what the pictures show, a probe is a small classifier of that; elsewhere it is
a network with random weights, whose features are a fair yardstick too (Naeem et al. 2020,
arXiv:2002.09797).
"""

from __future__ import annotations

import hashlib
import json
import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import safetensors
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import nn

from gan_core.data import Dataset
from gan_core.data.base import ImageSource
from gan_core.data.mnist import bundled_digits
from gan_core.data.pixels import to_samples
from gan_core.evaluation.metrics.batch import FeatureBatch, concat
from gan_core.evaluation.probe_choice import unconvincing, untrainable
from gan_core.evaluation.probe_network import (
    VERSION,
    ProbeNetwork,
    Report,
    train_slices,
)
from gan_core.networks import build_seeded
from gan_core.runtime.files import data_folder, write_atomically
from gan_core.runtime.tasks import ProgressReport, Task, chunk_size
from gan_core.shapes import ClassLogits, Features, Index, Pixels, Samples

COLOURS = ("red", "green", "blue")
"""The factors of data that have a digit in each colour channel."""

FINGERPRINT = 64
_writing = threading.Lock()


@dataclass(frozen=True, eq=False)
class FeatureExtractor:
    """A network that reads pictures; `key` names it together with the pictures it is for."""

    network: nn.Module
    key: str
    factors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accuracies: Mapping[str, float] = field(default_factory=dict)
    held_out: int = 0
    features: ClassVar[str] = "classifier features"

    @abstractmethod
    def describe(self) -> str:
        """Return the sentence that stands beside every number made with this probe."""

    def prepare(self, samples: Samples) -> Samples:
        """Return pictures in [-1, 1] as the network takes them."""
        return samples

    @torch.no_grad()
    def features_and_logits(self, pixels: Pixels) -> tuple[Features, list[ClassLogits]]:
        """Return what the network makes of pictures, real or generated, given as bytes."""
        device = next(self.network.parameters()).device
        return self.network(self.prepare(to_samples(pixels.to(device))))

    def read(self, pixels: Pixels) -> FeatureBatch:
        """Return features (in double precision) and logits."""
        features, logits = self.features_and_logits(pixels)
        return FeatureBatch(features.double().cpu(), tuple(part.cpu() for part in logits))

    def read_slices(
        self, look_up: Callable[[Index], Pixels], n: int, words: str
    ) -> Task[FeatureBatch]:
        """Read the pictures that `look_up` has at the places 0 … n − 1, piece by piece."""
        device = next(self.network.parameters()).device
        one = to_samples(look_up(torch.zeros(1, dtype=torch.long)).to(device))
        parts, done = [], 0
        for places in torch.arange(n).split(chunk_size(self.network, self.prepare(one))):
            parts.append(self.read(look_up(places)))
            done += len(places)
            yield ProgressReport(done / n, words)
        return concat(parts)


@dataclass(frozen=True, eq=False)
class RandomProbe(FeatureExtractor):
    """Features of a network with random weights: no classes, and no training."""

    features = "random features"
    reason: str = "because it is not known what these pictures show"

    def describe(self):
        return (
            "Randomly initialised features: a convolutional network that has learnt nothing, "
            f"{self.reason}."
        )


@dataclass(frozen=True, eq=False)
class FactorProbe(FeatureExtractor):
    """Features of a classifier of everything that is known of the pictures."""

    trained_on: int = 0

    def describe(self):
        return (
            f"Features of a small classifier trained on {self.trained_on:,} of these pictures; "
            f"{self.accuracy_text()} right on {self.held_out:,} held-out ones."
        )

    def accuracy_text(self) -> str:
        """Return the accuracies in words."""
        if len(self.accuracies) == 1:
            return f"{next(iter(self.accuracies.values())):.1%}".replace("%", " %")
        return ", ".join(f"{name} {right:.1%}" for name, right in self.accuracies.items()).replace(
            "%", " %"
        )


@dataclass(frozen=True, eq=False)
class ChannelProbe(FactorProbe):
    """The classifier of digits on each colour channel; its features side by side."""

    def prepare(self, samples):
        if samples.shape[-1] >= 56:
            samples = F.avg_pool2d(samples, 2)
        edge = (samples.shape[-1] - 28) // 2
        return samples[..., edge : edge + 28, edge : edge + 28]

    def describe(self):
        right = next(iter(self.accuracies.values()))
        return (
            "Features of a small classifier of grey digits, used on each colour channel; trained "
            f"on {self.trained_on:,} digits, {100 * right:.1f} % right on {self.held_out:,} "
            "held-out ones."
        )


class EachChannel(nn.Module):
    """A network for one channel, applied to each of them."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Samples) -> tuple[Features, list[ClassLogits]]:
        n, channels = x.shape[:2]
        features, (logits,) = self.network(x.reshape(n * channels, 1, *x.shape[2:]))
        return features.view(n, -1), list(logits.view(n, channels, -1).unbind(1))


def probe_slices(
    dataset: Dataset, source: ImageSource, device: torch.device
) -> Task[FeatureExtractor]:
    """Return the probe for these pictures: loaded if it was trained before, trained otherwise."""
    factors, shape = dict(dataset.factors), dataset.sample_shape
    key = fingerprint(factors, source)
    if tuple(factors) == COLOURS and shape[0] == 3 and shape[-1] in (28, 32, 56, 64):
        digits = bundled_digits()
        names = {"digit": tuple("0123456789")}
        probe = yield from classifier_slices(names, digits, device)
        right = probe.accuracies["digit"]
        return ChannelProbe(
            EachChannel(probe.network).eval(),
            key,
            factors,
            dict.fromkeys(factors, right),
            probe.held_out,
            probe.trained_on,
        )
    reason = untrainable(factors, source)
    if reason is None:
        probe = yield from classifier_slices(factors, source, device)
        reason = unconvincing(probe.accuracies, probe.held_out, source)
        if reason is None:
            return probe
    return RandomProbe(random_network(shape).to(device), key, reason=reason)


def random_network(shape: tuple[int, ...]) -> nn.Module:
    """Return a network with He's random weights (arXiv:1502.01852), the same ones every time."""

    def build() -> nn.Module:
        network = ProbeNetwork(shape, ())
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        return network

    return build_seeded(build, 2020).eval().requires_grad_(False)


def classifier_slices(
    factors: Mapping[str, tuple[str, ...]],
    source: ImageSource,
    device: torch.device,
    seed: int = 0,
) -> Task[FactorProbe]:
    """Load the classifier of these pictures, or train it and keep it."""
    key = fingerprint(factors, source)
    path = probe_path(key, seed)
    shape = tuple(source.pixels(torch.zeros(1, dtype=torch.long)).shape[1:])
    values = tuple(len(names) for names in factors.values())

    def build() -> ProbeNetwork:
        return build_seeded(lambda: ProbeNetwork(shape, values), seed).to(device)

    network = build()
    report = _load(path, network)
    if report is None:
        network = build()  # weights of another network may have been taken in half
        report = yield from train_slices(network, source, seed)
        _save(path, network, report)
    accuracies = dict(zip(factors, report.accuracies, strict=True))
    return FactorProbe(
        network.eval().requires_grad_(False),
        key,
        dict(factors),
        accuracies,
        report.held_out,
        report.trained_on,
    )


def fingerprint(factors: Mapping[str, tuple[str, ...]], source: ImageSource) -> str:
    """Return a hash of what the pictures are: their number, 64 of them, and what is known."""
    index = torch.linspace(0, len(source) - 1, min(FINGERPRINT, len(source))).long()
    pixels = source.pixels(index).cpu()
    known = None if source.factors is None else source.factors.cpu()[index].tolist()
    facts = [VERSION, len(source), list(pixels.shape), {k: list(v) for k, v in factors.items()}]
    content = json.dumps([*facts, known]).encode() + pixels.numpy().tobytes()
    return hashlib.sha256(content).hexdigest()[:16]


def probe_path(key: str, seed: int = 0) -> Path:
    """Return the file in which a trained classifier is kept."""
    return data_folder() / "probes" / f"{key}-{seed}.safetensors"


def is_trained(dataset: Dataset, source: ImageSource) -> bool:
    """Return whether `probe_slices` has nothing to train."""
    factors = dict(dataset.factors)
    if tuple(factors) == COLOURS:
        factors, source = {"digit": tuple("0123456789")}, bundled_digits()
    if untrainable(factors, source) is not None:
        return True
    return probe_path(fingerprint(factors, source)).is_file()


def _save(path: Path, network: nn.Module, report: Report) -> None:
    tensors = {name: part.cpu().contiguous() for name, part in network.state_dict().items()}
    content = safetensors.torch.save(tensors, {"report": json.dumps(report)})
    path.parent.mkdir(exist_ok=True)
    with _writing:  # two sessions may have trained the same classifier at the same time
        write_atomically(path, content)


def _load(path: Path, network: nn.Module) -> Report | None:
    """Fill the network with what is kept; None if there is nothing that fits it."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            report = Report(*json.loads(file.metadata()["report"]))
            network.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (safetensors.SafetensorError, OSError, LookupError, RuntimeError, TypeError, ValueError):
        return None
    return report._replace(accuracies=tuple(report.accuracies))
