"""Steps a second of the trainer and of the textbook loop: `python benchmarks/step.py [--json]`.

Both train the same networks on the same losses (`benchmarks/textbook.py`), side by side in turns,
each in a process of its own; the figures are medians over the turns. `GFLOP/s` counts the matrix
products and convolutions of a step; `of peak` is its share of the better of what this machine
reaches on large products and on 3×3 convolutions, in the same precision and the same turns. On the
textbook's side it is always single precision.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from benchmarks.workers import Worker, convolutions, ours, products, textbook
from gan_core import ExperimentConfig
from gan_core.data.base import prepare

TEXTBOOK_ADAM = {"name": "adam", "lr": 2e-4, "beta1": 0.5, "beta2": 0.999}


def dense(width_g: int, width_d: int, depth: int = 1) -> dict[str, object]:
    return {
        "generator": {"name": "mlp", "depth": depth, "width": width_g},
        "discriminator": {"name": "mlp", "depth": depth, "width": width_d},
    }


PLAIN = {
    "regularizer": "none",
    "ema_decay": 0.0,
    "optimizer_g": TEXTBOOK_ADAM,
    "optimizer_d": TEXTBOOK_ADAM,
}
SMALL = {"architecture": dense(16, 64) | {"standardise": "none"}} | PLAIN
CASES: dict[str, dict[str, object]] = {
    "1-D, G 16 / D 64, batch 64": SMALL | {"batch_size": 64},
    "1-D, G 16 / D 64, batch 256": SMALL | {"batch_size": 256},
    "1-D default (R1, EMA), batch 128": {},
    "digits, MLP 512, batch 128": {
        "dataset": "mnist",
        "batch_size": 128,
        "architecture": dense(512, 512, 2),
    }
    | PLAIN,
    "digits, DCGAN 28×28, batch 64": {"dataset": "mnist"} | PLAIN,
    "cats, DCGAN 3×64×64, batch 64": {
        "dataset": "cats",
        "latent_dim": 100,
        "batch_size": 64,
        "architecture": {
            "generator": {"name": "dcgan", "channels": 64},
            "discriminator": {"name": "dcgan", "channels": 64},
        },
    }
    | PLAIN,
}
PRECISIONS = {"fp32": "float32", "bf16": "bfloat16"}
ENGINES = ("eager", "compiled")


def compare(
    case: str, precisions: list[str], engines: list[str], turns: int, seconds: float
) -> list[dict[str, object]]:
    """Return a row for every precision and engine of a case."""
    experiment = CASES[case]
    config = ExperimentConfig.from_dict(experiment)
    prepare(config.dataset)
    workers = {("textbook", ""): Worker(textbook, experiment)}
    for precision in precisions:
        for engine in engines:
            made = experiment | {"precision": precision}
            workers[engine, precision] = Worker(ours, made, engine)
        if config.dataset.kind_name == "images":
            workers["products", precision] = Worker(products, PRECISIONS[precision])
            workers["convolutions", precision] = Worker(convolutions, PRECISIONS[precision])
    found = {key: [] for key in workers}
    for _ in range(turns):
        for key, worker in workers.items():
            found[key].append(worker.rate(seconds))
    for worker in workers.values():
        worker.end()
    plain = found["textbook", ""]
    rows = []
    for precision in precisions:
        peaks = {
            kind: statistics.median(found[kind, precision]) * workers[kind, precision].note / 1e9
            for kind in ("products", "convolutions")
            if (kind, precision) in workers
        }
        for engine in engines:
            rates, note = found[engine, precision], workers[engine, precision].note
            speed = statistics.median(rates)
            row = {
                "case": case,
                "engine": note["engine"],
                "precision": precision,
                "threads": note["threads"],
                "steps_per_s": round(speed, 2),
                "textbook_steps_per_s": round(statistics.median(plain), 2),
                "ratio": round(
                    statistics.median(a / b for a, b in zip(rates, plain, strict=True)), 2
                ),
                "gflop_per_s": round(speed * note["operations"] / 1e9, 1),
            }
            row |= {f"peak_{kind}_gflop_per_s": round(peak, 1) for kind, peak in peaks.items()}
            rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each turn")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.json:
        print(f"torch {torch.__version__}, {options.turns} turns of {options.seconds} s, medians")
        names = "case", "engine", "", "ours", "textbook", "ratio", "GFLOP/s"
        print("{:33} {:9} {:5} {:>9} {:>9} {:>6} {:>8}  peaks".format(*names))
    for case, experiment in CASES.items():
        if options.only not in case:
            continue
        pictures = "dataset" in experiment
        precisions = ["fp32", "bf16"] if pictures else ["fp32"]
        for row in compare(case, precisions, list(ENGINES), options.turns, options.seconds):
            if options.json:
                print(json.dumps(row, ensure_ascii=False), flush=True)
                continue
            peaks = [f"{row[key]:.0f}" for key in row if key.startswith("peak_")]
            print(
                "{case:33} {engine:9} {precision:5} {steps_per_s:9} {textbook_steps_per_s:9} "
                "{ratio:6} {gflop_per_s:8}  ".format(**row)
                + ", ".join(peaks),
                flush=True,
            )


if __name__ == "__main__":
    main()
