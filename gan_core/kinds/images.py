"""Images: a set of pictures of one size, held as bytes."""

from __future__ import annotations

from gan_core.data.image_grid import grid
from gan_core.data.kind import DataKind, register_kind
from gan_core.data.pixels import to_uint8
from gan_core.diagnosis.image_indicators import earlier_grids, image_indicators, image_reference
from gan_core.evaluation.evaluate import Evaluation
from gan_core.evaluation.metrics import METRICS
from gan_core.evaluation.metrics.images import IMAGE_METRICS
from gan_core.kinds.density_image import THUMBNAIL
from gan_core.training.monitoring.density_observer import MOMENTS

THUMBNAIL_SIDE = 4


class Images(DataKind):
    """Images of one size, in [-1, 1]."""

    name = "images"
    noun = "pictures"
    page = "pictures"
    experiment = {
        "prior": {"name": "gaussian"},
        "latent_dim": 64,
        "architecture": {
            "generator": {"name": "dcgan", "channels": 32},
            "discriminator": {"name": "dcgan", "channels": 32},
        },
        "loss": {"name": "non_saturating"},
        "regularizer": {"name": "none"},
        "optimizer_g": {"name": "adam", "lr": 5e-4, "beta1": 0.5, "beta2": 0.999},
        "optimizer_d": {"name": "adam", "lr": 5e-4, "beta1": 0.5, "beta2": 0.999},
        "batch_size": 64,
        "ema_decay": 0.99,
    }
    """DCGAN as in arXiv:1511.06434, with a learning rate that shows digits within two minutes."""
    default_dataset = {"name": "mnist"}
    may_standardize = False
    r1_gamma = 1.0
    num_fixed = 64
    num_equilibrium = 512
    history_columns = (*METRICS.names(), *MOMENTS)
    """Always empty; part of the format of checkpoints."""
    evaluation_metrics = tuple(IMAGE_METRICS.names())
    best_by = "frechet"

    def check(self, config):
        if config.architecture.standardise != "none":
            raise ValueError(
                f"architecture: standardise = {config.architecture.standardise!r} is for numbers; "
                "pictures are in [-1, 1] already: none."
            )

    def to_arrays(self, samples):
        return to_uint8(samples)

    def to_frame(self, samples):
        return to_uint8(samples)

    def frame_shape(self, dataset):
        return (self.num_fixed, *dataset.sample_shape)

    def evaluate(self, frozen, dataset, source, samples, seed):
        return (yield from Evaluation(frozen, dataset, source, samples, seed).slices())

    def draw(self, snapshot):
        return grid(snapshot.samples)

    def thumbnail(self, snapshot):
        few = grid(snapshot.samples[: 2 * THUMBNAIL_SIDE**2], 2 * THUMBNAIL_SIDE)
        few.thumbnail((2 * THUMBNAIL[0], 2 * THUMBNAIL[1]))
        return few

    def doctor_reference(self, state):
        return image_reference(state.source, state.gan.classes)

    def sample_indicators(self, state, snapshot, reference, since, report):
        earlier = earlier_grids(state.timeline, snapshot.step)
        labels, names = state.fixed_labels, state.config.dataset.classes
        return image_indicators(snapshot.samples, reference, report, earlier, labels, names)


register_kind(Images())
