"""Names for the shapes of tensors, used as annotations all over `gan_core`.

They are enforced while testing (`pytest --jaxtyping-packages=gan_core,beartype.beartype`):
without that, `(n, 1)` against `(n,)` broadcasts to `(n, n)` and a loss trains wrongly in silence.
"""

from jaxtyping import Float, Int, UInt8
from numpy import ndarray
from torch import Tensor

Logits = Float[Tensor, " n"]
"""What the discriminator returns: one unbounded score a sample."""

PerSample = Float[Tensor, " n"]
"""A loss or penalty before anybody averages it."""

Latents = Float[Tensor, "n latent"]
"""Noise z."""

Latent = Float[Tensor, "1 latent"]
"""A single z."""

Corners = Float[Tensor, "3 latent"]
"""Three of them."""

LatentPath = Float[Tensor, "points latent"]
"""Noise along a path or over a sheet."""

Samples = Float[Tensor, "n *event"]
"""Data or generated samples; `event` is `1` for numbers and `C H W` for pictures in [-1, 1]."""

Pixels = UInt8[Tensor, "n channels height width"]
"""Stored pictures, 0 to 255."""

PixelArray = UInt8[ndarray, "n channels height width"]
"""Pictures on their way to the page, 0 to 255."""

Classes = Int[Tensor, " n"]
"""Labels."""

Index = Int[Tensor, " _"]
"""Which pictures: their places in a data set, from 0."""

Factors = Int[Tensor, "n factors"]
"""What is known of each picture, a column a factor: class numbers from 0."""

Population = Int[Tensor, "pictures factors"]
"""What is known of all the pictures of a data set."""

Features = Float[Tensor, "n features"]
"""What a probe makes of pictures: points whose distances mean something."""

Centres = Float[Tensor, "centres features"]
"""Features around which balls are laid."""

ClassLogits = Float[Tensor, "n _"]
"""A classifier's unbounded scores, a column for every value of one factor."""

Shares = Float[Tensor, " values"]
"""Parts of a whole, adding up to 1."""

Distances = Float[Tensor, "n k"]
"""How far each of n pictures is from each of k."""

Candidates = Int[Tensor, "n candidates"]
"""Real pictures among which the nearest of n pictures will be."""

Neighbours = Int[Tensor, "n k"]
"""Which real pictures are the k nearest to each of n pictures."""

Weights = Float[Tensor, " _"]
"""All the weights of a network, one after another."""

Grid = Float[ndarray, " x"]
"""Points on an axis, or the values of a curve over them."""

Cells = Float[ndarray, " cells"]
"""Probabilities of the cells of an axis, and of what lies beyond it."""

Ends = Float[ndarray, " lines"]
"""Where the lines from z to G(z) begin, or end."""

Values = Float[ndarray, " n"]
"""Numbers drawn from a 1-D distribution."""
