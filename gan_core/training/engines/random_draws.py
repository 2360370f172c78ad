"""The random numbers of a step: how each is drawn is recorded once, by a step without side effects.

A compiled step cannot call a random generator. All of its numbers are therefore drawn before it
begins, by the same calls in the same order, so that every engine uses the run's random streams
alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from gan_core.shapes import Classes, Latents, Samples
from gan_core.training.algorithm import discriminator_loss, generator_loss
from gan_core.training.gan import GAN

DrawFn = Callable[[Classes | None], tuple[torch.Tensor, ...]]
"""Makes one draw, given the classes of D's batch, and returns its tensors."""

DrawHandler = Callable[[str, DrawFn], tuple[torch.Tensor, ...]]
"""Returns the tensors of a draw, given its kind (`real`, `real_of_classes`, `noise` or `call`) and
how it is made."""


@dataclass
class RandomDraws:
    """The draws of an update of D and of one of G, in their order."""

    of_d: list[DrawFn] = field(default_factory=list)
    of_g: list[DrawFn] = field(default_factory=list)
    z: int = 0
    """The index of the noise among the tensors of `draw_d`."""
    fresh_z: int | None = None
    """The index of G's own noise among those of `draw_g`, if it does not learn on D's."""
    labels: int | None = None
    """The index of the classes among those of `draw_d`, if the networks are conditional."""

    def draw_d(self) -> list[torch.Tensor]:
        """Draw the numbers of an update of D."""
        return [number for make in self.of_d for number in make(None)]

    def draw_g(self, drawn_for_d: list[torch.Tensor]) -> list[torch.Tensor]:
        """Draw the numbers of an update of G after one of D, whose numbers are given."""
        labels = self.labels_of(drawn_for_d)
        return [number for make in self.of_g for number in make(labels)]

    def labels_of(self, drawn_for_d: list[torch.Tensor]) -> Classes | None:
        """Return the classes among the numbers of an update of D."""
        return None if self.labels is None else drawn_for_d[self.labels]


class PredrawnGAN(GAN):
    """A GAN that shares everything with another, but gets real samples and noise from `deal`."""

    def __init__(self, gan: GAN, deal: DrawHandler) -> None:
        self.share(gan)
        self._gan, self._deal = gan, deal

    def sample_real(self, n: int, labels: Classes | None = None) -> tuple[Samples, Classes | None]:
        if labels is not None:
            draw = lambda of_batch: self._gan.sample_real(n, of_batch)[:1]  # noqa: E731
            return self._deal("real_of_classes", draw)[0], labels
        dealt = self._deal(
            "real", lambda _: tuple(x for x in self._gan.sample_real(n) if x is not None)
        )
        return dealt if len(dealt) == 2 else (dealt[0], None)

    def sample_noise(self, n: int, stream: str = "train") -> Latents:
        return self._deal("noise", lambda _: (self._gan.sample_noise(n, stream),))[0]


class RandomOpHook(TorchDispatchMode):
    """Passes every operation that draws from a generator to `deal` instead of executing it."""

    def __init__(self, deal: DrawHandler) -> None:
        super().__init__()
        self._deal = deal

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if kwargs.get("generator") is None:
            return func(*args, **kwargs)
        if not func._schema.is_mutable:
            return self._deal("call", lambda _: (func(*args, **kwargs),))[0]
        filled, rest = args[0], args[1:]
        like = partial(
            torch.empty_strided,
            tuple(filled.shape),
            filled.stride(),
            dtype=filled.dtype,
            device=filled.device,
        )
        (drawn,) = self._deal("call", lambda _: (func(like(), *rest, **kwargs),))
        return torch.ops.aten.copy_.default(filled, drawn)


def record_draws(gan: GAN) -> RandomDraws:
    """Record how a step draws its random numbers, without side effects."""
    random_draws, inside, drawn = RandomDraws(), False, 0
    draws, labels = random_draws.of_d, None

    def deal(kind: str, make: DrawFn) -> tuple[torch.Tensor, ...]:
        nonlocal inside, drawn, labels
        if inside:  # a call to a generator within a draw that is recorded as a whole
            return make(labels)
        inside = True
        numbers = make(labels)
        inside = False
        if kind == "noise":
            setattr(random_draws, "z" if draws is random_draws.of_d else "fresh_z", drawn)
        elif kind == "real" and len(numbers) == 2:
            random_draws.labels, labels = drawn + 1, numbers[1]
        draws.append(make)
        drawn += len(numbers)
        return numbers

    recording = PredrawnGAN(gan, deal)
    with gan.no_side_effects(), RandomOpHook(deal):
        batch = recording.sample_batch()
        discriminator_loss(recording, batch)
        draws, drawn = random_draws.of_g, 0
        generator_loss(recording, recording.generator_batch(batch))
    return random_draws
