"""How good a generator is: the numbers, what to compare them with, and both as a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

MAX_TEXT = 1_000
"""Characters of a text in a report that is read."""

UNKNOWN = (math.nan, math.nan)
"""The ends of an interval that is not known."""


@dataclass(frozen=True)
class MetricResult:
    """A number, and what it has to be compared with.

    `real_against_real` is what as many real samples score against others; on the line it is the
    median of perfect samplers. `interval` and `real_interval` are the ends of their 95 % intervals,
    NaN where they are unknown. `taken_for_real` says which clearly worse samples the metric does
    not tell from real ones, with so few pictures.
    """

    value: float
    real_against_real: float
    samples: int
    higher_is_better: bool
    title: str
    unit: str
    interval: tuple[float, float] = UNKNOWN
    real_interval: tuple[float, float] = UNKNOWN
    taken_for_real: tuple[str, ...] = ()

    @property
    def can_tell(self) -> bool:
        """Whether the number says something: the metric tells clearly worse samples from real ones,
        or these samples are worse beyond both intervals.
        """
        return not self.taken_for_real or self.is_worse

    @property
    def is_worse(self) -> bool:
        """Whether the samples are worse than real ones, beyond both intervals."""
        if self.higher_is_better:
            return self.interval[1] < self.real_interval[0]
        return self.interval[0] > self.real_interval[1]

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> MetricResult:
        """Return what `EvaluationReport.to_dict` wrote; raises as `EvaluationReport.from_dict`."""
        return cls(
            _number(given["value"]),
            _number(given["real_against_real"]),
            _count(given["samples"]),
            bool(given["higher_is_better"]),
            _text(given["title"]),
            _text(given["unit"]),
            # Earlier versions did not write them.
            _interval(given.get("interval", UNKNOWN)),
            _interval(given.get("real_interval", UNKNOWN)),
            tuple(map(_text, given.get("taken_for_real", ()))),
        )


@dataclass(frozen=True)
class ClassResult:
    """How good the samples of one class are, by metric; `real` pictures are of it."""

    real: int
    samples: int
    values: dict[str, MetricResult]

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> ClassResult:
        """Return what `EvaluationReport.to_dict` wrote; raises as `EvaluationReport.from_dict`."""
        return cls(_count(given["real"]), _count(given["samples"]), _results(given["values"]))


@dataclass(frozen=True)
class ClassHistogram:
    """How many of the real pictures and of the samples the classifier takes for each value."""

    values: tuple[str, ...]
    real: tuple[int, ...]
    generated: tuple[int, ...]

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> ClassHistogram:
        """Return what `EvaluationReport.to_dict` wrote; raises as `EvaluationReport.from_dict`."""
        real, generated = (tuple(map(_count, given[side])) for side in ("real", "generated"))
        values = tuple(map(_text, given["values"]))
        if not len(values) == len(real) == len(generated):
            raise ValueError("not as many counts as values")
        return cls(values, real, generated)


@dataclass(frozen=True)
class EvaluationReport:
    """How good a generator was after `step` steps."""

    step: int
    samples: int
    values: dict[str, MetricResult]
    census: dict[str, ClassHistogram]
    probe: str
    accuracies: dict[str, float]
    notes: tuple[str, ...] = ()
    classes: dict[str, ClassResult] = field(default_factory=dict)
    """Coverage and diversity inside each class, where classes are known."""

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able values; what is not a number is None."""
        return _without_nan(asdict(self))

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> EvaluationReport:
        """Return the report that `to_dict` wrote.

        Raises:
            ValueError, TypeError, LookupError or AttributeError: if it is anything else.
        """
        return cls(
            _count(given["step"]),
            _count(given["samples"]),
            _results(given["values"]),
            {_text(name): ClassHistogram.from_dict(row) for name, row in given["census"].items()},
            _text(given["probe"]),
            {_text(name): _number(value) for name, value in given["accuracies"].items()},
            tuple(map(_text, given["notes"])),
            {_text(n): ClassResult.from_dict(row) for n, row in given.get("classes", {}).items()},
        )

    def table(self) -> str:
        """Return everything as lines for a terminal; `?` stands where a number cannot tell."""
        lines = [f"After step {self.step:,}, on {self.samples:,} samples."]
        lines += [sentence for sentence in (self.probe, *self.notes) if sentence]
        rows = [("", "generated", "95 % interval", "real against real", "better")]
        rows += [_row(f"{m.title} {_in_brackets(m.unit)}", m) for m in self.values.values()]
        lines += ["", *_columns(rows)]
        if self.classes:
            rows = [("inside a class", "generated", "95 % interval", "real against real", "better")]
            for name, found in self.classes.items():
                rows += [_row(f"{name}: {m.title.lower()}", m) for m in found.values.values()]
            lines += ["", *_columns(rows)]
        for factor, counted in self.census.items():
            lines += ["", f"{factor}: generated (real)"]
            counts = zip(counted.values, counted.generated, counted.real, strict=True)
            lines += [f"  {name}: {fake:,} ({real:,})" for name, fake, real in counts]
        return "\n".join(lines)


def doubts(values: Iterable[MetricResult]) -> list[str]:
    """Return a sentence for the numbers that cannot tell good samples from worse ones."""
    unsure = [m for m in values if not m.can_tell and not math.isnan(m.value)]
    if not unsure:
        return []
    worse = dict.fromkeys(words for m in unsure for words in m.taken_for_real)
    titles = ", ".join(m.title.split(" (")[0] for m in unsure)
    return [
        f"Grey numbers cannot tell: with {unsure[0].samples:,} samples, {' or '.join(worse)} may "
        f"score like real ones, so a good value says nothing ({titles})."
    ]


def _row(title: str, measured: MetricResult) -> tuple[str, ...]:
    doubt = "" if measured.can_tell else " ?"
    low, high = measured.interval
    interval = "–" if math.isnan(low) else f"{low:.4g} to {high:.4g}"
    return (
        title,
        f"{measured.value:.4g}{doubt}",
        interval,
        f"{measured.real_against_real:.4g}",
        "higher" if measured.higher_is_better else "lower",
    )


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    width = max(len(row[0]) for row in rows)
    return [f"{r[0]:<{width}} {r[1]:>11} {r[2]:>20} {r[3]:>18}  {r[4]}" for r in rows]


def _in_brackets(unit: str) -> str:
    return f"[{unit}]" if unit else ""


def _count(given: Any) -> int:
    if not isinstance(given, int) or not 0 <= given < 10**15:
        raise ValueError("not a count")
    return given


def _number(given: Any) -> float:
    return math.nan if given is None else float(given)


def _interval(given: Any) -> tuple[float, float]:
    low, high = map(_number, given)
    return low, high


def _results(given: Mapping[str, Any]) -> dict[str, MetricResult]:
    return {_text(name): MetricResult.from_dict(row) for name, row in given.items()}


def _text(given: Any) -> str:
    """Return a line of text; it may come from a stranger and is shown on a page."""
    if not isinstance(given, str) or len(given) > MAX_TEXT or not given.isprintable():
        raise ValueError("not a line of text")
    return given.replace("<", "‹").replace(">", "›")


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
