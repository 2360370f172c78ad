"""`evaluate`: measures the quality of a run's generator."""

from __future__ import annotations

from pathlib import Path

from gan_core.data.base import Progress
from gan_core.evaluation.evaluate import SEED
from gan_core.evaluation.report import EvaluationReport
from gan_core.runtime.tasks import run_to_end
from gan_core.storage.runs_folder import open_run


def evaluate_run(
    run: Path, samples: int, device: str, progress: Progress = lambda share, words: None
) -> EvaluationReport:
    """Evaluate the generator of a run in a folder.

    Raises:
        ValueError: if the folder has no whole checkpoint, or the data set is missing.
    """
    trainer = open_run(run, device)
    dataset = trainer.config.dataset
    work = dataset.kind.evaluate(trainer.frozen_generator(), dataset, trainer.source, samples, SEED)
    return run_to_end(work, progress)
