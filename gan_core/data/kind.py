"""A kind of data: one object that holds everything in which kinds differ.

The kinds themselves stand in `gan_core.kinds`, above the rooms that they use. Everything below asks
`dataset.kind` instead of which kind it is, so that a new kind is a new file and nothing else.
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
    from gan_core.evaluation.report import ClassHistogram, EvaluationReport
    from gan_core.runtime.tasks import Task
    from gan_core.training.monitoring.density_view import PlotAxis
    from gan_core.training.monitoring.sample_view import SampleView
    from gan_core.training.monitoring.snapshot import Snapshot
    from gan_core.training.state import TrainState


class DataKind(ABC):
    """One kind of data, such as numbers or images.

    What a kind does not say has the simplest meaning: no metrics, no sample grids over time, no
    signs that the doctor could read off the samples.
    """

    name: ClassVar[str]
    """The name in data sets' `kind_name`."""
    noun: ClassVar[str]
    """What its samples are called in sentences, in the plural."""
    page: ClassVar[str]
    """The key of the page that shows its runs."""

    experiment: ClassVar[Mapping[str, Any]]
    """The default experiment, without its data set, as in JSON."""
    default_dataset: ClassVar[Mapping[str, Any]]
    """The data set that its page opens with, as in JSON."""
    r1_gamma: ClassVar[float]
    """The strength of an R1 penalty that the doctor prescribes."""
    may_standardize: ClassVar[bool] = True
    """Whether samples may be standardized; their scale is fixed otherwise."""
    num_fixed: ClassVar[int]
    """How many samples of the fixed noise a snapshot holds."""
    num_equilibrium: ClassVar[int]
    """How many real and as many generated samples the equilibrium is measured on."""

    snapshot_metrics: ClassVar[tuple[str, ...]] = ()
    """Metrics that every snapshot measures."""
    history_columns: ClassVar[tuple[str, ...]] = ()
    """The columns of a run's metric history."""
    evaluation_metrics: ClassVar[tuple[str, ...]] = ()
    """Metrics that an evaluation measures, which takes seconds."""
    best_by: ClassVar[str | None] = None
    """The metric by which the best checkpoint is chosen; smaller is better."""
    compile_from: ClassVar[int | None] = None
    """The step at which engine `auto` switches to the compiled step in runs without the page;
    None where compiling costs more than it gains."""

    def check(self, config: ExperimentConfig) -> None:
        """Raises: ValueError: if a setting makes no sense for data of this kind."""
        return

    def to_arrays(self, samples: Samples) -> np.ndarray:
        """Return samples as a snapshot holds them."""
        return samples.double().cpu().numpy()

    def sample_view(self, config: ExperimentConfig) -> SampleView | None:
        """Return an object that measures a run's samples for its snapshots, or None."""
        return None

    def to_frame(self, samples: Samples) -> PixelArray | None:
        """Return samples as a grid for the timeline; None if this kind keeps none."""
        return None

    def frame_shape(self, dataset: Dataset) -> tuple[int, int, int, int] | None:
        """Return the shape of `to_frame`'s arrays, (n, channels, height, width), or None."""
        return None

    @property
    def keeps_timeline(self) -> bool:
        """Whether grids of samples are kept over time."""
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
        """Measure how good a generator is, in slices.

        Raises:
            ValueError: if it cannot be measured.
        """

    @abstractmethod
    def draw(self, snapshot: Snapshot) -> Image.Image:
        """Return a snapshot's samples as one picture."""

    @abstractmethod
    def thumbnail(self, snapshot: Snapshot) -> Image.Image:
        """Return a small picture of a snapshot's samples."""

    def density_axis(self, dataset: Dataset) -> PlotAxis | None:
        """Return the axis over which densities are drawn; None where they are not known."""
        return None

    def doctor_reference(self, state: TrainState) -> Any:
        """Return what the doctor compares samples with; the same for a whole run."""
        return None

    def sample_indicators(
        self,
        state: TrainState,
        snapshot: Snapshot,
        reference: Any,
        since: int,
        histogram: ClassHistogram | None,
    ) -> SampleIndicators | None:
        """Return what the doctor reads off the samples, if anything.

        `since` is the step of the latest change of settings.
        """
        return None

    def first_number(self, sample: np.ndarray) -> str:
        """Return a sample in LaTeX, or "" where it is too large to be written."""
        return ""


_kinds: dict[str, DataKind] = {}


def register_kind(kind: DataKind) -> DataKind:
    """Make a kind known under its name.

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
