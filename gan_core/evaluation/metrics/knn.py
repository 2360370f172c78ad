"""Balls around features, and what lies in them; distances are taken in blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from gan_core.runtime.tasks import ProgressReport, Task
from gan_core.shapes import (
    Centres,
    Classes,
    Distances,
    Features,
    Index,
    Neighbours,
    PerSample,
    Rows,
)

BLOCK = 1_000_000
"""Distances in one piece of work: about 40 ms on one core."""


LISTED = 8
"""Neighbours of a point that are listed for each that is wanted. About half of them are in a half;
that too few are happens once in ten million points, and the last one counts then."""


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


def half_counts(
    centres: Centres, points: Features, around: Rows, within: Rows, k: int, words: str
) -> Iterator[tuple[ProgressReport, tuple[Classes, Classes] | None]]:
    """Yield for each half in how many balls its points lie, and how many points are in its balls.

    `around` and `within` number the centres and the points of the halves. Every distance is taken
    once; before the first half nothing but progress is yielded.
    """
    listed = min(len(centres), LISTED * (k + 1))
    near, index, pairs = [], [], []
    for share, distances in blocks(centres, centres):
        found = distances.topk(listed, largest=False)
        near.append(found.values)
        index.append(found.indices)
        yield ProgressReport(share / 4, words), None
    near, index, row = torch.cat(near), torch.cat(index), 0
    for share, distances in blocks(points, centres):
        point, centre = (distances <= near[:, -1]).nonzero(as_tuple=True)
        pairs.append((point + row, centre, distances[point, centre]))
        row += len(distances)
        yield ProgressReport((1 + share) / 4, words), None
    point, centre, apart = (torch.cat(part) for part in zip(*pairs, strict=True))
    for i, (own, others) in enumerate(zip(around, within, strict=True)):
        radii = _half_radii(near, index, own, k)
        there = torch.zeros(len(points), dtype=torch.bool)
        there[others] = True
        inside = there[point] & (apart <= radii[centre])
        counts = point[inside].bincount(minlength=len(points))[others]
        covered = centre[inside].bincount(minlength=len(centres))[own]
        yield ProgressReport((1 + (i + 1) / len(around)) / 2, words), (counts, covered)


def _half_radii(near: Distances, index: Neighbours, own: Index, k: int) -> PerSample:
    """Return each centre's distance to the k-th nearest other one among `own`; −1 for the rest."""
    chosen = torch.zeros(len(near), dtype=torch.bool)
    chosen[own] = True
    rank = chosen[index[own]].cumsum(1)
    place = (rank > k).int().argmax(1)  # the nearest of all is the point itself
    place[rank[:, -1] <= k] = near.shape[1] - 1
    radii = torch.full((len(near),), -1.0, dtype=near.dtype)
    radii[own] = near[own, place]
    return radii
