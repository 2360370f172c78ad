"""Presets of classic GANs for pictures."""

from __future__ import annotations

from gan_core.presets.base import PAPER_2014, TEXTBOOK, Preset

GROUP = "Pictures"

PICTURES = (
    Preset(
        "digits_dcgan",
        "Handwritten digits (DCGAN)",
        "Grey noise for the first seconds, strokes within half a minute, digits within two. "
        "Follow one place of the grid.",
        {"dataset": {"name": "mnist"}},
        "Radford et al. 2016, arXiv:1511.06434",
        group=GROUP,
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
        group=GROUP,
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
        group=GROUP,
    ),
    Preset(
        "digits_by_class",
        "Choose a digit, get that digit",
        "Both networks are told the class. Every column of the grid is one digit; choose one "
        "under View, and walk between its handwritings on the page Latent space.",
        {"dataset": {"name": "mnist"}, "architecture": {"conditional": True}},
        "Mirza & Osindero 2014, arXiv:1411.1784; Miyato & Koyama 2018, arXiv:1802.05637",
        group=GROUP,
    ),
    Preset(
        "dcgan_64",
        "DCGAN on 64 × 64 colour pictures (cats)",
        "The network of the paper, at its size, on drawn cats. Loss_D, Loss_G, D(x) and D(G(z)) "
        "run along, and the timeline keeps the fixed noise's pictures all along. "
        "Colours come first, then bodies, then faces; without a GPU, be patient.",
        {
            "dataset": {"name": "cats"},
            "latent_dim": 100,
            "architecture": {
                "generator": {"name": "dcgan", "channels": 64},
                "discriminator": {"name": "dcgan", "channels": 64},
            },
            "optimizer_g": TEXTBOOK,
            "optimizer_d": TEXTBOOK,
            "ema_decay": 0.0,
        },
        "Radford et al. 2016, arXiv:1511.06434",
        group=GROUP,
    ),
)
