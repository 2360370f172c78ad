"""A generator that no longer learns: what is evaluated, exported and loaded again."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from gan_core.config import ExperimentConfig
from gan_core.shapes import Classes, Latents, Samples


@dataclass(frozen=True, eq=False)
class FrozenGenerator:
    """A generator in evaluation mode, with the experiment that it comes from."""

    config: ExperimentConfig
    network: nn.Module
    step: int
    device: torch.device

    def draw(self, n: int, rng: torch.Generator) -> tuple[Latents, Classes | None]:
        """Draw noise and, for networks that are told the class, equally likely classes."""
        config = self.config
        z = config.prior.sample(n, config.latent_dim, rng, self.device)
        if not config.architecture.conditional:
            return z, None
        classes = len(config.dataset.classes)
        return z, torch.randint(classes, (n,), generator=rng, device=self.device)

    @torch.no_grad()
    def generate(self, z: Latents, labels: Classes | None = None) -> Samples:
        """Return G(z), of the given classes if the networks are told them."""
        x = self.network(z) if labels is None else self.network(z, labels)
        if self.config.architecture.standardise == "both":
            law = self.config.dataset.law()
            x = x * float(law.std()) + float(law.mean())
        return x

    def sample(self, n: int, rng: torch.Generator) -> Samples:
        """Draw `n` samples; `rng` lives on the generator's device."""
        return self.generate(*self.draw(n, rng))
