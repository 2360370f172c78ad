"""How good a generator is, in slices: probe, real pictures, samples, and one metric after another.

Every number comes with its interval, with what a second batch of real pictures scores against the
first one, and with whether it can tell these from clearly worse ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch

from gan_core.data import BatchSource, Dataset
from gan_core.data.base import ImageSource
from gan_core.data.pixels import to_uint8
from gan_core.evaluation.class_quality import (
    MAX_CLASSES,
    ClassReference,
    class_reference_slices,
    class_slices,
)
from gan_core.evaluation.frozen_generator import FrozenGenerator
from gan_core.evaluation.metrics.batch import FeatureBatch
from gan_core.evaluation.metrics.images import IMAGE_METRICS, class_counts
from gan_core.evaluation.metrics.resampling import Estimate
from gan_core.evaluation.probes import FeatureExtractor, is_trained, probe_slices
from gan_core.evaluation.report import (
    ClassHistogram,
    ClassResult,
    EvaluationReport,
    MetricResult,
    doubts,
)
from gan_core.evaluation.worse_samples import blur, estimate_slices, mistake_slices
from gan_core.runtime.bounded_cache import BoundedCache
from gan_core.runtime.tasks import ProgressReport, Task, chunk_size, run_to_end, subtask
from gan_core.shapes import Classes, Index, Pixels, Samples

SAMPLES = 2_000
SEED = 2014
MAX_REFERENCES = 8


@dataclass(frozen=True, eq=False)
class Reference:
    """A probe's view of the data: one real batch, and the scores of another one against it.

    `mistaken` says of each metric which clearly worse samples it takes for real ones.
    """

    probe: FeatureExtractor
    real: FeatureBatch
    scores: Mapping[str, Estimate]
    mistaken: Mapping[str, tuple[str, ...]]
    classes: Mapping[int, ClassReference] = field(default_factory=dict)


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
        fake, labels = yield from subtask(self._generated_slices(reference.probe), ready, middle)
        names = reference.scores
        found = yield from subtask(estimate_slices(reference.real, fake, names), middle, 1.0)
        classes = {}
        if reference.classes and (labels is not None or fake.logits):
            labels = fake.factors[:, 0] if labels is None else labels
            work = class_slices(reference.classes, fake, labels, self.dataset.classes)
            classes = yield from subtask(work, 1.0, 1.0)
        self.quality = self._report(reference, fake, found, classes)
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
        real = yield from subtask(real_slices(probe, source, first, rng), 0.7, 0.75)
        population = None if source.factors is None else source.factors.cpu()
        real = replace(real, population=population)
        names = applicable(real)
        reference = Reference(
            probe,
            real,
            dict.fromkeys(names, Estimate(math.nan)),
            {name: IMAGE_METRICS[name].must_see for name in names},
        )
        if len(second) == self.samples:
            work = self._floor_slices(reference, first, second, rng)
            reference = yield from subtask(work, 0.75, 1.0)
        _references.put(key, reference)
        return reference

    def _floor_slices(
        self, reference: Reference, first: Index, second: Index, rng: torch.Generator
    ) -> Task[Reference]:
        """Add what other real pictures score, and what is taken for them."""
        probe, real, source = reference.probe, reference.real, self.source
        other = yield from subtask(real_slices(probe, source, second, rng), 0.0, 0.2)
        scores = yield from subtask(estimate_slices(real, other, reference.scores), 0.2, 0.5)

        def look_up(place: Index) -> Pixels:
            return blur(source.pixels(second[place]))

        work = probe.read_slices(look_up, len(second), "reading blurred pictures")
        blurred = yield from subtask(work, 0.5, 0.7)
        mistaken = yield from subtask(mistake_slices(real, other, blurred, scores), 0.7, 0.9)
        classes = {}
        if self.dataset.classes and source.factors is not None:
            known = source.factors[:, 0].cpu()
            work = class_reference_slices(
                *(real, known[first], other, known[second], len(self.dataset.classes))
            )
            classes = yield from subtask(work, 0.9, 1.0)
        return replace(reference, scores=scores, mistaken=mistaken, classes=classes)

    def _generated_slices(
        self, probe: FeatureExtractor
    ) -> Task[tuple[FeatureBatch, Classes | None]]:
        """Return samples as the probe reads them, and the classes that G was asked for."""
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
        batch = yield from subtask(work, 0.5, 1.0)
        return batch, drawn[1] if drawn[1] is None else drawn[1].cpu()

    def _report(
        self,
        reference: Reference,
        fake: FeatureBatch,
        found: Mapping[str, Estimate],
        classes: dict[str, ClassResult],
    ) -> EvaluationReport:
        probe = reference.probe
        values = {name: self._measured(name, found[name], reference) for name in found}
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
            classes,
        )

    def _measured(self, name: str, found: Estimate, reference: Reference) -> MetricResult:
        metric, floor = IMAGE_METRICS[name], reference.scores[name]
        title = metric.title.replace("classifier features", reference.probe.features)
        return MetricResult(
            *(found.value, floor.value, self.samples, metric.higher_is_better, title, metric.unit),
            *(found[1:], floor[1:], reference.mistaken[name]),
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
        notes += doubts(values.values())
        if len(self.dataset.classes) > MAX_CLASSES:
            notes.append(f"By class: the {MAX_CLASSES} classes with the most pictures.")
        return notes


_references = BoundedCache(MAX_REFERENCES)


def applicable(batch: FeatureBatch) -> list[str]:
    """Return the names of the metrics that suit what is known of a batch."""
    return [cls.name for cls in IMAGE_METRICS if cls.applies(batch.values)]


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
