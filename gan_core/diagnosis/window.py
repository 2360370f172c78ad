"""The part of a run that the doctor looks at."""

from __future__ import annotations

import numpy as np

MIN_STEPS = 200
QUARTER, HALF = (4, 1_000), (2, 2_000)
"""The doctor looks back over a part of the run, at least `MIN_STEPS` and at most so many steps;
for an oscillation, which can be slow, over half of it.
"""

MIN_POINTS = 20


def recent_rows(
    series: dict[str, np.ndarray], step: int, since: int, span: tuple[int, int] = QUARTER
) -> dict[str, np.ndarray]:
    """Return the part of the series that the doctor looks at: never from before a change."""
    part, most = span
    back = min(max(step // part, MIN_STEPS), most)
    steps = series["step"]
    first = min(np.searchsorted(steps, step - back, side="right"), len(steps) - MIN_POINTS)
    first = max(first, np.searchsorted(steps, since, side="right"), 0)
    return {name: row[first:] for name, row in series.items()}
