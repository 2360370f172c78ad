"""The grids that a run keeps, and how they are shown."""

import io
import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import ExperimentConfig, Trainer
from gan_core.data.image_grid import GAP, animation, grid, packed, png, unpacked
from gan_core.training.monitoring.sample_timeline import GROWTH, Timeline, TimelineFrame

SMALL = {
    "dataset": "mnist",
    "batch_size": 1_250,
    "architecture": {
        "generator": {"name": "mlp", "width": 4},
        "discriminator": {"name": "mlp", "depth": 0},
    },
}


def noise(n, channels=1, side=5, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, channels, side, side), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_packing_loses_nothing(channels):
    pixels = noise(6, channels)
    assert np.array_equal(unpacked(packed(pixels), 6), pixels)


@pytest.mark.parametrize("channels", [1, 3])
def test_grid_puts_pictures_row_by_row(channels):
    pixels = noise(5, channels)
    made = np.array(Image.open(io.BytesIO(png(grid(pixels, columns=3)))))
    step = 5 + GAP
    for i, picture in enumerate(pixels):
        top, left = GAP + i // 3 * step, GAP + i % 3 * step
        expected = np.broadcast_to(picture.transpose(1, 2, 0), (5, 5, 3))
        assert np.array_equal(made[top : top + 5, left : left + 5], expected)


def test_animation_shows_every_grid_in_order():
    frames = [np.full((4, 1, 8, 8), level, np.uint8) for level in (0, 100, 255)]
    made = Image.open(io.BytesIO(animation(frames, ["one", "two", "three"])))
    assert made.format == "GIF"
    assert made.n_frames == 3
    for place, frame in enumerate(frames):
        made.seek(place)
        shown = np.array(made.convert("L"))
        assert shown[30, 30] == pytest.approx(frame[0, 0, 0, 0], abs=2)
    assert made.info["loop"] == 0


def test_animation_of_nothing_says_so():
    with pytest.raises(ValueError, match="no grid to animate yet"):
        animation([], [])


def test_a_run_keeps_its_first_grids_densely_and_later_ones_sparsely():
    trainer = Trainer(ExperimentConfig.from_dict(SMALL | {"batch_size": 250, "n_critic": 2}))
    grids = {}
    for _ in range(40):
        trainer.step()
        grids[trainer.step_count] = trainer.snapshot().samples
    moments = trainer.timeline.frames
    places = [(0, 0), (1, 0), (2, 0), (4, 0), (8, 0), (16, 1), (32, 3), (34, 3), (37, 3), (40, 4)]
    assert [(m.step, m.epoch) for m in moments] == places
    for moment in moments[1:]:
        assert np.array_equal(moment.pixels(), grids[moment.step])
    assert moments[-1].caption() == "step 40 · epoch 4"


@pytest.mark.parametrize(("steps", "count"), [(2_000, 74), (100_000, 141), (1_000_000, 180)])
def test_long_runs_keep_some_two_hundred_grids(steps, count):
    timeline, step, kept = Timeline(), 0, []
    while step <= steps:
        assert timeline.should_record(step)
        kept.append(TimelineFrame(step, 0, 4, b""))
        timeline.frames = kept
        step = next(s for s in itertools.count(step + 1) if timeline.should_record(s))
    assert len(kept) == count


def test_a_run_on_the_line_keeps_none():
    trainer = Trainer(ExperimentConfig.from_dict({}))
    trainer.step(3)
    assert trainer.timeline.frames == []


def test_memory_is_bounded_and_the_beginning_stays():
    size = len(packed(noise(4)))
    timeline = Timeline(max_bytes=40 * size)
    for step in range(2_000):
        if timeline.should_record(step):
            timeline.keep(step, step // 4, noise(4, seed=step))
    steps = [m.step for m in timeline.frames]
    assert sum(len(m.content) for m in timeline.frames) <= 40 * size * 1.05
    assert timeline.stride > 1
    assert len(steps) > 15
    assert steps[:7] == [0, 1, 2, 4, 8, 16, 32]
    growth = [later / step for step, later in itertools.pairwise(steps[7:-1])]
    assert min(growth) > 1 + GROWTH * timeline.stride


def test_the_many_grids_of_an_earlier_version_are_thinned():
    timeline = Timeline()
    timeline.frames = [TimelineFrame(2 * e, e, 4, b"x") for e in range(2_000)]
    assert timeline.should_record(5_000)
    timeline.keep(5_000, 2_500, noise(4))
    steps = [m.step for m in timeline.frames]
    assert 40 < len(steps) <= 400
    assert steps[0] == 0
    assert steps[-1] == 5_000


def test_timeline_is_saved_and_restored():
    config = ExperimentConfig.from_dict(SMALL)
    trainer, other = Trainer(config), Trainer(config)
    trainer.step(9)
    other.load_state_dict(trainer.state_dict())
    assert other.timeline.frames == trainer.timeline.frames
    assert len(other.timeline.frames) > 3
    trainer.step(4)
    other.step(4)
    assert other.timeline.frames == trainer.timeline.frames


def test_falling_back_forgets_the_grids_of_the_future():
    trainer = Trainer(ExperimentConfig.from_dict(SMALL | {"batch_size": 250}))
    trainer.step(30)
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(float("nan"))
    trainer.step(40)
    assert trainer.failure is not None
    assert trainer.timeline.frames[-1].step <= trainer.step_count
