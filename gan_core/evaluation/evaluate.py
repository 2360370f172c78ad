"""How good a generator is, in slices: probe, real pictures, samples, and one metric after another.

Every number comes with what a second batch of real pictures scores against the first one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch

from gan_core.data import BatchSource, Dataset, Distribution1D
from gan_core.data.base import ImageSource
from gan_core.data.pixels import to_uint8
from gan_core.evaluation.frozen_generator import FrozenGenerator
from gan_core.evaluation.metrics import METRICS, measure, noise_floor
from gan_core.evaluation.metrics.batch import FeatureBatch
from gan_core.evaluation.metrics.images import IMAGE_METRICS, ImageMetric, class_counts
from gan_core.evaluation.probes import FeatureExtractor, is_trained, probe_slices
from gan_core.evaluation.report import ClassHistogram, EvaluationReport, MetricResult
from gan_core.runtime.bounded_cache import BoundedCache
from gan_core.runtime.tasks import ProgressReport, Task, chunk_size, run_to_end, subtask
from gan_core.shapes import Index, Pixels, Samples

SAMPLES = 2_000
SEED = 2014
MAX_REFERENCES = 8


@dataclass(frozen=True, eq=False)
class Reference:
    """A probe's view of the data: one real batch, and the scores of another one against it."""

    probe: FeatureExtractor
    real: FeatureBatch
    scores: dict[str, float]


class Evaluation:
    """Compares one generator's samples with real pictures.

    `slices()` does it in pieces, after which `quality` is there; no run and no random stream is
    touched. The same generator and `seed` give the same numbers.
    """

    def __init__(
        self,
        frozen: FrozenGenerator,
        dataset: Dataset,
        source: ImageSource,
        samples: int = SAMPLES,
        seed: int = SEED,
    ) -> None:
        self.frozen = frozen
        self.dataset = dataset
        self.source = source
        # Two real batches have to share no picture, and all batches are to be of one size.
        self.samples = max(1, min(samples, len(source) // 2))
        self.wanted = samples
        self.seed = seed
        self.quality: EvaluationReport | None = None

    def slices(self) -> Task[EvaluationReport]:
        """Do the work in pieces of at most about 50 ms on one core."""
        ready = 0.25 if is_trained(self.dataset, self.source) else 0.85
        reference = yield from subtask(self._reference_slices(), 0.0, ready)
        middle = (1 + ready) / 2
        fake = yield from subtask(self._generated_slices(reference.probe), ready, middle)
        found = yield from subtask(score_slices(reference.real, fake), middle, 1.0)
        self.quality = self._report(reference, fake, found)
        return self.quality

    def run(self) -> EvaluationReport:
        """Do all of it at once."""
        return run_to_end(self.slices())

    def _reference_slices(self) -> Task[Reference]:
        dataset, source = self.dataset, self.source
        probe = yield from subtask(probe_slices(dataset, source, self.frozen.device), 0.0, 0.7)
        key = (probe.key, str(self.frozen.device), flips(source), self.samples, self.seed)
        kept = _references.get(key)
        if kept is not None:
            return kept
        rng = torch.Generator().manual_seed(self.seed)
        order = torch.randperm(len(source), generator=rng)
        first, second = order[: self.samples], order[self.samples :][: self.samples]
        real = yield from subtask(real_slices(probe, source, first, rng), 0.7, 0.8)
        population = None if source.factors is None else source.factors.cpu()
        real = replace(real, population=population)
        scores = dict.fromkeys(applicable(real), math.nan)
        if len(second) == self.samples:
            other = yield from subtask(real_slices(probe, source, second, rng), 0.8, 0.9)
            scores = yield from subtask(score_slices(real, other), 0.9, 1.0)
        reference = Reference(probe, real, scores)
        _references.put(key, reference)
        return reference

    def _generated_slices(self, probe: FeatureExtractor) -> Task[FeatureBatch]:
        rng = torch.Generator(self.frozen.device).manual_seed(self.seed)
        drawn = self.frozen.sample_inputs(self.samples, rng)
        given = [part for part in drawn if part is not None]
        size = chunk_size(self.frozen.network, *(part[:1] for part in given))
        pixels = []
        for start in range(0, self.samples, size):
            part = self.frozen.generate(*(each[start : start + size] for each in given))
            pixels.append(as_bytes(part))
            yield ProgressReport(min(1.0, (start + size) / self.samples) / 2, "generating samples")
        pixels = torch.cat(pixels)
        work = probe.read_slices(pixels.__getitem__, len(pixels), "reading samples")
        return (yield from subtask(work, 0.5, 1.0))

    def _report(
        self, reference: Reference, fake: FeatureBatch, found: dict[str, float]
    ) -> EvaluationReport:
        probe, scores = reference.probe, reference.scores
        values = {
            name: _measured(IMAGE_METRICS[name], value, scores[name], self.samples, probe)
            for name, value in found.items()
        }
        real, generated = class_counts(reference.real), class_counts(fake)
        counted = {
            name: ClassHistogram(names, tuple(real[i]), tuple(generated[i]))
            for i, (name, names) in enumerate(probe.factors.items())
        }
        accuracies = dict(probe.accuracies)
        return EvaluationReport(
            self.frozen.step,
            self.samples,
            values,
            counted,
            probe.describe(),
            accuracies,
            tuple(self._notes(values)),
        )

    def _notes(self, values: dict[str, MetricResult]) -> list[str]:
        notes = []
        if self.samples < self.wanted:
            notes.append(
                f"There are {len(self.source):,} pictures only, so every batch is one of "
                f"{self.samples:,}: small batches make distances large."
            )
        missing = [m.title for m in values.values() if math.isnan(m.value)]
        if missing:
            notes.append(f"Too few samples for {', '.join(missing)}.")
        return notes


_references = BoundedCache(MAX_REFERENCES)


def applicable(batch: FeatureBatch) -> list[str]:
    """Return the names of the metrics that suit what is known of a batch."""
    return [cls.name for cls in IMAGE_METRICS if cls.applies(batch.values)]


def score_slices(real: FeatureBatch, fake: FeatureBatch) -> Task[dict[str, float]]:
    """Measure everything that applies."""
    names = applicable(real)
    found = {}
    for i, name in enumerate(names):
        work = IMAGE_METRICS[name]().measure_slices(real, fake)
        found[name] = yield from subtask(work, i / len(names), (i + 1) / len(names))
    return found


def real_slices(
    probe: FeatureExtractor, source: ImageSource, index: Index, rng: torch.Generator
) -> Task[FeatureBatch]:
    """Read real pictures as training shows them: mirrored with probability ½ if it does that."""
    mirrored = torch.rand(len(index), generator=rng) < (0.5 if flips(source) else 0.0)

    def look_up(place: Index) -> Pixels:
        pixels = source.pixels(index[place])
        turned = mirrored[place].to(pixels.device)[:, None, None, None]
        return torch.where(turned, pixels.flip(3), pixels)

    return (yield from probe.read_slices(look_up, len(index), "reading real pictures"))


def flips(source: BatchSource) -> bool:
    """Return whether the pictures are also shown mirrored."""
    return getattr(source, "flips", False)


def as_bytes(samples: Samples) -> Pixels:
    """Return samples rounded to bytes, as real pictures are."""
    return torch.from_numpy(to_uint8(samples))


def evaluate_1d(
    frozen: FrozenGenerator, target: Distribution1D, samples: int = SAMPLES, seed: int = SEED
) -> EvaluationReport:
    """Measure numbers on the line against the law that they imitate."""
    rng = torch.Generator(frozen.device).manual_seed(seed)
    numbers = frozen.sample(samples, rng).squeeze(1).double().cpu().numpy()
    found = measure(numbers, target)
    perfect = noise_floor(target, samples)
    values = {
        cls.name: MetricResult(
            found[cls.name], perfect[cls.name].median, samples, False, cls.title, cls.unit
        )
        for cls in METRICS
    }
    return EvaluationReport(frozen.step, samples, values, {}, "", {})


def _measured(
    metric: type[ImageMetric], value: float, reference: float, samples: int, probe: FeatureExtractor
) -> MetricResult:
    title = metric.title.replace("classifier features", probe.features)
    return MetricResult(value, reference, samples, metric.higher_is_better, title, metric.unit)
