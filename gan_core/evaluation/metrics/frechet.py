"""The Fréchet distance between generated and real images, in the features of a classifier."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gan_core.evaluation.metrics.base import BLURRED, FEW, IMAGE_METRICS, ImageMetric
from gan_core.runtime.tasks import ProgressReport
from gan_core.shapes import Centres, Features


@IMAGE_METRICS.register(
    "frechet",
    title="Fréchet distance (classifier features)",
    paper="Heusel et al. 2017, arXiv:1706.08500, equation 6, on other features",
    equation=r"\lVert\mu_r-\mu_g\rVert^2"
    r" \\ {}+\mathrm{Tr}\bigl(\Sigma_r+\Sigma_g-2(\Sigma_r\Sigma_g)^{1/2}\bigr)",
)
@dataclass(frozen=True)
class Frechet(ImageMetric):
    """How far two bell curves are apart that have the mean and covariance of the features."""

    unit = "squared feature units"
    fewest = 2
    must_see = (BLURRED, FEW)

    def slices(self, real, fake):
        # Imported when it is needed: it takes 1.5 s, which the first page would wait for.
        from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

        statistics = []
        for i, batch in enumerate((real, fake)):
            yield ProgressReport(i / 3, self.title)
            statistics.append(fid_features_to_statistics(batch.features))
        yield ProgressReport(2 / 3, self.title)
        (value,) = fid_statistics_to_metric(*statistics, verbose=False).values()
        return value

    def half_slices(self, real, fake, halves):
        found = []
        for i, (own, others) in enumerate(zip(halves.real, halves.fake, strict=True)):
            yield ProgressReport(i / len(halves.real), self.title)
            found.append(gaussian_distance(real.features[own], fake.features[others]))
        return found


def gaussian_distance(x: Features, y: Centres) -> float:
    """Return the Fréchet distance without the square root of a matrix.

    With centred rows X and Y, Tr (Σ_x Σ_y)^½ is the sum of the singular values of X Yᵀ, over
    √(n − 1) √(m − 1); it stays the same when X and Y are replaced by the R of their QR.
    """
    apart = (x.mean(0) - y.mean(0)).square().sum()
    x, y = (_centred(part) / (len(part) - 1) ** 0.5 for part in (x, y))
    shared = torch.linalg.svdvals(x @ y.T).sum()
    return (apart + x.square().sum() + y.square().sum() - 2 * shared).item()


def _centred(rows: Features) -> torch.Tensor:
    rows = rows - rows.mean(0)
    return torch.linalg.qr(rows, mode="r").R if len(rows) > rows.shape[1] else rows
