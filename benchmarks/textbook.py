"""The textbook loop: Algorithm 1 as it is printed, in the form of introductory tutorials.

Fresh noise for either half, BCELoss on sigmoids, Adam as it comes, `backward` through both
networks, `.item()` after each half, and for pictures a DataLoader over a torchvision data set with
`ToTensor` and `Normalize`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import torch
import torchvision
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms

from gan_core import ExperimentConfig
from gan_core.data.base import ImageDataset
from gan_core.regularizers import R1


class TutorialPictures(torchvision.datasets.VisionDataset):
    """Pictures as torchvision's own data sets give them: one by one, through PIL and transforms."""

    def __init__(self, dataset: ImageDataset) -> None:
        pictures = dataset.load()
        self.pixels = [image.permute(1, 2, 0).squeeze(2).numpy() for image in pictures.images]
        channels = dataset.sample_shape[0]
        half = (0.5,) * channels
        steps = [transforms.ToTensor(), transforms.Normalize(half, half)]
        super().__init__("", transform=transforms.Compose(steps))

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.transform(Image.fromarray(self.pixels[index]))


def endless(loader: DataLoader) -> Iterator[torch.Tensor]:
    while True:
        yield from loader


def real_batches(config: ExperimentConfig) -> Iterator[torch.Tensor]:
    n = config.batch_size
    if config.dataset.kind_name == "images":
        data = TutorialPictures(config.dataset)
        yield from endless(DataLoader(data, batch_size=n, shuffle=True, drop_last=True))
    while True:
        yield config.dataset.mean + config.dataset.std * torch.randn(n, 1)


def textbook(config: ExperimentConfig) -> Callable[[int], None]:
    """Return the plain loop on the networks, data and regularizer of `config`."""
    shape = config.dataset.sample_shape
    parts = config.architecture
    g = parts.generator.build(config.latent_dim, shape)
    d = parts.discriminator.build(shape, torch.Generator())
    settings = config.optimizer_g
    betas = (settings.beta1, settings.beta2)
    adam_g = torch.optim.Adam(g.parameters(), lr=settings.lr, betas=betas)
    adam_d = torch.optim.Adam(d.parameters(), lr=settings.lr, betas=betas)
    average = copy.deepcopy(g) if config.ema_decay else None
    bce = nn.BCELoss()
    n = config.batch_size
    ones, zeros = torch.ones(n), torch.zeros(n)
    batches = real_batches(config)
    mean, std = 0.0, 1.0
    if parts.standardise != "none":
        mean, std = config.dataset.mean, config.dataset.std

    def steps(count: int) -> None:
        for _ in range(count):
            adam_d.zero_grad()
            real = (next(batches) - mean) / std
            r1 = isinstance(config.regularizer, R1)
            real.requires_grad_(r1)
            logits = d(real)
            loss_real = bce(torch.sigmoid(logits), ones)
            fake = (g(config.prior.sample(n, config.latent_dim, None)) - mean) / std
            loss_fake = bce(torch.sigmoid(d(fake.detach())), zeros)
            loss_d = loss_real + loss_fake
            if r1:
                (slope,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
                square = slope.flatten(1).pow(2).sum(1).mean()
                loss_d = loss_d + config.regularizer.gamma / 2 * square
            loss_d.backward()
            adam_d.step()
            loss_d.item()
            adam_g.zero_grad()
            fake = (g(config.prior.sample(n, config.latent_dim, None)) - mean) / std
            loss_g = bce(torch.sigmoid(d(fake)), ones)
            loss_g.backward()
            adam_g.step()
            loss_g.item()
            if average is not None:
                with torch.no_grad():
                    for old, new in zip(average.parameters(), g.parameters(), strict=True):
                        old.mul_(config.ema_decay).add_(new, alpha=1 - config.ema_decay)

    return steps
