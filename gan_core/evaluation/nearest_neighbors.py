"""Memorised? The real pictures that are most like a sample, in pixels and in a probe's features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from gan_core.data.base import Dataset, ImageSource
from gan_core.evaluation.metrics.resampling import QUANTILE
from gan_core.evaluation.probes import FeatureExtractor, probe_slices
from gan_core.runtime.bounded_cache import BoundedCache
from gan_core.runtime.tasks import ProgressReport, Task, subtask
from gan_core.shapes import Candidates, Classes, Distances, Features, Index, Neighbours, Pixels

NEAREST = 5
TYPICAL = 200
CLOSE_QUANTILE = 0.01
MAX_FEATURES = 20_000
CHUNK_NUMBERS = 2_000_000
"""Numbers of real pictures that are looked at in one piece; memory is bounded by it."""

SEED = 2014


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The nearest real pictures of each sample, in one kind of distance.

    `typical` is the median distance of a real picture to its nearest other one and `close` the
    1 % quantile of these distances: hardly any real picture has another one so near. Real
    pictures against each other are the yardstick of Meehan et al. 2020 (arXiv:2004.05675), too,
    whose test, however, takes a second set of real pictures.
    """

    index: Neighbours
    distances: Distances
    median_distance: float
    close_threshold: float
    searched: int
    compared: int = TYPICAL
    """How many real pictures `median_distance` and `close_threshold` are known from."""

    @property
    def expected_close(self) -> float:
        """The share of honest samples that are so close, too: 1 %, or more where few pictures
        are compared, for one more picture is the nearest of all once in n + 1 times.
        """
        return max(CLOSE_QUANTILE, 1 / (self.compared + 1))

    @property
    def close_interval(self) -> tuple[float, float]:
        """The ends of the 95 % interval of `share_close` (Wilson 1927, JASA 22(158))."""
        n, p, z = len(self.distances), self.share_close, QUANTILE
        middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        reach = z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
        return max(0.0, middle - reach), min(1.0, middle + reach)

    @property
    def can_tell(self) -> bool:
        """Whether more samples are close than chance would explain, or could not be more."""
        low, _ = self.close_interval
        return self.share_close == 0 or low > self.expected_close

    @property
    def is_close(self) -> torch.Tensor:
        """Return for each sample whether a real picture is nearer than `close_threshold`."""
        # A copy is a copy even where real pictures come twice.
        return (self.distances[:, 0] < self.close_threshold) | (self.distances[:, 0] == 0)

    @property
    def share_close(self) -> float:
        """The share of samples that are suspiciously near a real picture."""
        return self.is_close.double().mean().item()


@dataclass(frozen=True, eq=False)
class NeighborReport:
    """The nearest real pictures in pixels and in features.

    Distances in pixels are root mean squares, in grey levels from 0 to 255; distances in
    features are Euclidean.
    """

    in_pixels: Neighbors
    in_features: Neighbors
    probe: str


def neighbor_search(
    pixels: Pixels, dataset: Dataset, source: ImageSource, device: torch.device
) -> Task[NeighborReport]:
    """Train or load the probe, then look as `neighbor_slices` does."""
    probe = yield from subtask(probe_slices(dataset, source, device), 0.0, 0.6)
    return (yield from subtask(neighbor_slices(pixels, source, probe), 0.6, 1.0))


def neighbor_slices(
    pixels: Pixels, source: ImageSource, probe: FeatureExtractor, k: int = NEAREST
) -> Task[NeighborReport]:
    """Look for the `k` nearest real pictures of samples, given as bytes.

    In pixels all of the data are searched, in features at most `MAX_FEATURES` of them.

    Raises:
        ValueError: if there are fewer than two real pictures or no sample.
    """
    if len(source) < 2 or not len(pixels):
        raise ValueError("Nearest neighbours need a sample and two real pictures or more.")
    rng = torch.Generator().manual_seed(SEED)
    order = torch.randperm(len(source), generator=rng)
    known, compared = order[:MAX_FEATURES], order[:TYPICAL]
    words = "comparing pixels"
    queries = torch.cat([_flat(pixels).cpu(), _flat(source.pixels(compared)).cpu()])
    size = max(1, CHUNK_NUMBERS // queries.shape[1])
    everything = torch.arange(len(source))

    def flat(index: Index) -> Features:
        return _flat(source.pixels(index)).cpu()

    work = _nearest_slices(queries, compared, everything, flat, k, size, words)
    in_pixels = yield from subtask(work, 0.0, 0.5)
    features = yield from subtask(_feature_slices(probe, source, known), 0.5, 0.9)
    work = probe.read_slices(pixels.__getitem__, len(pixels), "reading samples")
    samples = (yield from subtask(work, 0.9, 0.95)).features.float()
    # `known` begins with the pictures that are compared.
    queries = torch.cat([samples, features[: len(compared)]])
    places = torch.full((len(source),), -1)
    places[known] = torch.arange(len(known))
    work = _nearest_slices(
        queries, compared, known, lambda i: features[places[i]], k, 10_000, "comparing features"
    )
    in_features = yield from subtask(work, 0.95, 1.0)
    return NeighborReport(in_pixels, in_features, probe.describe())


def _nearest_slices(
    queries: Features,
    compared: Index,
    known: Index,
    look_up: Callable[[Index], Features],
    k: int,
    size: int,
    words: str,
) -> Task[Neighbors]:
    """Find the nearest of `known` for each query; the last ones are the real `compared`.

    A real picture is not its own neighbour.
    """
    samples = len(queries) - len(compared)
    own = torch.cat([torch.full((samples,), -1), compared])
    k = min(k, len(known) - 1)
    index = torch.zeros(len(queries), 0, dtype=torch.long)
    distances = torch.zeros(len(queries), 0)
    for start in range(0, len(known), size):
        some = known[start : start + size]
        found = torch.cdist(queries, look_up(some))
        found[own[:, None] == some] = torch.inf
        # Twice as many as asked for: products lose digits, and the order is settled afterwards.
        near = found.topk(min(2 * k, len(some)), largest=False)
        distances = torch.cat([distances, near.values], 1)
        index = torch.cat([index, some[near.indices]], 1)
        best = distances.topk(min(2 * k, distances.shape[1]), largest=False).indices
        distances, index = distances.gather(1, best), index.gather(1, best)
        yield ProgressReport(min(1.0, (start + size) / len(known)), words)
    index, distances = _settled(queries, own, index, look_up, k)
    between = distances[samples:, 0]
    return Neighbors(
        index[:samples],
        distances[:samples],
        between.median().item(),
        between.quantile(CLOSE_QUANTILE).item(),
        len(known),
        len(compared),
    )


def _settled(
    queries: Features,
    own: Classes,
    index: Candidates,
    look_up: Callable[[Index], Features],
    k: int,
) -> tuple[Neighbours, Distances]:
    """Return the k nearest of the candidates by their differences: the distance of a copy is 0."""
    ordered, exact = [], []
    for query, itself, candidates in zip(queries, own, index, strict=True):
        candidates = candidates[candidates != itself]
        apart = (look_up(candidates).double() - query.double()).norm(dim=1)
        nearest = apart.argsort(stable=True)[:k]
        ordered.append(candidates[nearest])
        exact.append(apart[nearest].float())
    return torch.stack(ordered), torch.stack(exact)


_features = BoundedCache(2)


def _feature_slices(probe: FeatureExtractor, source: ImageSource, known: Index) -> Task[Features]:
    features = _features.get(probe.key)
    if features is None:

        def look_up(places: Index) -> Pixels:
            return source.pixels(known[places])

        batch = yield from probe.read_slices(look_up, len(known), "reading real pictures")
        features = batch.features.float()
        _features.put(probe.key, features)
    return features


def _flat(pixels: Pixels) -> Features:
    """Return a row a picture, such that Euclidean distances are root mean squares."""
    return pixels.flatten(1).float() / pixels[0].numel() ** 0.5
