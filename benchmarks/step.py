"""Steps a second of the trainer and of the textbook loop: `python benchmarks/step.py [--json]`.

Both train the same networks on the same losses, side by side in turns, each in a process of its
own, as each would run; the figures are medians over the turns. The textbook loop is Algorithm 1
as it is printed, fresh noise for either half, in the form of introductory tutorials: BCELoss on
sigmoids, Adam as it comes, `backward` through both networks, `.item()` after each half, and for
pictures a DataLoader over a torchvision data set with `ToTensor` and `Normalize`.
"""

from __future__ import annotations

import argparse
import copy
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
import torchvision
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms

from gan_core import ExperimentConfig, Trainer
from gan_core.data.pictures import Pictures
from gan_core.regularizers import R1
from gan_core.runs import prepare

TEXTBOOK_ADAM = {"name": "adam", "lr": 2e-4, "beta1": 0.5, "beta2": 0.999}


def dense(width_g: int, width_d: int, depth: int = 1) -> dict[str, object]:
    return {
        "generator": {"name": "mlp", "depth": depth, "width": width_g},
        "discriminator": {"name": "mlp", "depth": depth, "width": width_d},
    }


PLAIN = {
    "regularizer": "none",
    "ema_decay": 0.0,
    "optimizer_g": TEXTBOOK_ADAM,
    "optimizer_d": TEXTBOOK_ADAM,
}
SMALL = {"architecture": dense(16, 64) | {"standardise": "none"}} | PLAIN
CASES: dict[str, tuple[dict[str, object], int]] = {
    "1-D, G 16 / D 64, batch 64": (SMALL | {"batch_size": 64}, 400),
    "1-D, G 16 / D 64, batch 256": (SMALL | {"batch_size": 256}, 400),
    "1-D default (R1, EMA), batch 128": ({}, 400),
    "digits, MLP 512, batch 128": (
        {"dataset": "mnist", "batch_size": 128, "architecture": dense(512, 512, 2)} | PLAIN,
        20,
    ),
    "digits, DCGAN 28×28, batch 64": ({"dataset": "mnist"} | PLAIN, 8),
    "cats, DCGAN 3×64×64, batch 64": (
        {
            "dataset": "cats",
            "latent_dim": 100,
            "batch_size": 64,
            "architecture": {
                "generator": {"name": "dcgan", "channels": 64},
                "discriminator": {"name": "dcgan", "channels": 64},
            },
        }
        | PLAIN,
        2,
    ),
}
"""Experiments, and the steps taken in each turn."""

WARM_UP = 50
"""Up to this step the trainer measures more than later on."""


class TutorialPictures(torchvision.datasets.VisionDataset):
    """Pictures as torchvision's own data sets give them: one by one, through PIL and transforms."""

    def __init__(self, dataset: Pictures) -> None:
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
    if config.dataset.pictures:
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


def rate(steps: Callable[[int], object], count: int) -> float:
    began = time.perf_counter()
    steps(count)
    return count / (time.perf_counter() - began)


def serve_textbook(experiment: dict[str, object], threads: int, orders: Connection) -> None:
    """Run the textbook loop for as many steps as ordered, again and again; answer with its rate."""
    torch.set_num_threads(threads)
    plain = textbook(ExperimentConfig.from_dict(experiment))
    while count := orders.recv():
        orders.send(rate(plain, count))


def compare(experiment: dict[str, object], count: int, turns: int) -> dict[str, object]:
    config = ExperimentConfig.from_dict(experiment)
    prepare(config.dataset)
    here, there = multiprocessing.Pipe()
    arguments = experiment, torch.get_num_threads(), there
    process = multiprocessing.get_context("spawn").Process(target=serve_textbook, args=arguments)
    process.start()

    def plain_rate() -> float:
        here.send(count)
        return here.recv()

    trainer = Trainer(config)
    trainer.step(max(count, WARM_UP))
    plain_rate()
    pairs = [(rate(trainer.step, count), plain_rate()) for _ in range(turns)]
    here.send(0)
    process.join()
    ours, theirs = zip(*pairs, strict=True)
    return {
        "engine": "eager",
        "steps_per_s": round(statistics.median(ours), 2),
        "textbook_steps_per_s": round(statistics.median(theirs), 2),
        "ratio": round(statistics.median(a / b for a, b in pairs), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if not options.json:
        print(f"torch {torch.__version__}, {options.threads} threads, {options.turns} turns")
        print(f"{'case':36} {'ours':>8} {'textbook':>9} {'ratio':>6}   steps/s, medians")
    for case, (experiment, count) in CASES.items():
        row = {"case": case} | compare(experiment, count, options.turns)
        if options.json:
            print(json.dumps(row, ensure_ascii=False), flush=True)
        else:
            figures = row["steps_per_s"], row["textbook_steps_per_s"], row["ratio"]
            print("{:36} {:8} {:9} {:6}".format(case, *figures), flush=True)


if __name__ == "__main__":
    main()
