"""Names for the shapes of tensors, used as annotations in all of `gan_core`.

Tests enforce them (`pytest --jaxtyping-packages=gan_core,beartype.beartype`). Otherwise `(n, 1)`
with `(n,)` broadcasts to `(n, n)`, and a wrong loss is trained without an error.
"""

from jaxtyping import Bool, Float, Int, Shaped, UInt8
from numpy import ndarray
from torch import Tensor

Logits = Float[Tensor, " n"]
"""Output of the discriminator: one unbounded score per sample."""

PerSample = Float[Tensor, " n"]
"""A loss or penalty per sample, before the average."""

Latents = Float[Tensor, "n latent"]
"""Noise z."""

Latent = Float[Tensor, "1 latent"]
"""One z."""

Mask = Bool[Tensor, " n"]
"""Yes or no for each z."""

Corners = Float[Tensor, "3 latent"]
"""Three z."""

LatentGroup = Float[Tensor, "_ latent"]
"""Some z, as many as they are."""

LatentPath = Float[Tensor, "points latent"]
"""Noise along a path or on a surface."""

Samples = Float[Tensor, "n *event"]
"""Data or generated samples; `event` is `1` for numbers and `C H W` for pictures in [-1, 1]."""

Pixels = UInt8[Tensor, "n channels height width"]
"""Stored pictures, 0 to 255."""

PixelArray = UInt8[ndarray, "n channels height width"]
"""Pictures for the page, 0 to 255."""

PathVectors = Float[Tensor, "points embedding"]
"""Class vectors along a path or on a surface."""

PathPixels = UInt8[ndarray, "points channels height width"]
"""Pictures along a path or on a surface, 0 to 255."""

Classes = Int[Tensor, " n"]
"""Labels."""

ClassVectors = Float[Tensor, "n embedding"]
"""The vectors that stand for classes beside the noise, learnt with a conditional generator."""

Condition = Classes | ClassVectors
"""What a conditional generator is told: labels, or vectors, which may lie between classes."""

PathShares = Float[Tensor, " points"]
"""Where points lie on a path: 0 at its start, 1 at its end."""

ClassCounts = Int[Tensor, " _"]
"""A number for each class."""

Index = Int[Tensor, " _"]
"""Numbers of pictures in a data set, from 0."""

Rows = Int[Tensor, "halves _"]
"""Numbers of the samples in each of several parts of a batch."""

Membership = Float[Tensor, "parts _"]
"""1 for the samples that are in each of several parts of a batch, 0 for the others."""

Factors = Int[Tensor, "n factors"]
"""Class numbers of pictures from 0, one column per factor."""

Population = Int[Tensor, "pictures factors"]
"""Class numbers of all pictures of a data set, one column per factor."""

Features = Float[Tensor, "n features"]
"""Features of pictures from a probe; similar pictures have close features."""

Centres = Float[Tensor, "centres features"]
"""Features that are the centers of balls."""

ClassLogits = Float[Tensor, "n _"]
"""A classifier's unbounded scores, one column per value of a factor."""

Shares = Float[Tensor, " values"]
"""Fractions that sum to 1."""

Distances = Float[Tensor, "n k"]
"""Distances of n pictures to k others."""

Candidates = Int[Tensor, "n candidates"]
"""Candidates for the nearest real pictures of n pictures."""

Neighbours = Int[Tensor, "n k"]
"""Numbers of the k nearest real pictures of each of n pictures."""

Weights = Float[Tensor, " _"]
"""All the weights of a network, one after another."""

Grid = Float[ndarray, " x"]
"""Points on an axis, or the values of a curve over them."""

Cells = Float[ndarray, " cells"]
"""Probabilities of the cells of an axis, and last that outside the axis."""

Ends = Float[ndarray, " lines"]
"""Start or end points of the lines from z to G(z)."""

Draws = Float[ndarray, "draws n"]
"""As many sets of numbers as there are draws."""

Values = Float[ndarray, " n"]
"""Numbers drawn from a 1-D distribution."""

SampleArray = Shaped[ndarray, "n *event"]
"""Samples for the page, as their kind of data wants them: floats, or pixels from 0 to 255."""
