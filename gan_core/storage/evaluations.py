"""The evaluations of a run, in its folder: how good its generator was, step by step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from gan_core.evaluation.report import EvaluationReport
from gan_core.runtime.files import write_atomically

EVALUATIONS = "evaluations.json"
FORMAT = 1

READ_ERRORS = (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""Errors of `parse_evaluations` for files that are not evaluations."""


def format_evaluations(reports: Sequence[EvaluationReport]) -> bytes:
    """Return evaluations as JSON."""
    content = {"format": FORMAT, "evaluations": [report.to_dict() for report in reports]}
    return json.dumps(content, ensure_ascii=False).encode()


def parse_evaluations(content: bytes) -> list[EvaluationReport]:
    """Return the evaluations that `format_evaluations` wrote, by their steps.

    Raises:
        one of `READ_ERRORS`: if it is anything else.
    """
    given = json.loads(content)
    if given["format"] != FORMAT:
        raise ValueError("another format")
    reports = [EvaluationReport.from_dict(row) for row in given["evaluations"]]
    return sorted(reports, key=lambda report: report.step)


def read_evaluations(folder: Path) -> list[EvaluationReport]:
    """Return the evaluations in a run's folder; none if the file is missing or damaged."""
    try:
        return parse_evaluations((folder / EVALUATIONS).read_bytes())
    except READ_ERRORS:
        return []


def write_evaluations(folder: Path, reports: Sequence[EvaluationReport]) -> None:
    """Write the evaluations of a run into its folder."""
    write_atomically(folder / EVALUATIONS, format_evaluations(reports))
