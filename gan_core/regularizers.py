"""Regularizers of the discriminator: penalties on its gradient, or limits on its weights.

A penalty is added to D's loss. Gradients are taken with respect to D's input, which is standardized
if the experiment says so; a strength then means the same for every target.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from gan_core.registry import Component, Registry, knob
from gan_core.shapes import PerSample, Samples

REGULARIZERS = Registry("regularizer")

Critic = Callable[[Samples], torch.Tensor]


@dataclass(frozen=True)
class Regularizer(Component):
    """A regularizer that keeps D smooth; the base class does nothing."""

    needs_input_grad: ClassVar[bool] = False
    """Whether it uses D's gradient at the samples of the batch."""

    penalizes_gradient: ClassVar[bool] = False
    """Whether it is made of D's gradient for each sample, which batch norm in D takes away."""

    def penalty(
        self, discriminator: Critic, real: Samples, fake: Samples, rng: torch.Generator
    ) -> PerSample | None:
        """Return the penalty that is added to D's loss, or None."""
        return None

    def after_update(self, discriminator: nn.Module) -> None:
        """Change D's weights in place after its update."""


def gradient_square_norm(discriminator: Critic, x: Samples) -> PerSample:
    """Return ‖∇ₓ D(x)‖² for every sample, differentiable in D's parameters."""
    if not x.requires_grad:
        x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
    return gradient.flatten(1).square().sum(1)


def gradient_norm(discriminator: Critic, x: Samples) -> PerSample:
    """Return ‖∇ₓ D(x)‖ for every sample; its derivative at 0 is 0, not NaN."""
    square = gradient_square_norm(discriminator, x)
    return torch.where(square > 0, square, 1.0).sqrt() * (square > 0)


def per_sample_uniform(x: Samples, rng: torch.Generator) -> torch.Tensor:
    """Return one uniform number per sample, in a shape that broadcasts against `x`."""
    shape = (x.shape[0],) + (1,) * (x.dim() - 1)
    return torch.rand(shape, generator=rng, device=x.device)


@REGULARIZERS.register("none", title="None", equation=r"R=0")
@dataclass(frozen=True)
class NoRegularizer(Regularizer):
    """D is as free as its layers allow."""


@REGULARIZERS.register(
    "gradient_penalty",
    title="Gradient penalty",
    paper="Gulrajani et al. 2017, arXiv:1704.00028, eq. 3",
    equation=r"R=\lambda\,(\lVert\nabla_{\hat x}a(\hat x)\rVert-1)^2 \\ \hat x=u\,x+(1-u)\,G(z)",
)
@dataclass(frozen=True)
class GradientPenalty(Regularizer):
    """Pulls D's slope to 1 on random points between real and generated samples.

    Choose a D without batch norm: with it a sample has no gradient of its own.
    """

    penalizes_gradient = True
    strength: float = knob(
        10.0, low=0.01, high=100.0, log=True, label="strength λ", help="λ, the penalty's weight."
    )
    one_sided: bool = knob(False, help="Punish only slopes above 1 (arXiv:1709.08894).")

    def penalty(
        self, discriminator: Critic, real: Samples, fake: Samples, rng: torch.Generator
    ) -> PerSample:
        mix = per_sample_uniform(real, rng)
        return penalise_slope(self, discriminator, mix * real + (1 - mix) * fake)


@REGULARIZERS.register(
    "dragan",
    title="DRAGAN",
    paper="Kodali et al. 2017, arXiv:1705.07215",
    equation=r"R=\lambda\,(\lVert\nabla_{\hat x}a(\hat x)\rVert-1)^2"
    r" \\ \hat x=x+\texttt{spread}\cdot s_x\,\varepsilon,\quad\varepsilon\sim N(0,I)",
)
@dataclass(frozen=True)
class Dragan(Regularizer):
    """Pulls D's slope to 1 in a noisy neighbourhood of the real samples only.

    The noise is the paper's, N(0, c·I) with c = (spread · s_x)². The authors' code draws it from
    0 to spread · s_x instead, which moves all points to one side.

    Choose a D without batch norm: with it a sample has no gradient of its own.
    """

    penalizes_gradient = True
    strength: float = knob(
        10.0, low=0.01, high=100.0, log=True, label="strength λ", help="λ, the penalty's weight."
    )
    one_sided: bool = knob(False, help="Punish only slopes above 1.")
    spread: float = knob(0.5, low=0.05, high=2.0, help="Noise, in standard deviations of the data.")

    def penalty(
        self, discriminator: Critic, real: Samples, fake: Samples, rng: torch.Generator
    ) -> PerSample:
        noise = torch.randn(real.shape, generator=rng, device=real.device)
        std = real.std(correction=0)  # Bessel's correction would give NaN for a batch of one number
        return penalise_slope(self, discriminator, real + self.spread * std * noise)


def penalise_slope(
    settings: GradientPenalty | Dragan, discriminator: Critic, x: Samples
) -> PerSample:
    """Return λ(‖∇D(x)‖ − 1)²; if `settings.one_sided`, 0 for gradients below 1."""
    excess = gradient_norm(discriminator, x) - 1
    if settings.one_sided:
        excess = excess.clamp(min=0)
    return settings.strength * excess.square()


@REGULARIZERS.register(
    "r1",
    title="R1",
    paper="Mescheder et al. 2018, arXiv:1801.04406, eq. 9",
    equation=r"R=\tfrac{\gamma}{2}\lVert\nabla_x a(x)\rVert^2",
)
@dataclass(frozen=True)
class R1(Regularizer):
    """Flattens D where the data are, so that the game comes to rest there.

    Choose a D without batch norm: with it a sample has no gradient of its own.
    """

    penalizes_gradient = True
    needs_input_grad = True
    gamma: float = knob(
        0.5, low=0.001, high=100.0, log=True, label="γ", help="γ, the penalty's weight."
    )

    def penalty(
        self, discriminator: Critic, real: Samples, fake: Samples, rng: torch.Generator
    ) -> PerSample:
        return self.gamma / 2 * gradient_square_norm(discriminator, real)


@REGULARIZERS.register(
    "r1_r2",
    title="R1 + R2",
    paper="Mescheder et al. 2018, arXiv:1801.04406; Huang et al. 2024, arXiv:2501.05441",
    equation=r"R=\tfrac{\gamma}{2}\lVert\nabla_x a(x)\rVert^2"
    r" \\ {}+\tfrac{\gamma}{2}\lVert\nabla_x a(G(z))\rVert^2",
)
@dataclass(frozen=True)
class R1R2(Regularizer):
    """Flattens D on the real and on the generated samples.

    Choose a D without batch norm: with it a sample has no gradient of its own.
    """

    penalizes_gradient = True
    needs_input_grad = True
    gamma: float = knob(
        0.5, low=0.001, high=100.0, log=True, label="γ", help="γ, the weight of both."
    )

    def penalty(
        self, discriminator: Critic, real: Samples, fake: Samples, rng: torch.Generator
    ) -> PerSample:
        both = gradient_square_norm(discriminator, real) + gradient_square_norm(discriminator, fake)
        return self.gamma / 2 * both


@REGULARIZERS.register(
    "weight_clipping",
    title="Weight clipping",
    paper="Arjovsky et al. 2017, arXiv:1701.07875, algorithm 1",
    equation=r"w\leftarrow\mathrm{clip}(w,-c,c)",
)
@dataclass(frozen=True)
class WeightClipping(Regularizer):
    """Cuts every weight of D to a small box after each update; crude, and the first of its kind."""

    limit: float = knob(
        0.01, low=0.001, high=1.0, log=True, label="limit c", help="c, the half-width of the box."
    )

    @torch.no_grad()
    def after_update(self, discriminator):
        for parameter in discriminator.parameters():
            parameter.clamp_(-self.limit, self.limit)
