"""Kinds of data: one object per kind holds everything that depends on the kind.

The kinds themselves are in `gan_core.kinds`, above the packages that they use. All other code calls
methods of `dataset.kind` and never tests which kind it is, so a new kind needs only a new file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from gan_core.shapes import PixelArray, Samples

if TYPE_CHECKING:
    from PIL import Image

    from gan_core.config import ExperimentConfig
    from gan_core.data.base import BatchSource, Dataset
    from gan_core.diagnosis.sample_indicators import SampleIndicators
    from gan_core.evaluation.frozen_generator import FrozenGenerator
    from gan_core.evaluation.report import EvaluationReport
    from gan_core.runtime.tasks import Task
    from gan_core.training.monitoring.density_view import PlotAxis
    from gan_core.training.monitoring.sample_view import SampleView
    from gan_core.training.monitoring.snapshot import Snapshot
    from gan_core.training.state import TrainState


class DataKind(ABC):
    """One kind of data, such as numbers or images.

    The defaults are the simplest ones: no metrics, no sample grids in the timeline, and no
    indicators for the doctor.
    """

    name: ClassVar[str]
    """Name of the kind, as in a data set's `kind_name`."""
    noun: ClassVar[str]
    """Name of its samples in sentences, in the plural."""
    page: ClassVar[str]
    """Key of the page that shows its runs."""

    experiment: ClassVar[Mapping[str, Any]]
    """Default experiment without the data set, as in JSON."""
    default_dataset: ClassVar[Mapping[str, Any]]
    """Default data set of its page, as in JSON."""
    r1_gamma: ClassVar[float]
    """The strength of an R1 penalty that the doctor prescribes."""
    may_standardize: ClassVar[bool] = True
    """Whether samples may be standardized; their scale is fixed otherwise."""
    num_fixed: ClassVar[int]
    """Number of samples of the fixed noise in a snapshot."""
    num_equilibrium: ClassVar[int]
    """Number of real samples, and of generated ones, for measuring the equilibrium."""

    snapshot_metrics: ClassVar[tuple[str, ...]] = ()
    """Names of the metrics of every snapshot."""
    history_columns: ClassVar[tuple[str, ...]] = ()
    """Columns of a run's metric history."""
    evaluation_metrics: ClassVar[tuple[str, ...]] = ()
    """Names of the metrics of an evaluation, which takes seconds."""
    best_by: ClassVar[str | None] = None
    """Name of the metric that selects the best checkpoint; smaller is better."""
    compile_from: ClassVar[int | None] = None
    """Step at which engine `auto` switches to the compiled step in runs without the page;
    None if compiling takes longer than it saves."""

    def check(self, config: ExperimentConfig) -> None:
        """Raises: ValueError: if a setting does not fit data of this kind."""
        return

    def to_arrays(self, samples: Samples) -> np.ndarray:
        """Return samples as a snapshot holds them."""
        return samples.double().cpu().numpy()

    def sample_view(self, config: ExperimentConfig) -> SampleView | None:
        """Return an object that measures a run's samples for its snapshots, or None."""
        return None

    def to_frame(self, samples: Samples) -> PixelArray | None:
        """Return samples as a grid for the timeline; None if this kind has no grids."""
        return None

    def frame_shape(self, dataset: Dataset) -> tuple[int, int, int, int] | None:
        """Return the shape of `to_frame`'s arrays, (n, channels, height, width), or None."""
        return None

    @property
    def keeps_timeline(self) -> bool:
        """Whether the timeline stores grids of samples."""
        return type(self).to_frame is not DataKind.to_frame

    @abstractmethod
    def evaluate(
        self,
        frozen: FrozenGenerator,
        dataset: Dataset,
        source: BatchSource,
        samples: int,
        seed: int,
    ) -> Task[EvaluationReport]:
        """Measure the quality of a generator, as a task in pieces.

        Raises:
            ValueError: if it cannot be measured.
        """

    @abstractmethod
    def draw(self, snapshot: Snapshot) -> Image.Image:
        """Draw a snapshot's samples as one picture."""

    @abstractmethod
    def thumbnail(self, snapshot: Snapshot) -> Image.Image:
        """Draw a small picture of a snapshot's samples."""

    def density_axis(self, dataset: Dataset) -> PlotAxis | None:
        """Return the axis on which densities are drawn; None if they are unknown."""
        return None

    def doctor_reference(self, state: TrainState) -> Any:
        """Return the reference for the doctor's comparison of samples; fixed for a run."""
        return None

    def sample_indicators(
        self,
        state: TrainState,
        snapshot: Snapshot,
        reference: Any,
        since: int,
        report: EvaluationReport | None,
    ) -> SampleIndicators | None:
        """Return what the doctor reads off the samples, if anything.

        `since` is the step of the latest change of settings, `report` a recent evaluation.
        """
        return None

    def first_number(self, sample: np.ndarray | float) -> str:
        """Return a sample in LaTeX; "" if it is too large."""
        return ""


_kinds: dict[str, DataKind] = {}


def register_kind(kind: DataKind) -> DataKind:
    """Register a kind under its name.

    Raises:
        ValueError: if the name is taken.
    """
    if kind.name in _kinds:
        raise ValueError(f"kind: {kind.name!r} is registered twice.")
    _kinds[kind.name] = kind
    return kind


def kind_named(name: str) -> DataKind:
    """Return the kind of that name."""
    return _kinds[name]


def all_kinds() -> Sequence[DataKind]:
    """Return every kind, in the order of registration."""
    return tuple(_kinds.values())
