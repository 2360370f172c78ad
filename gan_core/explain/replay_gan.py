"""A copy of a GAN that computes the losses of one batch repeatedly, to analyze them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import nn
from torch.nn.utils.parametrize import ParametrizationList

from gan_core.networks.base import leaf_layers
from gan_core.regularizers import REGULARIZERS
from gan_core.shapes import Classes, Samples
from gan_core.training.algorithm import discriminator_loss, generator_loss
from gan_core.training.gan import GAN, Batch, LossTerms

NETWORKS = ("generator", "discriminator")


class ReplayGAN(GAN):
    """A copy of a GAN that always uses one batch, with the same dropout and instance noise.

    D's loss has no penalty, and a relativistic loss compares G's samples with the batch's own real
    ones, where training draws new ones.

    Spectral norms are frozen. Batch norm uses the batch's own mean and variance, as in training,
    and updates no running statistics. Activations do not overwrite their inputs.
    """

    def __init__(self, gan: GAN, batch: Batch, dtype: torch.dtype | None = None) -> None:
        self.share(gan)
        exact = "fp32" if dtype is not None else gan.config.precision
        none = REGULARIZERS.create("none")
        self.config = gan.config.replace(regularizer=none, precision=exact)
        self.rng = {name: rng.clone_state() for name, rng in gan.rng.items()}
        self._start = {name: rng.get_state() for name, rng in self.rng.items()}
        streams = {id(rng): self.rng[name] for name, rng in gan.rng.items()}
        self.generator = copy.deepcopy(gan.generator, dict(streams)).to(dtype).train()
        self.discriminator = copy.deepcopy(gan.discriminator, dict(streams)).to(dtype).train()
        self.batch = batch.detach()
        if dtype is not None:
            real, fake, z = (x.detach().to(dtype) for x in (batch.real, batch.fake, batch.z))
            self.batch = replace(batch, z=z, fake=fake, real=real)
        for module in (*self.generator.modules(), *self.discriminator.modules()):
            if isinstance(module, ParametrizationList):
                module.eval()
            elif isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.track_running_stats = False
            elif hasattr(module, "inplace"):
                module.inplace = False

    def sample_real_input(
        self, n: int, labels: Classes | None = None
    ) -> tuple[Samples, Classes | None]:
        return self.batch.real, self.batch.labels

    def loss_terms(self, network: str) -> LossTerms:
        """Return a network's loss on the batch, whose fake samples are generated again from z."""
        for name, rng in self.rng.items():
            rng.set_state(self._start[name])
        batch = replace(self.batch, fake=self.generate(self.batch.z, self.batch.labels))
        return (
            discriminator_loss(self, batch)
            if network == "discriminator"
            else generator_loss(self, batch)
        )

    def layers(self, network: str) -> list[nn.Module]:
        """Return a network's layers in the order of use."""
        with self.recorded() as outputs, torch.no_grad():
            self.loss_terms("discriminator")
        chosen = leaf_layers(getattr(self, network))
        return [layer for layer in outputs if layer in chosen]

    @contextmanager
    def recorded(self) -> Iterator[dict[nn.Module, list[torch.Tensor]]]:
        """Collect every layer's outputs, in the order of use; D may be called more than once."""
        outputs: dict[nn.Module, list[torch.Tensor]] = {}

        def note(layer: nn.Module, _inputs: object, output: torch.Tensor) -> None:
            outputs.setdefault(layer, []).append(output)

        found = [*leaf_layers(self.generator), *leaf_layers(self.discriminator)]
        hooks = [layer.register_forward_hook(note) for layer in found]
        try:
            yield outputs
        finally:
            for hook in hooks:
                hook.remove()
