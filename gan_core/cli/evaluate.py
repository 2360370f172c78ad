"""`evaluate`: how good the generator of a run is."""

from __future__ import annotations

from pathlib import Path

from gan_core.data.base import Progress
from gan_core.evaluation.evaluate import Evaluation, evaluate_1d
from gan_core.evaluation.report import EvaluationReport
from gan_core.storage.run_folder import open_run


def evaluate_run(
    run: Path, samples: int, device: str, progress: Progress = lambda share, words: None
) -> EvaluationReport:
    """Evaluate the generator of a folder that `runs.train` has written.

    Raises:
        ValueError: if there is no whole run in the folder, or its data are not there.
    """
    trainer = open_run(run, device)
    dataset = trainer.config.dataset
    if not dataset.pictures:
        return evaluate_1d(trainer.frozen_generator(), dataset, samples)
    evaluation = Evaluation(trainer.frozen_generator(), dataset, trainer.source, samples)
    for share, words in evaluation.slices():
        progress(share, words)
    return evaluation.quality
