"""Experiments worth beginning with, each with what to look for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gan_core.config import ExperimentConfig


@dataclass(frozen=True)
class Preset:
    """An experiment as `ExperimentConfig.from_dict` reads it, and a sentence or two about it."""

    name: str
    title: str
    look_for: str
    experiment: dict[str, Any]
    paper: str = ""

    @property
    def config(self) -> ExperimentConfig:
        return ExperimentConfig.from_dict(self.experiment)


TEXTBOOK = {"name": "adam", "lr": 2e-4, "beta1": 0.5, "beta2": 0.999}
DCGAN_ADAM = {"name": "adam", "lr": 2e-4, "beta1": 0.5, "beta2": 0.999}
PAPER_2014 = "Goodfellow et al. 2014, arXiv:1406.2661"
MIXTURE = {"name": "normal_mixture", "modes": 3, "spacing": 4.0, "std": 0.6}

PRESETS = (
    Preset(
        "first_normal",
        "A bell curve from flat noise",
        "The orange hill starts at 0, travels to 4 and settles on the target within about "
        "five hundred steps. D's green curve flattens to ½ where the hills meet. Its "
        "shoulders are the bends of a small G; a wider or deeper one smooths them.",
        {"dataset": {"name": "normal", "mean": 4.0, "std": 1.25}},
        PAPER_2014,
    ),
    Preset(
        "introduction",
        "The training algorithm, one half at a time",
        "Pause it and press D step a few times: the green curve rises where samples are real and "
        "sinks where they are generated. Then press G step: the orange hill climbs the green "
        "curve. Training is these two, in turns.",
        {
            "dataset": {"name": "normal", "mean": 2.0, "std": 1.0},
            "n_critic": 3,
            "ema_decay": 0.0,
        },
        "Goodfellow 2016, tutorial, arXiv:1701.00160",
    ),
    Preset(
        "digits_dcgan",
        "Handwritten digits (DCGAN)",
        "Grey noise for the first seconds, strokes within half a minute, digits within two. "
        "Follow one place of the grid.",
        {"dataset": {"name": "mnist"}},
        "Radford et al. 2016, arXiv:1511.06434",
    ),
    Preset(
        "algorithm_1",
        "Algorithm 1 with convolutions, k = 2",
        "The 2014 algorithm on digits, with two updates of D for each of G. Scrub the timeline "
        "from epoch 1 to epoch 100 and 200, as papers of that time show their samples.",
        {
            "dataset": {"name": "mnist"},
            "architecture": {
                "generator": {"name": "cnn", "channels": 16},
                "discriminator": {"name": "cnn", "channels": 16},
            },
            "n_critic": 2,
            "optimizer_g": {"name": "adam", "lr": 5e-4, "beta1": 0.5, "beta2": 0.999},
            "optimizer_d": {"name": "adam", "lr": 5e-4, "beta1": 0.5, "beta2": 0.999},
        },
        PAPER_2014,
    ),
    Preset(
        "dcgan_64",
        "DCGAN on 64 × 64 colour pictures (cats)",
        "The network of the paper, at its size, on drawn cats. Loss_D, Loss_G, D(x) and D(G(z)) "
        "run along, and the timeline keeps the fixed noise's pictures at the end of each epoch. "
        "Colours come first, then bodies, then faces; without a GPU, be patient.",
        {
            "dataset": {"name": "cats"},
            "latent_dim": 100,
            "architecture": {
                "generator": {"name": "dcgan", "channels": 64},
                "discriminator": {"name": "dcgan", "channels": 64},
            },
            "optimizer_g": DCGAN_ADAM,
            "optimizer_d": DCGAN_ADAM,
            "ema_decay": 0.0,
        },
        "Radford et al. 2016, arXiv:1511.06434",
    ),
    Preset(
        "three_bells",
        "Three bells: are all of them found?",
        "One hill has to split in three. Watch the lines from z: G tears the noise apart, and the "
        "few samples in between are its seams.",
        {
            "dataset": MIXTURE,
            "architecture": {
                "generator": {"name": "mlp", "depth": 2, "width": 64},
                "discriminator": {"name": "mlp", "depth": 2, "width": 64},
            },
        },
    ),
    Preset(
        "wobble",
        "The wobble of the textbook settings",
        "No penalty, no average, a small learning rate: the hill sways around the target and the "
        "distances stop falling long before the dotted line.",
        {
            "dataset": {"name": "normal"},
            "architecture": {"standardise": "none"},
            "regularizer": {"name": "none"},
            "optimizer_g": TEXTBOOK,
            "optimizer_d": TEXTBOOK,
            "ema_decay": 0.0,
        },
    ),
    Preset(
        "wasserstein",
        "Wasserstein: a score instead of a verdict",
        "D gives a raw score with a bounded slope, and minus its loss estimates the distance "
        "between the hills: the loss climbs to 0 as they close up.",
        {
            "dataset": {"name": "normal"},
            "loss": {"name": "wasserstein"},
            "regularizer": {"name": "gradient_penalty", "strength": 10.0, "one_sided": True},
            "n_critic": 3,
        },
    ),
    Preset(
        "coin",
        "A coin cannot make a bell",
        "The noise is ±1, so G can make two numbers and no more, however long it trains. "
        "Raise the latent dimension and watch more peaks appear.",
        {"dataset": {"name": "normal"}, "prior": {"name": "bernoulli"}},
    ),
    Preset(
        "digits_mlp",
        "The vanilla GAN on digits",
        "Fully connected layers, LeakyReLU, batch norm in G, isotropic Gaussian noise. It learns "
        "faster at first and stays speckled, because it does not know that neighbouring pixels "
        "belong together.",
        {
            "dataset": {"name": "mnist"},
            "architecture": {
                "generator": {"name": "mlp", "depth": 2, "width": 256, "normalisation": "batch"},
                "discriminator": {"name": "mlp", "depth": 2, "width": 256, "dropout": 0.3},
            },
        },
        PAPER_2014,
    ),
    Preset(
        "digits_by_class",
        "Choose a digit, get that digit",
        "Both networks are told the class. Every column of the grid is one digit; choose one "
        "under View, and walk between its handwritings on the page Latent space.",
        {"dataset": {"name": "mnist"}, "architecture": {"conditional": True}},
        "Mirza & Osindero 2014, arXiv:1411.1784; Miyato & Koyama 2018, arXiv:1802.05637",
    ),
)
