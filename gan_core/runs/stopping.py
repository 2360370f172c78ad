"""Conditions at which a run without the dashboard stops: `wasserstein_1<0.05`."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass

from gan_core.metrics import METRICS
from gan_core.snapshot import STATISTICS, Snapshot

RELATIONS = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
CONDITION = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*")


@dataclass(frozen=True)
class Condition:
    """A statistic or metric, and where it has to be."""

    name: str
    relation: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read a condition such as `wasserstein_1<0.05`.

        Raises:
            ValueError: if it is none, naming what can be asked for.
        """
        names = [*METRICS.names(), *STATISTICS]
        match = CONDITION.fullmatch(text)
        if match is None or match[1] not in names:
            raise ValueError(
                f"stop-when = {text[:80]!r} is not a condition such as wasserstein_1<0.05; "
                f"names are {', '.join(names)}, relations {' '.join(RELATIONS)}."
            )
        try:
            return cls(match[1], match[2], float(match[3]))
        except ValueError:
            raise ValueError(f"stop-when: {match[3]!r} is not a number.") from None

    def holds(self, snapshot: Snapshot) -> bool:
        """Say whether it holds at a moment; what was not measured there never does."""
        value = (snapshot.statistics | snapshot.metrics).get(self.name)
        return value is not None and RELATIONS[self.relation](value, self.bound)
