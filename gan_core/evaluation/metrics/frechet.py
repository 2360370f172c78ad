"""The Fréchet distance between generated and real images, in the features of a classifier."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.evaluation.metrics.base import IMAGE_METRICS, ImageMetric
from gan_core.runtime.tasks import ProgressReport


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
