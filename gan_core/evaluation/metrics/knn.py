"""Balls around features, and what lies in them; distances are taken in blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from gan_core.runtime.tasks import ProgressReport, Task
from gan_core.shapes import Centres, Classes, Distances, Features, PerSample

BLOCK = 1_000_000
"""Distances in one piece of work: about 40 ms on one core."""


def min_points_for(k: int) -> int:
    """Return how many points there must be for each to have k neighbours."""
    return k + 1


def blocks(rows: Features, columns: Centres) -> Iterator[tuple[float, Distances]]:
    """Yield the Euclidean distances of every row to every column, and the share then done."""
    step = max(1, BLOCK // len(columns))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        yield min(1.0, (start + step) / len(rows)), torch.cdist(part, columns)


def radius_slices(points: Features, k: int, words: str) -> Task[PerSample]:
    """Return each point's distance to the k-th nearest other point."""
    radii = []
    for share, distances in blocks(points, points):
        # The nearest of all is the point itself.
        radii.append(distances.topk(k + 1, largest=False).values[:, k])
        yield ProgressReport(share / 2, words)
    return torch.cat(radii)


def ball_count_slices(centres: Centres, points: Features, k: int, words: str) -> Task[Classes]:
    """Return in how many balls B(centre, distance to its k-th nearest centre) each point lies."""
    radii = yield from radius_slices(centres, k, words)
    counts = []
    for share, distances in blocks(points, centres):
        counts.append((distances <= radii).sum(1))
        yield ProgressReport((1 + share) / 2, words)
    return torch.cat(counts)


def covered_slices(centres: Centres, points: Features, k: int, words: str) -> Task[torch.Tensor]:
    """Return for each centre whether a point lies in its ball."""
    radii = yield from radius_slices(centres, k, words)
    covered = torch.zeros(len(centres), dtype=torch.bool)
    for share, distances in blocks(points, centres):
        covered |= (distances <= radii).any(0)
        yield ProgressReport((1 + share) / 2, words)
    return covered
