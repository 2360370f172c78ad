"""Ways through the latent space: walks, sheets, arithmetic and truncation.

Points that stand for a sample, such as the ends of a walk, are its z to the last bit.

A Gaussian in many dimensions lies near a sphere, and the straight line between two of its points
leaves it; there the arc is the path along which every point is a likely z (White 2016,
arXiv:1609.04468).

No point leaves the bounds of its prior: a coordinate that would is put on the bound. Between the
values of a discrete prior, and inside a sphere, no z is ever drawn; `Prior.contains` tells.
"""

from __future__ import annotations

import torch

from gan_core.priors import Prior
from gan_core.shapes import Corners, Latent, LatentGroup, LatentPath, Latents, PathShares


def lerp(start: Latent, end: Latent, share: PathShares) -> LatentPath:
    """Return start + t · (end − start) for every t in `share`."""
    return torch.lerp(start, end, share[:, None])


def slerp(start: Latent, end: Latent, share: PathShares) -> LatentPath:
    """Return sin((1 − t)Ω)/sin Ω · start + sin(tΩ)/sin Ω · end, with Ω the angle between both.

    Where the angle is 0 or 180°, no arc is defined and the line is taken.
    """
    cosine = torch.nn.functional.cosine_similarity(start, end).clamp(-1, 1)
    angle = torch.arccos(cosine)
    if angle.sin().abs() < 1e-4:
        return lerp(start, end, share)
    left, right = torch.sin((1 - share) * angle), torch.sin(share * angle)
    return (left[:, None] * start + right[:, None] * end) / angle.sin()


def walk(prior: Prior, start: Latent, end: Latent, count: int) -> LatentPath:
    """Return `count` points from `start` to `end`, each (1, latent), on the prior's path."""
    share = torch.linspace(0, 1, count, device=start.device)
    if not prior.isotropic:
        return lerp(start, end, share)
    path = slerp(start, end, share)
    path[0], path[-1] = start[0], end[0]
    return path


def line(start: Latent, end: Latent, count: int) -> LatentPath:
    """Return `count` points from `start` to `end` on a straight line."""
    return lerp(start, end, torch.linspace(0, 1, count, device=start.device))


def sheet(prior: Prior, corners: Corners, side: int) -> LatentPath:
    """Return side × side points, row by row, of the sheet that three samples span.

    `corners` are its upper left, upper right and lower left. The plane through them is
    a + s (b − a) + t (c − a); for an isotropic prior each point is scaled to the interpolated
    length of the corners at the same s and t.
    """
    points = plane(corners, side)
    if not prior.isotropic:
        return prior.clip(points)
    lengths = plane(corners.norm(dim=1, keepdim=True), side).clamp(min=1e-8)
    points = points / points.norm(dim=1, keepdim=True).clamp(min=1e-8) * lengths
    return _with_corners(points, corners, side)


def plane(corners: Corners, side: int) -> LatentPath:
    """Return side × side points, row by row, of the plane through three points."""
    a, b, c = corners
    steps = torch.linspace(0, 1, side, device=corners.device)
    t, s = (grid.reshape(-1, 1) for grid in torch.meshgrid(steps, steps, indexing="ij"))
    return _with_corners(a + s * (b - a) + t * (c - a), corners, side)


def _with_corners(points: LatentPath, corners: Corners, side: int) -> LatentPath:
    """Undo what rounding has done to the upper left, upper right and lower left point."""
    points[[0, side - 1, side * (side - 1)]] = corners
    return points


def arithmetic(prior: Prior, plus: LatentGroup, minus: LatentGroup, base: LatentGroup) -> Latent:
    """Return mean(plus) − mean(minus) + mean(base), of shape (1, latent).

    For an isotropic prior the sum is scaled to the length of `base` (Radford et al. 2016,
    arXiv:1511.06434, section 6.3.2, averages three samples each).
    """
    total = add(plus, minus, base)
    if not prior.isotropic:
        return prior.clip(total)
    return total * (base.norm(dim=1).mean() / total.norm(dim=1, keepdim=True).clamp(min=1e-8))


def add(plus: LatentGroup, minus: LatentGroup, base: LatentGroup) -> Latent:
    """Return mean(plus) − mean(minus) + mean(base), of shape (1, latent), as it is."""
    return (plus.mean(0) - minus.mean(0) + base.mean(0))[None]


def truncate(prior: Prior, z: Latents, psi: float) -> Latents:
    """Return z moved towards the prior's mean μ, or its median if it has no mean: μ + ψ · (z − μ).

    ψ = 1 changes nothing, ψ = 0 makes all samples equal: less variety for more typical samples
    (arXiv:1812.04948, appendix B, does this to StyleGAN's w).
    """
    center = torch.full_like(z, prior.center(z.shape[1]))
    return prior.clip(torch.lerp(center, z, psi))
