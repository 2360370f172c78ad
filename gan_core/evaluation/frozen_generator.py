"""A generator that no longer learns: what is evaluated, exported and loaded again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from gan_core.config import ExperimentConfig
from gan_core.data import DATASETS
from gan_core.networks import GENERATORS, build_generator
from gan_core.priors import PRIORS, Prior
from gan_core.runtime.device import to_device
from gan_core.shapes import Classes, Latents, Samples

FORMAT = "gan-laboratory generator 1"


@dataclass(frozen=True, eq=False)
class FrozenGenerator:
    """A generator in evaluation mode, with all that is needed to draw from it.

    `experiment` is the config that it was trained by, as JSON-able values; the data are not needed.
    """

    experiment: dict[str, Any]
    prior: Prior
    latent_dim: int
    sample_shape: tuple[int, ...]
    classes: tuple[str, ...]
    """The classes that G is given as a condition, or ()."""
    mean: float
    std: float
    """Moments of the target, by which its output is rescaled, or 0 and 1."""
    network: nn.Module
    step: int
    trained_on: str
    """The title of the data set."""
    device: torch.device

    @classmethod
    def of(
        cls, config: ExperimentConfig, network: nn.Module, step: int, device: torch.device
    ) -> FrozenGenerator:
        """Return `network`, which is in evaluation mode and belongs to `config`, as it is."""
        mean, std = 0.0, 1.0
        if config.architecture.standardise == "both":
            mean, std = config.dataset.mean_and_std()
        classes = config.dataset.classes if config.architecture.conditional else ()
        shape = config.dataset.sample_shape
        return cls(
            config.to_dict(),
            config.prior,
            config.latent_dim,
            shape,
            classes,
            mean,
            std,
            network,
            step,
            config.dataset.title,
            device,
        )

    def sample_inputs(self, n: int, rng: torch.Generator) -> tuple[Latents, Classes | None]:
        """Draw noise and, for conditional networks, equally likely classes."""
        z = self.prior.sample(n, self.latent_dim, rng, self.device)
        if not self.classes:
            return z, None
        return z, torch.randint(len(self.classes), (n,), generator=rng, device=self.device)

    @torch.no_grad()
    def generate(self, z: Latents, labels: Classes | None = None) -> Samples:
        """Return G(z), of the given classes if the network is conditional."""
        x = self.network(z) if labels is None else self.network(z, labels)
        return x * self.std + self.mean if (self.mean, self.std) != (0.0, 1.0) else x

    def sample(self, n: int, rng: torch.Generator) -> Samples:
        """Draw `n` samples; `rng` lives on the generator's device."""
        return self.generate(*self.sample_inputs(n, rng))

    def to_bytes(self) -> bytes:
        """Return a safetensors file: the weights, and in its header what they belong to."""
        tensors = {name: t.cpu().contiguous() for name, t in self.network.state_dict().items()}
        about = {
            "experiment": self.experiment,
            "sample_shape": self.sample_shape,
            "classes": self.classes,
            "mean": self.mean,
            "std": self.std,
            "step": self.step,
        }
        return safetensors.torch.save(tensors, {"format": FORMAT, "about": json.dumps(about)})


def load_generator(path: Path, device: torch.device) -> FrozenGenerator:
    """Return the generator that `to_bytes` wrote: the same z gives the same samples.

    Raises:
        ValueError: if the file is not such a generator.
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if metadata.get("format") != FORMAT:
            raise ValueError("it does not hold a generator of this laboratory.")
        return _built(json.loads(metadata["about"]), tensors, device)
    except (safetensors.SafetensorError, OSError, LookupError, RuntimeError, TypeError) as error:
        reason = str(error).split("\n")[0][:200]
        raise ValueError(f"{path} is not a whole generator file: {reason}.") from None
    except ValueError as error:
        raise ValueError(f"{path} cannot be used: {error}") from None


def _built(
    about: dict[str, Any], tensors: dict[str, torch.Tensor], device: torch.device
) -> FrozenGenerator:
    experiment, shape = about["experiment"], tuple(about["sample_shape"])
    classes = tuple(about["classes"])
    component = GENERATORS.create(experiment["architecture"]["generator"])
    component.check_shape(shape)
    network = build_generator(component, experiment["latent_dim"], shape, len(classes))
    network.load_state_dict(tensors)
    return FrozenGenerator(
        experiment,
        PRIORS.create(experiment["prior"]),
        experiment["latent_dim"],
        shape,
        classes,
        about["mean"],
        about["std"],
        to_device(network.eval().requires_grad_(False), device),
        about["step"],
        DATASETS[experiment["dataset"]["name"]].title,
        device,
    )
