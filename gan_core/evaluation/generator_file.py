"""What an exported generator's file holds, and Python code that calls it."""

from __future__ import annotations

from gan_core.evaluation.frozen_generator import FrozenGenerator

KEYS = {
    "experiment": "the set-up of the run, as in its link",
    "sample_shape": "the shape of one sample: channels, height, width",
    "classes": "the names of the classes that G is told; [] if it is told none",
    "mean": "added to G's output times `std`; 0 unless the data were standardised",
    "std": "the factor of G's output; 1 unless the data were standardised",
    "step": "the number of training steps",
}
"""The keys of the JSON text `about` in the header of the file."""


def example(generator: FrozenGenerator, name: str) -> str:
    """Return Python code that loads the generator from the file `name` and calls it.

    It runs where `gan_core` can be imported.
    """
    shape = ", ".join(map(str, generator.sample_shape))
    labels, call = "", "generator.generate(z)"
    if generator.classes:
        last = len(generator.classes) - 1
        labels = f"labels = torch.arange(16) % {last + 1}  # of the classes 0 to {last}\n"
        call = "generator.generate(z, labels)"
    units = "in [-1, 1]" if len(generator.sample_shape) == 3 else "in the units of the data"
    return f'''from pathlib import Path

import torch
from gan_core.evaluation.frozen_generator import load_generator

generator = load_generator(Path("{name}"), torch.device("cpu"))
rng = torch.Generator().manual_seed(0)
z = generator.prior.sample(16, generator.latent_dim, rng, "cpu")  # (16, {generator.latent_dim})
{labels}x = {call}  # (16, {shape}), {units}
'''


def bare_example(name: str) -> str:
    """Return Python code that reads the file `name` without this project."""
    return f'''import json
import safetensors

with safetensors.safe_open("{name}", "pt") as file:
    about = json.loads(file.metadata()["about"])
    weights = {{key: file.get_tensor(key) for key in file.keys()}}
'''
