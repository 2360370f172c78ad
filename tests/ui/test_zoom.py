"""Charts over the steps are as fine as one zooms in, down to single steps."""

import numpy as np
import pytest

from gan_core import ExperimentConfig, Trainer
from gan_core.training.monitoring.snapshot import STATISTICS
from tests.helpers.runs import NETWORKS
from ui.run.page_run import PageRun

pytestmark = pytest.mark.quick


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))
    config = ExperimentConfig.from_dict({"architecture": NETWORKS, "batch_size": 8})
    made = PageRun("distributions", Trainer(config, "cpu", "eager"))
    made.trainer.history.max_points = 100
    made.trainer.metric_history.max_points = 20
    for _ in range(40):
        made.trainer.step(20)
        made.refresh()
    return made


def test_a_stretch_is_drawn_step_by_step(run):
    snapshot, zoom = run.refresh(), run.view.zoom
    assert run.trainer.history.stride == 8
    whole = snapshot.curves
    assert zoom.statistics(run, snapshot, "losses").curves is whole
    zoom.set("losses", [299.7, 340.2])
    steps = run.single_steps(299, 341)
    assert steps.step.tolist() == list(range(299, 342))
    for saved in (False, True):
        if saved:
            assert run.save()
        found = zoom.statistics(run, snapshot, "losses").curves
        inside = (found.step >= 299) & (found.step <= 341)
        assert found.step[inside].tolist() == list(range(299, 342))
        values = steps.table[:, STATISTICS.index("loss_g")]
        for part in (found.low, found.high, found.mean):
            assert part["loss_g"][inside].tolist() == values.tolist()
        assert found.step[0] == whole.step[0]
        assert found.step[-1] == whole.step[-1]
        assert np.all(np.diff(found.step) > 0)
    assert zoom.statistics(run, snapshot, "judgements").curves is whole
    zoom.set("losses", None)
    assert zoom.statistics(run, snapshot, "losses").curves is whole


def test_a_long_stretch_is_drawn_in_finer_bins_with_every_peak(run):
    zoom, snapshot = run.view.zoom, run.refresh()
    zoom.set("losses", [-50.0, 10_000.0])
    found = zoom.statistics(run, snapshot, "losses").curves
    every = run.single_steps(1, 800).table[:, STATISTICS.index("loss_d")]
    assert len(found) > len(snapshot.curves)
    assert np.nanmax(found.high["loss_d"]) == every.max()
    assert np.nanmin(found.low["loss_d"]) == every.min()
    zoom.set("losses", [-50.0, -10.0])  # nothing is there
    assert zoom.statistics(run, snapshot, "losses").curves is snapshot.curves


def test_the_page_of_an_earlier_step_shows_no_later_one(run):
    run.history.view_step(400)
    snapshot = run.history.displayed_snapshot()
    run.view.zoom.set("losses", [380.0, 600.0])
    found = run.view.zoom.statistics(run, snapshot, "losses").curves
    assert found.step[-1] == snapshot.step <= 400
    assert found.step[-20:].tolist() == list(range(snapshot.step - 19, snapshot.step + 1))


def test_metrics_are_finer_too(run):
    snapshot, zoom = run.refresh(), run.view.zoom
    zoom.set("distances", [100.0, 500.0])
    found = zoom.metrics(run, snapshot, "distances").metric_curves
    assert len(found) >= len(snapshot.metric_curves)
    assert np.all(np.diff(found.step) > 0)
