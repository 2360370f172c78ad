"""Trains every classic preset for two minutes: `python docs/results.py [--seconds 120]`.

Writes docs/results.md, and a picture of each run's samples into docs/results/. All cores train.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from gan_core import Trainer
from gan_core.data import DATASETS
from gan_core.data.base import prepare
from gan_core.evaluation.evaluate import SAMPLES, Evaluation, evaluate_1d
from gan_core.evaluation.metrics.images import IMAGE_METRICS
from gan_core.evaluation.probes import probe_slices
from gan_core.evaluation.report import EvaluationReport
from gan_core.presets import PRESETS, Preset
from gan_core.runtime.tasks import run_to_end

DOCS = Path(__file__).parent
CLASSICS = (
    "first_normal",
    "digits_dcgan",
    "algorithm_1",
    "introduction",
    "dcgan_64",
    "digits_mlp",
)
WIDTH = 560


def train(preset: Preset, seconds: float) -> Trainer:
    prepare(preset.config.dataset)
    trainer = Trainer(preset.config)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        trainer.step()
    return trainer


def judge(trainer: Trainer) -> EvaluationReport:
    dataset = trainer.config.dataset
    if dataset.kind_name == "one_dim":
        return evaluate_1d(trainer.frozen_generator(), dataset)
    return Evaluation(trainer.frozen_generator(), dataset, trainer.source).run()


def section(preset: Preset, trainer: Trainer, quality: EvaluationReport, seconds: float) -> str:
    """Return what stands in results.md about one run."""
    image = trainer.config.dataset.kind.draw(trainer.snapshot())
    factor = max(1, WIDTH // image.width)
    image.resize((factor * image.width, factor * image.height), 0).save(
        DOCS / "results" / f"{preset.name}.png"
    )
    epochs = ""
    if trainer.config.dataset.size:
        epochs = f", {trainer.samples_seen / trainer.config.dataset.size:.1f} epochs"
    lines = [
        f"## {preset.title} (`{preset.name}`)",
        "",
        f"{preset.paper}. {trainer.step_count:,} steps in {seconds:.0f} s{epochs}; "
        f"seed {trainer.config.seed}.",
        "",
        f"![samples](results/{preset.name}.png)",
        "",
        f"{quality.samples:,} samples. {quality.probe} {' '.join(quality.notes)}".strip(),
        "",
        "| | generated | real against real | better |",
        "| --- | --- | --- | --- |",
    ]
    for measured in quality.values.values():
        better = "higher" if measured.higher_is_better else "lower"
        numbers = f"{measured.value:.4g} | {measured.real_against_real:.4g}"
        lines.append(f"| {measured.title} | {numbers} | {better} |")
    for name, census in quality.census.items():
        pairs = zip(census.values, census.generated, strict=True)
        counts = ", ".join(f"{value}: {count:,}" for value, count in pairs)
        lines += ["", f"Census of {name}, generated: {counts}."]
    return "\n".join(lines)


def yardsticks() -> str:
    """Return what pictures that nobody would call digits score, to see how long the scale is."""
    dataset = DATASETS.create("mnist")
    source = dataset.open(torch.device("cpu"))
    probe = run_to_end(probe_slices(dataset, source, torch.device("cpu")))
    rng = torch.Generator().manual_seed(0)
    chosen = torch.randperm(len(source), generator=rng)[:SAMPLES]
    real = probe.read(source.pixels(chosen))
    size = (SAMPLES, *dataset.sample_shape)
    blurred = source.images.float().mean(0) + 40 * torch.randn(size, generator=rng)
    noise = torch.randint(256, size, generator=rng, dtype=torch.uint8)
    mean, worst = (
        IMAGE_METRICS["frechet"]().measure(real, probe.read(pixels))
        for pixels in (blurred.clamp(0, 255).to(torch.uint8), noise)
    )
    return (
        "How long the scale is, on the bundled digits: the mean digit with noise (σ = 40 grey "
        f"levels) has a Fréchet distance (classifier features) of {mean:.0f}, uniform noise one of "
        f"{worst:.0f}, each from {SAMPLES:,} pictures."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--only", choices=CLASSICS, help="print one of them and write nothing")
    options = parser.parse_args()
    torch.set_num_threads(os.cpu_count() or 1)
    (DOCS / "results").mkdir(exist_ok=True)
    by_name = {preset.name: preset for preset in PRESETS}
    parts = [
        "# What two minutes give",
        "",
        "Made by `python docs/results.py`: every preset trained for "
        f"{options.seconds:.0f} s on {os.cpu_count()} CPU cores ({platform.machine()}, no GPU), "
        f"PyTorch {torch.__version__.split('+')[0]}, then measured. Pictures come from the "
        "averaged generator where one is kept.",
        "",
        yardsticks(),
    ]
    for name in [options.only] if options.only else CLASSICS:
        trainer = train(by_name[name], options.seconds)
        torch.set_num_threads(1)
        text = section(by_name[name], trainer, judge(trainer), options.seconds)
        torch.set_num_threads(os.cpu_count() or 1)
        print(text, flush=True)
        parts += ["", text]
    if not options.only:
        (DOCS / "results.md").write_text("\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
