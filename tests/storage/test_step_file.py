"""The file of single steps: appended to at each save, whole after a crash, never in the way."""

import csv
import io
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_core import ExperimentConfig, Trainer
from gan_core.cli.main import main
from gan_core.storage import run_zip, step_file
from gan_core.storage.run_folder import STEPS, RunFolder
from gan_core.storage.run_saver import RunSaver
from gan_core.storage.runs_folder import new_folder
from gan_core.storage.step_file import StepFile
from gan_core.training.monitoring import step_log
from gan_core.training.monitoring.snapshot import STATISTICS
from gan_core.training.monitoring.step_log import StepLog
from tests.helpers.runs import NETWORKS

COLUMNS = ("a", "b")
SMALL = {"architecture": NETWORKS, "batch_size": 16}


def rows(first, last, seed=0.0):
    steps = np.arange(first, last + 1)
    table = np.stack([steps + seed, np.where(steps % 25, np.nan, steps)], axis=1)
    return steps, table.astype(np.float32)


def write(file, log):
    unwritten = log.unwritten()
    file.append(unwritten)
    log.forget(unwritten)


def held(file):
    found = file.read(0, 10**9)
    return found.step.tolist(), found.table[:, 0].tolist()


@pytest.fixture
def file(tmp_path):
    return StepFile(tmp_path / STEPS, COLUMNS)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))


@settings(deadline=None, derandomize=True)
@given(
    acts=st.lists(
        st.tuples(st.sampled_from(["train", "save", "back"]), st.integers(1, 40)), max_size=30
    ),
    block=st.sampled_from([7, 4_096]),
)
def test_it_holds_what_the_run_did(acts, block, tmp_path_factory):
    file = StepFile(tmp_path_factory.mktemp("run") / STEPS, COLUMNS)
    log, expected = StepLog(), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step_file, "MAX_BLOCK", block)
        for number, (act, n) in enumerate([*acts, ("save", 1)]):
            step = max(expected, default=0)
            if act == "train":
                steps, table = rows(step + 1, step + n, seed=number / 8)
                log.extend(steps, table)
                expected |= dict(zip(steps.tolist(), table[:, 0].tolist(), strict=True))
            elif act == "back":
                log.truncate_after(max(step - n, 0))
                expected = {s: value for s, value in expected.items() if s <= step - n}
            else:
                write(file, log)
    assert held(file) == (list(expected), list(expected.values()))


def test_numbers_come_back_to_the_last_bit(file):
    log = StepLog()
    table = np.random.default_rng(0).normal(size=(5_000, 2)).astype(np.float32)
    log.extend(np.arange(1, 5_001), table)
    write(file, log)
    np.testing.assert_array_equal(file.read(4_000, 4_200).table, table[3_999:4_200])


@pytest.mark.parametrize("lost", [1, 10, 300])
def test_a_block_that_a_crash_cut_short_gives_way(file, lost):
    log = StepLog()
    for start in (1, 201):
        log.extend(*rows(start, start + 199))
        write(file, log)
    content = file.path.read_bytes()
    file.path.write_bytes(content[:-lost])
    assert held(file)[0] == list(range(1, 201))
    log.extend(*rows(401, 410))
    write(file, log)
    assert held(file)[0] == [*range(1, 201), *range(401, 411)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"something else" * 100,
        lambda content: content[:40] + bytes(len(content) - 40),
        lambda content: content.replace(b'"a"', b'"c"'),
    ],
)
def test_a_damaged_file_is_never_in_the_way(file, damage):
    log = StepLog()
    log.extend(*rows(1, 300))
    write(file, log)
    file.path.write_bytes(damage(file.path.read_bytes()))
    assert held(file)[0] == []
    log.extend(*rows(301, 310))
    write(file, log)
    assert held(file)[0] == list(range(301, 311))


def test_a_block_that_unpacks_to_more_than_it_says_is_no_block(file):
    packed = zlib.compress(bytes(1_000_000))
    block = step_file.HEADER.pack(step_file.MARK, zlib.crc32(packed), 1, 10, len(packed)) + packed
    log = StepLog()
    log.extend(*rows(1, 1))
    write(file, log)
    head = file.path.read_bytes().split(b"\n")[0] + b"\n"
    file.path.write_bytes(head + block)
    assert held(file)[0] in ([], list(range(1, 11)))
    assert len(file.read(0, 10**9).table) <= 10


def test_the_older_half_of_a_file_that_is_too_large_gives_way(file, monkeypatch):
    monkeypatch.setattr(step_file, "MAX_BYTES", 20_000)
    log, rng = StepLog(), np.random.default_rng(0)
    for start in range(1, 6_001, 200):
        table = rng.normal(size=(200, 2)).astype(np.float32)
        log.extend(np.arange(start, start + 200), table)
        write(file, log)
        assert file.path.stat().st_size <= 20_000
    steps = held(file)[0]
    assert steps == list(range(steps[0], 6_001))
    assert 1_000 < len(steps) < 6_000


def test_what_cannot_be_written_waits_in_bounds(monkeypatch):
    monkeypatch.setattr(step_log, "MAX_UNWRITTEN", 1_000)
    log = StepLog()
    for start in range(1, 5_001, 25):
        log.extend(*rows(start, start + 24))
    waiting = np.concatenate([part.step for part in log.unwritten().parts])
    assert waiting.tolist() == list(range(4_001, 5_001))


def test_a_saved_run_has_every_step_and_so_have_its_branch_and_its_import(runs):
    config = ExperimentConfig.from_dict(SMALL)
    trainer = Trainer(config, "cpu", "eager")
    trainer.history.max_points = 40
    saver = RunSaver(trainer, new_folder())
    for _ in range(3):
        trainer.step(50)
        assert saver.save(trainer.snapshot())
    every = saver.single_steps(1, 150)
    assert every.step.tolist() == list(range(1, 151))
    kept = trainer.history.series()
    assert len(kept["step"]) < 40
    loss = every.table[:, STATISTICS.index("loss_d")]
    assert loss[kept["step"] - 1].tolist() == kept["loss_d"].tolist()

    trainer.restore_to(trainer.state_history.snapshots[70])
    back = trainer.step_count
    trainer.step(5)
    trainer.check_finite()
    assert saver.single_steps(1, 150).step.tolist() == list(range(1, back + 6))
    saver.save(trainer.snapshot())
    assert saver.single_steps(1, 150).step.tolist() == list(range(1, back + 6))

    file = io.BytesIO()
    run_zip.export_run(saver.folder, file)
    brought = run_zip.import_run(file)
    found = StepFile(brought.path / STEPS, STATISTICS).read(1, 10_000)
    assert found.step.tolist() == list(range(1, back + 6))
    assert found.table[:back].tobytes() == every.table[:back].tobytes()


def test_a_run_whose_file_of_steps_cannot_be_written_says_so_and_trains_on(runs):
    trainer = Trainer(ExperimentConfig.from_dict(SMALL), "cpu", "eager")
    saver = RunSaver(trainer, new_folder())
    trainer.step(3)
    saver.folder.create()
    (saver.folder.path / STEPS).mkdir()
    assert not saver.save(trainer.snapshot())
    assert saver.problem
    (saver.folder.path / STEPS).rmdir()
    trainer.step(3)
    assert saver.save(trainer.snapshot())
    assert saver.single_steps(1, 6).step.tolist() == [1, 2, 3, 4, 5, 6]


def test_a_resumed_run_drops_the_steps_that_no_checkpoint_knows(runs):
    trainer = Trainer(ExperimentConfig.from_dict(SMALL), "cpu", "eager")
    saver = RunSaver(trainer, new_folder())
    for _ in range(2):
        trainer.step(10)
        saver.save(trainer.snapshot())
    saver.folder.checkpoint_path(20).unlink()  # as if the power had failed before it was written
    saver.close()
    again, _ = RunFolder(saver.folder.path).open()
    assert again.step_count == 10
    second = RunSaver(again, RunFolder(saver.folder.path))
    again.step(3)
    second.save(again.snapshot())
    assert second.single_steps(1, 100).step.tolist() == list(range(1, 14))


def test_the_command_line_writes_single_steps_as_csv(runs, tmp_path, capsys):
    trainer = Trainer(ExperimentConfig.from_dict(SMALL), "cpu", "eager")
    trainer.history.max_points = 10
    saver = RunSaver(trainer, new_folder())
    trainer.step(60)
    saver.save(trainer.snapshot())
    saver.close()
    out, run = tmp_path / "steps.csv", str(saver.folder.path)
    assert main(["steps", run, "--first", "11", "--last", "20", "--out", str(out)]) == 0
    assert "10 steps, 11 to 20" in capsys.readouterr().err
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(11, 21))
    loss = saver.single_steps(11, 20).table[:, STATISTICS.index("loss_d")]
    assert [np.float32(row["loss_d"]) for row in rows] == loss.tolist()
    assert main(["steps", run, "--first", "61", "--out", str(out)]) == 2
    assert "keeps no single steps from 61" in capsys.readouterr().err
    with (saver.folder.path / "metrics.csv").open() as file:
        assert {row["stride"] for row in csv.DictReader(file)} == {"8"}
