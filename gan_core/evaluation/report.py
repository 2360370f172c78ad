"""How good a generator is: the numbers, what to compare them with, and both as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

MAX_TEXT = 1_000
"""Characters of a text in a report that is read."""


@dataclass(frozen=True)
class MetricResult:
    """A number, and what it has to be compared with.

    `real_against_real` is what as many real samples score against others; on the line it is the
    median of perfect samplers.
    """

    value: float
    real_against_real: float
    samples: int
    higher_is_better: bool
    title: str
    unit: str

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
        )


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
            {_text(name): MetricResult.from_dict(row) for name, row in given["values"].items()},
            {_text(name): ClassHistogram.from_dict(row) for name, row in given["census"].items()},
            _text(given["probe"]),
            {_text(name): _number(value) for name, value in given["accuracies"].items()},
            tuple(map(_text, given["notes"])),
        )

    def table(self) -> str:
        """Return everything as lines for a terminal."""
        lines = [f"After step {self.step:,}, on {self.samples:,} samples."]
        lines += [sentence for sentence in (self.probe, *self.notes) if sentence]
        rows = [("", "generated", "real against real", "better")]
        for measured in self.values.values():
            direction = "higher" if measured.higher_is_better else "lower"
            numbers = (f"{measured.value:.4g}", f"{measured.real_against_real:.4g}")
            rows.append((f"{measured.title} {_in_brackets(measured.unit)}", *numbers, direction))
        width = max(len(row[0]) for row in rows)
        lines += ["", *(f"{row[0]:<{width}} {row[1]:>10} {row[2]:>18}  {row[3]}" for row in rows)]
        for factor, counted in self.census.items():
            lines += ["", f"{factor}: generated (real)"]
            counts = zip(counted.values, counted.generated, counted.real, strict=True)
            lines += [f"  {name}: {fake:,} ({real:,})" for name, fake, real in counts]
        return "\n".join(lines)


def _in_brackets(unit: str) -> str:
    return f"[{unit}]" if unit else ""


def _count(given: Any) -> int:
    if not isinstance(given, int) or not 0 <= given < 10**15:
        raise ValueError("not a count")
    return given


def _number(given: Any) -> float:
    return math.nan if given is None else float(given)


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
