"""The grids of a run are stored once, beside its checkpoints."""

import io

import pytest

from gan_core import ExperimentConfig, Trainer
from gan_core.storage import checkpoint, run_zip
from gan_core.storage.run_folder import TIMELINE, RunFolder
from gan_core.storage.run_saver import RunSaver

SMALL = ExperimentConfig.from_dict(
    {
        "dataset": "mnist",
        "batch_size": 16,
        "architecture": {
            "generator": {"name": "mlp", "depth": 1, "width": 8},
            "discriminator": {"name": "mlp", "depth": 0},
        },
    }
)


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))


@pytest.fixture
def saved(tmp_path):
    """A run that was saved at steps 20 and 50, and its folder."""
    trainer, folder = Trainer(SMALL, engine="eager"), RunFolder(tmp_path / "run")
    saver = RunSaver(trainer, folder)
    for steps in (20, 30):
        trainer.step(steps)
        assert saver.save()
    yield trainer, folder
    saver.close()


def test_checkpoints_hold_no_grids_and_the_run_has_them_all(saved):
    trainer, folder = saved
    for kept in folder.checkpoints:
        assert checkpoint.read(kept.path)["state"]["timeline"]["moments"] == []
    opened, said = folder.open("cpu", "eager")
    assert said == []
    assert opened.timeline.frames == trainer.timeline.frames
    assert [frame.step for frame in opened.timeline.frames[:4]] == [0, 1, 2, 4]
    earlier, _ = folder.open("cpu", "eager", step=20)
    assert [frame.step for frame in earlier.timeline.frames] == [0, 1, 2, 4, 8, 16]
    for run in (trainer, opened):
        run.step(40)
    assert opened.timeline.frames == trainer.timeline.frames


def test_a_damaged_file_of_grids_costs_the_grids_alone(saved):
    _, folder = saved
    path = folder.path / TIMELINE
    path.write_bytes(path.read_bytes()[:-1])
    opened, said = folder.open("cpu", "eager")
    assert (opened.step_count, said, opened.timeline.frames) == (50, [], [])
    opened.step(1)
    assert [frame.step for frame in opened.timeline.frames] == [51]


def test_grids_in_the_checkpoint_of_an_earlier_version_are_read(saved):
    trainer, folder = saved
    (folder.path / TIMELINE).unlink()
    checkpoint.save(trainer, folder.checkpoints[-1].path)
    opened, _ = folder.open("cpu", "eager")
    assert opened.timeline.frames == trainer.timeline.frames
    saver = RunSaver(opened, folder)
    opened.step(30)
    assert saver.save()
    saver.close()
    assert folder.open("cpu", "eager")[0].timeline.frames == opened.timeline.frames


def test_a_zip_takes_the_grids_along_and_checks_them(saved, tmp_path):
    trainer, folder = saved
    file = io.BytesIO()
    run_zip.export_run(folder, file)
    imported = run_zip.import_run(file)
    assert imported.open("cpu", "eager")[0].timeline.frames == trainer.timeline.frames
    other = Trainer(ExperimentConfig.from_dict({}), engine="eager")
    content = checkpoint.to_bytes({"timeline": other.state_dict()["timeline"] | {"stride": 3}})
    (folder.path / TIMELINE).write_bytes(content)
    file = io.BytesIO()
    run_zip.export_run(folder, file)
    with pytest.raises(ValueError, match="timeline"):
        run_zip.import_run(file)


def test_a_run_that_went_back_drops_later_grids_from_the_file(saved):
    trainer, folder = saved
    state = trainer.state_history.snapshots[-2]
    trainer.restore_to(state)
    saver = RunSaver(trainer, folder)
    trainer.step(1)
    assert saver.save()
    saver.close()
    opened, _ = folder.open("cpu", "eager")
    assert opened.timeline.frames == trainer.timeline.frames
    assert opened.timeline.frames[-1].step <= opened.step_count
