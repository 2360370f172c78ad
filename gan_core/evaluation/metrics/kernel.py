"""The kernel distance between generated and real images, in the features of a classifier."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.evaluation.metrics.base import IMAGE_METRICS, ImageMetric
from gan_core.runtime.tasks import ProgressReport

KERNEL_SUBSETS, KERNEL_SUBSET_SIZE = 20, 500


@IMAGE_METRICS.register(
    "kernel_distance",
    title="Kernel distance (classifier features)",
    paper="Bińkowski et al. 2018, arXiv:1801.01401, on other features",
    equation=r"\mathbb E\,k(r,r')+\mathbb E\,k(g,g')-2\,\mathbb E\,k(r,g)"
    r" \\ k(a,b)=(a^\top b/d+1)^3",
)
@dataclass(frozen=True)
class KernelDistance(ImageMetric):
    """Squared maximum mean discrepancy; unbiased, so it scatters around 0 for a perfect match."""

    unit = "squared kernel units"
    fewest = 2

    def slices(self, real, fake):
        from torch_fidelity.metric_kid import kid_features_to_metric

        size = min(KERNEL_SUBSET_SIZE, len(real), len(fake))
        found = []
        for seed in range(KERNEL_SUBSETS):
            yield ProgressReport(seed / KERNEL_SUBSETS, self.title)
            subset = kid_features_to_metric(
                fake.features,
                real.features,
                kid_subsets=1,
                kid_subset_size=size,
                rng_seed=seed,
                verbose=False,
            )
            found.append(subset["kernel_inception_distance_mean"])
        return sum(found) / len(found)
