"""The state of a run: networks, optimizers, random streams and counters, and access to samples."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from gan_core.config import ExperimentConfig
from gan_core.data import BatchSource
from gan_core.data.class_batch import draw_of_classes
from gan_core.evaluation.frozen_generator import FrozenGenerator
from gan_core.networks import LayerRow, layer_table
from gan_core.networks.stateless import clone_nested, eval_mode, preserve_rng
from gan_core.runtime.device import (
    allow_tensor_cores,
    resolve_device,
    skip_dynamo_import,
    tune_malloc,
)
from gan_core.shapes import (
    Classes,
    ClassVectors,
    Condition,
    Latents,
    Logits,
    PixelArray,
    Samples,
    Values,
)
from gan_core.training.ema import EMA
from gan_core.training.gan import GAN, Batch, network_inputs
from gan_core.training.memory_check import check_fits
from gan_core.training.monitoring.history import History
from gan_core.training.monitoring.state_history import StateSnapshot
from gan_core.training.monitoring.statistics import Statistics
from gan_core.training.optimization import OptimizerPair


class TrainState:
    """G and D on their device, their optimizers, and everything else that the next step depends on.

    Nothing here trains. Every random number comes from the run's own generators, seeded by
    `config.seed`. Methods may be called from several threads; each waits for the step in progress.
    `source` stands for the data set's own one: an `AbsentSource` for a run without its data.

    Raises:
        ValueError: if the device or the data set is not there, or a step would not fit into memory.
    """

    def __init__(
        self, config: ExperimentConfig, device: str, source: BatchSource | None = None
    ) -> None:
        tune_malloc()
        skip_dynamo_import()
        self.config = config
        self.device = resolve_device(device)
        if self.device.type == "cuda":
            allow_tensor_cores()
        self.lock = threading.RLock()
        seeds = np.random.SeedSequence(config.seed).generate_state(6).tolist()
        self.gan = GAN(config, self.device, seeds, source)
        self.source = self.gan.source
        self.generator, self.discriminator = self.gan.generator, self.gan.discriminator
        if source is None:
            check_fits(self.gan, config, begins=True)
        self.optimizers = OptimizerPair(self.gan)
        self.statistics = Statistics(self.gan)
        self.threads = torch.get_num_threads()
        """The number of threads that the steps use."""
        self.step_count = self.updates_d = self.samples_seen = 0
        self.config_changes: list[tuple[int, str]] = []
        """The steps at which settings changed, and what the charts call the change."""
        self._batch: Batch | None = None
        """The batch of the latest update."""
        self._batch_awaits_g = False
        """Whether D has seen the batch and G has not been updated on it yet."""
        self._d_updates_done = 0
        """The updates of D in the step in progress."""
        num_fixed = config.dataset.kind.num_fixed
        self.fixed_z = self.gan.sample_noise(num_fixed, "fixed")
        self.fixed_labels = None
        if self.gan.classes:
            self.fixed_labels = torch.arange(num_fixed, device=self.device) % self.gan.classes

    @property
    def history(self) -> History:
        """The statistics of the steps that are kept."""
        return self.statistics.history

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

    @property
    def step_fraction(self) -> float:
        """The part of the step in progress that is done, by its updates: 0 between two steps."""
        return self._d_updates_done / (self.config.n_critic + 1)

    @torch.no_grad()
    def generate(self, z: Latents, labels: Condition | None = None) -> Samples:
        """Return the samples that the displayed generator (the EMA if there is one) makes of `z`.

        `labels` are their classes, or class vectors, if the networks are conditional.
        """
        with self.lock, eval_mode(self.ema.network if self.ema else self.generator) as network:
            return self.gan.generate(z, labels, network)

    def numbered_labels(self, label: int | None = None) -> Classes | None:
        """Return the classes of the samples of the fixed noise: their own, or `label` for all.

        None if the networks are not conditional.
        """
        if self.fixed_labels is None or label is None:
            return self.fixed_labels
        return torch.full_like(self.fixed_labels, label)

    def generate_fixed(self, label: int | None = None) -> Samples:
        """Return the samples of the fixed noise: each of its own class, or all of class `label`."""
        return self.generate(self.fixed_z, self.numbered_labels(label))

    @torch.no_grad()
    def class_vectors(self, label: int | None = None) -> ClassVectors | None:
        """Return the vectors that `generate_fixed` puts beside the noise; None without classes."""
        labels = self.numbered_labels(label)
        if labels is None:
            return None
        with self.lock:
            return (self.ema.network if self.ema else self.generator).embedding(labels)

    def sample(self, n: int) -> Samples:
        """Draw `n` new samples from the displayed generator, without an effect on training.

        Where the networks are conditional, each class is equally likely.
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
        """Return D's logits on samples in evaluation mode: no dropout, no instance noise."""
        with self.lock, eval_mode(self.discriminator) as network:
            return network(*network_inputs(self.gan.standardize(x), labels))

    @torch.no_grad()
    def real_samples(self, n: int, label: int | None = None) -> Values | PixelArray:
        """Return `n` real samples, the same ones at every call, as `Snapshot.samples` are.

        Where the networks are conditional, they have the classes of the samples of the fixed noise:
        each its own, or all `label`.
        """
        seed = int(np.random.SeedSequence([self.config.seed, 1]).generate_state(1)[0])
        rng = torch.Generator(self.device).manual_seed(seed)
        labels = self.numbered_labels(label)
        if labels is None:
            real = self.source.batch(n, rng)
        else:
            real = draw_of_classes(self.source, labels[torch.arange(n) % len(labels)], rng)
        return self.config.dataset.kind.to_arrays(real)

    def layers(self) -> dict[str, list[LayerRow]]:
        """Return the layer tables of both networks."""
        with self.lock, preserve_rng(self.gan.rng["dropout"]):
            return {
                "generator": layer_table(self.generator, (self.config.latent_dim,)),
                "discriminator": layer_table(self.discriminator, self.config.dataset.sample_shape),
            }

    def training_state(self) -> dict[str, Any]:
        """Return a copy of everything that the next step depends on."""
        return clone_nested(self.optimizers.state_dict() | self.aux_state())

    def aux_state(self) -> dict[str, Any]:
        """Return everything that the next step depends on, except weights and optimizer state.

        The tensors are not copied. The keys are those of checkpoints.
        """
        return {
            "rng": {name: rng.get_state() for name, rng in self.gan.rng.items()},
            "fixed_z": self.fixed_z,
            "latest": self.statistics.compute(),
            "z": None if self._batch is None else self._batch.z,
            "labels": None if self._batch is None else self._batch.labels,
            "z_is_fresh": self._batch_awaits_g,
            "counters": {
                "step": self.step_count,
                "updates_d": self.updates_d,
                "samples_seen": self.samples_seen,
                "of_this_step": self._d_updates_done,
            },
        }

    def capture_state(self) -> StateSnapshot:
        """Return the present state, to which a run can be restored."""
        with self.lock:
            state = self.training_state()
            del state["fixed_z"]  # never changes, and is larger than many a network
            return StateSnapshot(self.step_count, self.config, state)

    def load_training_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `training_state` returned."""
        state = clone_nested(dict(state))
        self.optimizers.load_state_dict(state)
        self.load_aux_state(state)

    def load_aux_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `aux_state` returned; its tensors become the run's own."""
        for name, rng in self.gan.rng.items():
            rng.set_state(state["rng"][name].cpu())
        self.fixed_z = state.get("fixed_z", self.fixed_z)
        self.statistics.restore(state["latest"])
        self._batch_awaits_g = state["z_is_fresh"]
        self._batch = None
        if state["z"] is not None:
            self._batch = Batch(state["z"], state["labels"], None)
        self.step_count = state["counters"]["step"]
        self.updates_d = state["counters"]["updates_d"]
        self.samples_seen = state["counters"]["samples_seen"]
        self._d_updates_done = state["counters"]["of_this_step"]
