"""The page of distributions: the charts of a run on numbers."""

from __future__ import annotations

import streamlit as st

from gan_core.config import ExperimentConfig
from gan_core.evaluation.one_dim import doubt
from gan_core.training.monitoring.snapshot import Snapshot
from gan_core.words import true_minus
from ui import figures
from ui.components import live_chart, tiles
from ui.live.tiles import common_tiles
from ui.run.page_run import PageRun
from ui.views import run_charts

FEW_VALUES = 64


def draw(run: PageRun, snapshot: Snapshot) -> None:
    """Draw one frame of a run on numbers."""
    with st.container(gap="xsmall"):
        tiles(common_tiles(run, snapshot) + _moment_tiles(run, snapshot), key=f"{run.page}.tiles")
        _draw_charts(run, snapshot)
        for remark in _remarks(snapshot, run.displayed.config):
            st.caption(remark)
        config = run.displayed.config
        unsure = doubt(config.dataset, len(snapshot.samples))
        run_charts.distances(run, snapshot, muted=unsure is not None)
        if unsure is not None:
            st.caption(unsure)


def _draw_charts(run: PageRun, snapshot: Snapshot) -> None:
    """Draw what the networks do beside how the run went."""
    config, key = run.displayed.config, run.chart_revision
    left, right = st.columns([3, 2])
    with left, st.container(gap="xsmall"):
        live_chart(figures.distributions(snapshot, config, key), f"{run.page}.distributions")
        live_chart(figures.noise_map(snapshot, config, key), f"{run.page}.noise")
    with right, st.container(gap="xsmall"):
        run_charts.losses(run, snapshot)
        run_charts.d_outputs(run, snapshot)


def _remarks(snapshot: Snapshot, config: ExperimentConfig) -> list[str]:
    """Return the remarks without which the first chart would be misread."""
    remarks = []
    network = config.architecture.discriminator
    if network.differs_at_rest:
        rest = (
            "with the mean and spread of all past batches"
            if network.has_batch_norm
            else "with no unit left out"
        )
        remarks.append(
            f"The curve D(x) is D at rest: {rest}. The losses and D's mean outputs are those of D "
            "in training, which may differ."
        )
    if snapshot.density.outside > 0.01:
        remarks.append(
            f"{snapshot.density.outside:.0%} of the generated samples lie beyond the axis. If they "
            "do not come back, the learning rates are too high."
        )
    if snapshot.density.distinct <= FEW_VALUES:
        remarks.append(
            f"The {len(snapshot.samples):,} samples take only {snapshot.density.distinct} "
            "different values: the orange curve shows each as a narrow smoothed peak."
        )
    return remarks


def _moment_tiles(run: PageRun, snapshot: Snapshot) -> list[dict[str, object]]:
    target = run.displayed.config.dataset.moments()
    curves = snapshot.metric_curves
    return [
        {
            "label": f"{name} of {len(snapshot.samples):,} samples",
            "value": true_minus(f"{value:.4g}" if abs(value) >= 1000 else f"{value:z.3f}"),
            "note": true_minus(f"target {target[name]:z.3f}"),
            "spark": [float(f"{v:.4g}") for v in curves.extremes(name)[-100:] if v == v],
        }
        for name, value in snapshot.moments.items()
    ]
