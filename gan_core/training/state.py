"""The two networks of a run as they are now, and what can be asked of them."""

from __future__ import annotations

import copy
import threading

import numpy as np
import torch

from gan_core.config import ExperimentConfig
from gan_core.data.pixels import to_arrays
from gan_core.evaluation.frozen_generator import FrozenGenerator
from gan_core.networks import LayerRow, layer_table
from gan_core.networks.stateless import eval_mode, preserve_rng
from gan_core.runtime.device import (
    allow_tensor_cores,
    resolve_device,
    skip_dynamo_import,
    tune_malloc,
)
from gan_core.shapes import Classes, Latents, Logits, PixelArray, Samples, Values
from gan_core.training.ema import EMA
from gan_core.training.gan import GAN, network_inputs
from gan_core.training.memory_check import check_fits
from gan_core.training.optimization import OptimizerPair


class TrainState:
    """G and D on their device, with their optimizers. Nothing here trains them or changes a draw.

    Every random number comes from generators of its own, seeded by `config.seed`. Methods may be
    called from several threads; each waits for the step in progress.

    Raises:
        ValueError: if the device or the data set is not there, or a step would not fit into memory.
    """

    def __init__(self, config: ExperimentConfig, device: str) -> None:
        tune_malloc()
        skip_dynamo_import()
        self.config = config
        self.device = resolve_device(device)
        if self.device.type == "cuda":
            allow_tensor_cores()
        self.lock = threading.RLock()
        seeds = np.random.SeedSequence(config.seed).generate_state(6).tolist()
        self.gan = GAN(config, self.device, seeds)
        self.source = self.gan.source
        self.generator, self.discriminator = self.gan.generator, self.gan.discriminator
        check_fits(self.gan, config, begins=True)
        self.optimizers = OptimizerPair(self.gan)
        self.step_count = 0

    @property
    def ema(self) -> EMA | None:
        """The average of G that is displayed, if one is kept."""
        return self.optimizers.ema

    @property
    def optimizer_g(self) -> torch.optim.Optimizer:
        return self.optimizers.g.optimizer

    @property
    def optimizer_d(self) -> torch.optim.Optimizer:
        return self.optimizers.d.optimizer

    @torch.no_grad()
    def generate(self, z: Latents, labels: Classes | None = None) -> Samples:
        """Return what the displayed generator (the EMA where one is kept) makes of `z`.

        `labels` are the classes to make, if the networks are told them.
        """
        with self.lock, eval_mode(self.ema.network if self.ema else self.generator) as network:
            return self.gan.generate(z, labels, network)

    def sample(self, n: int) -> Samples:
        """Draw `n` new samples from the displayed generator; training is not disturbed.

        Where the networks are told a class, each is equally likely.
        """
        with self.lock:
            return self.generate(
                self.gan.sample_noise(n, "sample"), self.gan.sample_labels(n, "sample")
            )

    def frozen_generator(self) -> FrozenGenerator:
        """Return a copy of the displayed generator as it is now."""
        with self.lock:
            network = copy.deepcopy(self.ema.network if self.ema else self.generator).eval()
            return FrozenGenerator.of(self.config, network, self.step_count, self.device)

    @torch.no_grad()
    def discriminate(self, x: Samples, labels: Classes | None = None) -> Logits:
        """Return D's logits on samples, as it judges at rest: no dropout, no instance noise."""
        with self.lock, eval_mode(self.discriminator) as network:
            return network(*network_inputs(self.gan.standardize(x), labels))

    @torch.no_grad()
    def real_samples(self, n: int) -> Values | PixelArray:
        """Return `n` real samples, the same ones at every call, as `Snapshot.samples` are."""
        seed = int(np.random.SeedSequence([self.config.seed, 1]).generate_state(1)[0])
        real = self.source.batch(n, torch.Generator(self.device).manual_seed(seed))
        return to_arrays(real, self.config.dataset)

    def layers(self) -> dict[str, list[LayerRow]]:
        """Return the layer tables of both networks."""
        with self.lock, preserve_rng(self.gan.rng["dropout"]):
            return {
                "generator": layer_table(self.generator, (self.config.latent_dim,)),
                "discriminator": layer_table(self.discriminator, self.config.dataset.sample_shape),
            }
