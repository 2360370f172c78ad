"""Train the same experiments with two versions of the code, and compare bits.

`python benchmarks/compare_trees.py OTHER` takes the folder of another version (a git worktree).
Each experiment is trained for 200 steps by the command line of both versions, and the SHA-256 of
weights, moments and random streams is compared. Then run folders, an exported zip, a generator file
and checkpoints that the other version wrote half-way are opened, resumed to the same step and
evaluated by this one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
STEPS = 200


def line(**changes: Any) -> dict[str, Any]:
    return {"dataset": {"name": "normal"}} | changes


def digits(**changes: Any) -> dict[str, Any]:
    return {"dataset": {"name": "mnist"}, "batch_size": 16} | changes


def networks(name: str, **knobs: Any) -> dict[str, Any]:
    both = {"name": name, **knobs}
    return {"generator": both, "discriminator": both}


EXPERIMENTS: dict[str, tuple[dict[str, Any], int, str]] = {
    "default": (line(), STEPS, "eager"),
    "minimax, SGD, DRAGAN": (
        line(
            loss={"name": "minimax"},
            regularizer={"name": "dragan"},
            optimizer_g={"name": "sgd", "lr": 0.01},
            optimizer_d={"name": "sgd", "lr": 0.01},
            prior={"name": "student_t"},
        ),
        STEPS,
        "eager",
    ),
    "least squares, RMSprop, no EMA": (
        line(
            dataset={"name": "normal_mixture"},
            loss={"name": "least_squares"},
            regularizer={"name": "none"},
            optimizer_g={"name": "rmsprop", "lr": 1e-3},
            optimizer_d={"name": "rmsprop", "lr": 1e-3},
            ema_decay=0.0,
            latent_dim=4,
            prior={"name": "gaussian"},
        ),
        STEPS,
        "eager",
    ),
    "WGAN, clipping, n_critic 3": (
        line(
            dataset={"name": "lognormal"},
            loss={"name": "wasserstein"},
            regularizer={"name": "weight_clipping"},
            n_critic=3,
            prior={"name": "laplace"},
        ),
        STEPS,
        "eager",
    ),
    "WGAN, gradient penalty, n_critic 3": (
        line(
            loss={"name": "wasserstein"},
            regularizer={"name": "gradient_penalty"},
            n_critic=3,
            seed=5,
        ),
        STEPS,
        "eager",
    ),
    "hinge, R1 + R2, noise on D's input": (
        line(
            dataset={"name": "exponential"},
            loss={"name": "hinge"},
            regularizer={"name": "r1_r2"},
            instance_noise=0.1,
            prior={"name": "triangular"},
        ),
        STEPS,
        "eager",
    ),
    "relativistic, both standardised": (
        line(
            dataset={"name": "student_t"},
            loss={"name": "relativistic_pairing"},
            architecture={"standardise": "both"},
            prior={"name": "sphere"},
            latent_dim=3,
        ),
        STEPS,
        "eager",
    ),
    "maxout": (
        line(
            dataset={"name": "uniform"},
            architecture={
                "generator": {"name": "mlp"},
                "discriminator": {"name": "maxout_mlp"},
            },
            prior={"name": "exponential"},
        ),
        STEPS,
        "eager",
    ),
    "coin": (line(prior={"name": "bernoulli"}, latent_dim=8, precision="bf16"), STEPS, "eager"),
    "digits, DCGAN": (digits(), STEPS, "eager"),
    "digits, conditional": (digits(architecture={"conditional": True}), STEPS, "eager"),
    "digits, MLP, bf16, no EMA": (
        digits(architecture=networks("mlp", width=64), precision="bf16", ema_decay=0.0),
        STEPS,
        "eager",
    ),
    "digits, CNN": (
        digits(architecture=networks("cnn", channels=8), loss={"name": "hinge"}),
        STEPS,
        "eager",
    ),
    "digits, ResNet, R1": (
        digits(
            architecture=networks("resnet", channels=8),
            batch_size=8,
            regularizer={"name": "r1", "gamma": 1.0},
        ),
        60,
        "eager",
    ),
    "stacked digits": (
        {
            "dataset": {"name": "stacked_mnist"},
            "batch_size": 8,
            "architecture": networks("dcgan", channels=8),
        },
        60,
        "eager",
    ),
    "compiled": (line(), STEPS, "compiled"),
    "compiled, hinge, gradient penalty, n_critic 2": (
        line(loss={"name": "hinge"}, regularizer={"name": "gradient_penalty"}, n_critic=2),
        STEPS,
        "compiled",
    ),
    "compiled from step 5,000": (line(seed=3), 5_200, "auto"),
}
"""Name: the experiment, its steps, and the engine that takes them."""

KEPT = (
    "default",
    "WGAN, gradient penalty, n_critic 3",
    "hinge, R1 + R2, noise on D's input",
    "digits, DCGAN",
    "digits, conditional",
    "digits, MLP, bf16, no EMA",
)
"""Experiments whose run folders the other version writes half-way, for this one to go on with."""

EXPORT = """
import sys
from pathlib import Path
{imports}
with open(sys.argv[2], "wb") as file:
    export_run(RunFolder(Path(sys.argv[1])), file)
"""
IMPORT = """
import sys
from pathlib import Path
{imports}
with open(sys.argv[1], "rb") as file:
    print(import_run(file).path)
"""
ZIP_MODULES = (
    ("gan_core/storage/run_zip.py", "gan_core.storage.run_zip", "gan_core.storage.run_folder"),
    ("gan_core/runs/archive.py", "gan_core.runs.archive", "gan_core.runs.folder"),
)
"""Where exports stand in the versions of the code: the file, its module, the run folder's."""


class Tree:
    """One version of the code, used by its command line."""

    def __init__(self, root: Path, data: Path) -> None:
        self.root = root
        self._data = data
        data.mkdir()

    def run(self, *arguments: object) -> str:
        """Run Python in this version; return what it printed."""
        environment = os.environ | {
            "PYTHONPATH": str(self.root),
            "GAN_DATA": str(self._data),
            "GAN_RUNS": str(self._data / "runs"),
            "GAN_THREADS": "1",
        }
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} in {self.root}:\n{done.stderr[-2000:]}")
        return done.stdout.strip()

    def train(self, experiment: dict[str, Any], steps: int, engine: str, out: Path) -> None:
        config = out.with_suffix(".json")
        config.write_text(json.dumps(experiment), encoding="utf-8")
        options = ("--steps", steps, "--engine", engine, "--device", "cpu", "--out", out)
        self.run("-m", "gan_core", "train", "--config", config, *options)

    def resume(self, run: Path, steps: int, engine: str) -> None:
        options = ("--steps", steps, "--engine", engine, "--device", "cpu")
        self.run("-m", "gan_core", "train", "--resume", run, *options)

    def digest(self, run: Path) -> str:
        return self.run("-m", "gan_core", "digest", run)

    def zips(self, script: str) -> str:
        """Return a script that uses this version's module of exports."""
        _, module, folder = next(row for row in ZIP_MODULES if (self.root / row[0]).exists())
        imports = f"from {module} import export_run, import_run\nfrom {folder} import RunFolder"
        return script.format(imports=imports)


def compare_bits(here: Tree, other: Tree, folder: Path) -> int:
    """Train every experiment in both versions; return how many differ."""
    different = 0
    for number, (name, (experiment, steps, engine)) in enumerate(EXPERIMENTS.items()):
        digests = []
        for tree, label in ((other, "other"), (here, "here")):
            run = folder / f"{number}-{label}"
            tree.train(experiment, steps, engine, run)
            digests.append(tree.digest(run))
        same = digests[0] == digests[1]
        different += not same
        print(f"{'same' if same else 'DIFFERENT'}  {digests[0][:16]}  {name}", flush=True)
    return different


def compare_files(here: Tree, other: Tree, folder: Path) -> int:
    """Go on with what the other version wrote; return how many runs do not end alike."""
    wrong = 0
    for number, name in enumerate(KEPT):
        experiment, steps, engine = EXPERIMENTS[name]
        whole, half = folder / f"whole-{number}", folder / f"half-{number}"
        other.train(experiment, steps, engine, whole)
        other.train(experiment, steps // 2, engine, half)
        exported = folder / f"{number}.zip"
        other.run("-c", other.zips(EXPORT), half, exported)
        imported = Path(here.run("-c", here.zips(IMPORT), exported))
        expected = other.digest(whole)
        ends = []
        for run in (half, imported):
            here.resume(run, steps, engine)
            ends.append(here.digest(run))
        quality = json.loads(
            here.run("-m", "gan_core", "evaluate", whole, "--samples", 200, "--json")
        )
        if experiment["dataset"]["name"] == "mnist":
            made = folder / f"{number}.png"
            generator = whole / "generator.safetensors"
            here.run("-m", "gan_core", "sample", generator, "--n", 4, "--out", made)
        good = ends == [expected, expected] and quality["step"] == steps
        wrong += not good
        print(f"{'same' if good else 'DIFFERENT'}  folder, zip, generator of: {name}", flush=True)
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, help="the folder of another version")
    parser.add_argument("--here", type=Path, default=HERE, help="this version's folder")
    parser.add_argument("--only", choices=("bits", "files"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        here = Tree(options.here.resolve(), folder / "data-here")
        other = Tree(options.other.resolve(), folder / "data-other")
        wrong = 0
        if options.only != "files":
            wrong += compare_bits(here, other, folder)
        if options.only != "bits":
            wrong += compare_files(here, other, folder)
    print(f"{wrong} differ")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
