"""Nothing is lost: runs killed, damaged, out of disk, told to stop, thinned, saved by several."""

import csv
import os
import re
import signal
import threading
import time

import pytest

from gan_core import ExperimentConfig, Trainer
from gan_core.cli import headless
from gan_core.cli.headless import Interrupted, TrainOptions
from gan_core.cli.main import main
from gan_core.cli.stop_condition import StopCondition, is_eval_step
from gan_core.storage import checkpoint, retention, run_saver
from gan_core.storage.run_folder import ABOUT, CheckpointFile, RunFolder
from gan_core.storage.run_metadata import RunMetadata
from gan_core.storage.run_saver import RunSaver
from gan_core.storage.runs_folder import all_folders, open_run
from tests.helpers import crashes
from tests.helpers.commands import start_command

LINE = ExperimentConfig.from_dict({"dataset": "normal", "batch_size": 16})


@pytest.fixture(autouse=True)
def runs_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def stop_after(times: int):
    """Return what says stop when it has been asked so many times: in the middle of anything."""
    asked = iter(range(times))
    return lambda: next(asked, None) is None


def digest_after(config: ExperimentConfig, steps: int) -> str:
    trainer = Trainer(config)
    trainer.step(steps)
    return checkpoint.digest(checkpoint.capture(trainer))


# --- the same bits, whenever it is interrupted ---------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "experiment",
    [
        {"dataset": "normal", "batch_size": 16, "n_critic": 3},
        {
            "dataset": {"name": "normal"},
            "batch_size": 16,
            "architecture": {"generator": {"name": "mlp", "normalisation": "batch"}},
        },
    ],
    ids=["n_critic", "batch normalisation"],
)
def test_a_run_that_was_stopped_again_and_again_is_the_one_that_was_not(tmp_path, experiment):
    config = ExperimentConfig.from_dict(experiment)
    never = headless.train(config, 70, tmp_path / "never")
    out = tmp_path / "often"
    with pytest.raises(Interrupted, match="the run is saved"):
        headless.start(config, out, TrainOptions(70, stopped=stop_after(40)))
    for times in (1, 77):
        with pytest.raises(Interrupted, match="the run is saved"):
            headless.resume(out, TrainOptions(70, stopped=stop_after(times)))
    assert 0 < open_run(out).step_count < 70
    resumed = headless.resume(out, TrainOptions(70))
    assert resumed.step_count == never.step_count == 70
    assert RunFolder(out).digest() == RunFolder(tmp_path / "never").digest()
    assert RunFolder(out).digest() == digest_after(config, 70)
    tables = [(tmp_path / run / "metrics.csv").read_bytes() for run in ("often", "never")]
    assert tables[0] == tables[1]


def test_a_convolutional_run_goes_on_from_its_file_to_the_bit(tmp_path):
    """Channels lie innermost in its weights, but not in the file."""
    config = ExperimentConfig.from_dict({"dataset": "mnist", "batch_size": 8})
    trainer = Trainer(config)
    trainer.step(2)
    checkpoint.save(trainer, tmp_path / "file")
    again = checkpoint.load(tmp_path / "file")
    for one in (trainer, again):
        one.step(2)
    assert {weight.stride() for weight in trainer.optimizers.d.weights} == {
        weight.stride() for weight in again.optimizers.d.weights
    }
    assert any(not weight.is_contiguous() for weight in trainer.optimizers.d.weights)
    first, second = (checkpoint.digest(checkpoint.capture(one)) for one in (trainer, again))
    assert first == second


def test_the_digest_depends_on_every_stream_and_every_weight():
    trainer = Trainer(LINE)
    trainer.step(3)
    content = checkpoint.capture(trainer)
    seen = {checkpoint.digest(content)}
    state = content["state"]
    changes = [state["rng"][name] for name in state["rng"]]
    for part in ("generator", "discriminator", "ema"):
        changes += list(state[part].values())
    for part in ("optimizer_g", "optimizer_d"):
        changes += [m for moments in state[part]["state"].values() for m in moments.values()]
    for tensor in changes:
        first = tensor.view(-1)[:1]
        old = first.clone()
        first += 1
        seen.add(checkpoint.digest(content))
        first.copy_(old)
    assert len(seen) == 1 + len(changes)


@pytest.mark.slow
def test_killed_in_training_and_in_a_save(tmp_path):
    victim = crashes.Victim(crashes.LINE, tmp_path, seed=0)
    for _ in range(3):
        victim.kill()
    assert (victim.seen.kills, victim.seen.equal, victim.seen.damaged) == (3, 3, [])
    assert victim.folder.checkpoints[-1].step > 0


@pytest.mark.slow
def test_damaged_checkpoints_are_noticed_and_the_one_before_is_used():
    found = crashes.damages(20, 0)
    assert found["noticed, the one before used"] == 20


@pytest.mark.slow
def test_a_full_disk_costs_nothing_but_the_saves_of_that_time():
    found = crashes.full(fill_at=8, empty_at=24, steps=32)
    assert found["nothing lost"]
    assert found["equal to one that had room"]
    assert found["step saved before"] == 7
    assert found["step saved at last"] == 32
    assert "Training goes on" in found["sentences while full"][0]
    assert found["said"][1:] == ["The run has been saved again."]


@pytest.mark.slow
def test_signals_save_and_stop(tmp_path, runs_folder):
    file = tmp_path / "experiment.json"
    file.write_text(LINE.to_json())
    for words, which in (
        (["--config", file, "--out", runs_folder / "one"], signal.SIGINT),
        (["--resume", "one"], signal.SIGTERM),
    ):
        words = ["train", *words, "--max-time", "5m", "--autosave", "0.1s", "--device", "cpu"]
        folder = RunFolder(runs_folder / "one")
        before = len(folder.checkpoints) and folder.checkpoints[-1].step
        process = start_command(*words)
        try:
            while not folder.checkpoints or folder.checkpoints[-1].step <= before:
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(which)
            process.send_signal(which)
            process.communicate(timeout=120)
        finally:
            process.kill()
        assert process.returncode == 128 + which
        step = folder.checkpoints[-1].step
        assert folder.digest() == digest_after(LINE, step)


# --- the command line ----------------------------------------------------------------------------


def test_runs_are_found_by_id_and_reported(tmp_path, runs_folder, capsys):
    file = tmp_path / "experiment.json"
    file.write_text(LINE.to_json())
    assert main(["train", "--config", str(file), "--steps", "5", "--device", "cpu"]) == 0
    (folder,) = all_folders()
    assert capsys.readouterr().out.strip() == str(folder.path)
    assert main(["train", "--resume", folder.id, "--steps", "9", "--device", "cpu"]) == 0
    capsys.readouterr()
    assert main(["digest", folder.id]) == 0
    assert capsys.readouterr().out == digest_after(LINE, 9) + "\n"
    assert main(["runs"]) == 0
    row = re.split(" {2,}", capsys.readouterr().out.splitlines()[1])
    assert row[:4] == [folder.id, "Normal, non-saturating", "normal", "9"]
    newest = folder.checkpoints[-1].path
    newest.write_bytes(newest.read_bytes()[:-1])
    assert main(["digest", str(folder.path)]) == 0
    told = capsys.readouterr()
    assert told.out == digest_after(LINE, 5) + "\n"
    assert "step 9 was left out" in told.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--config", "FILE"], "--steps, --max-time or --stop-when"),
        (["--resume", "nothing", "--steps", "5"], "nothing is neither"),
        (["--resume", ".", "--out", "there", "--steps", "5"], "leave --out away"),
        (["--config", "FILE", "--stop-when", "beauty>1"], "wasserstein_1"),
        (["--config", "FILE", "--stop-when", "frechet<9"], "frechet is not measured on normal"),
    ],
)
def test_what_cannot_be_done_gets_a_sentence(tmp_path, words, told, capsys):
    file = tmp_path / "experiment.json"
    file.write_text(LINE.to_json())
    words = [str(file) if word == "FILE" else word for word in words]
    assert main(["train", *words, "--device", "cpu"]) == 2
    assert told in capsys.readouterr().err
    assert not all_folders()


@pytest.mark.parametrize("time", ["10", "0s", "-3s", "nan", "1e400h", "3 days"])
def test_times(time, capsys):
    from gan_core.cli.parser import parser

    words = ["train", "--resume", "x", "--max-time", time]
    if time == "10":
        assert parser("").parse_args(words).max_time == 10.0
        assert parser("").parse_args([*words[:-1], "1.5h"]).max_time == 5400.0
        assert parser("").parse_args([*words[:-1], "10m"]).max_time == 600.0
        return
    with pytest.raises(SystemExit):
        parser("").parse_args(words)
    assert "is not a time" in capsys.readouterr().err or time.startswith("-")


def test_it_stops_at_the_first_row_at_which_the_condition_holds(tmp_path):
    until, said = StopCondition.parse("wasserstein_1 < 1.5"), []
    orders = TrainOptions(2_000, until=until, say=said.append)
    trainer = headless.start(LINE, tmp_path / "run", orders)
    with (tmp_path / "run" / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["wasserstein_1"]]
    below = [int(row["step"]) for row in rows if float(row["wasserstein_1"]) < 1.5]
    assert below == [trainer.step_count]
    value = next(row["wasserstein_1"] for row in rows if int(row["step"]) == below[0])
    assert said[-1] == f"wasserstein_1 = {float(value):.4g}: wasserstein_1 < 1.5 holds."
    assert 10 < trainer.step_count < 2_000
    assert all(is_eval_step(int(row["step"])) for row in rows)


def test_it_stops_in_time(tmp_path):
    began = time.monotonic()
    trainer = headless.start(LINE, tmp_path / "run", TrainOptions(seconds=0.5))
    assert 0.5 <= time.monotonic() - began < 30
    assert trainer.step_count >= 1
    assert RunFolder(tmp_path / "run").checkpoints[-1].step == trainer.step_count


# --- thinning ------------------------------------------------------------------------------------


def test_what_stays(tmp_path):
    kept = [CheckpointFile(step, tmp_path / str(step)) for step in range(0, 1001, 10)]
    stay = {
        k.step for k in retention.checkpoints_to_keep(kept, {"330": 0.1, "340": 0.2, "1000": 0.5})
    }
    octaves = {0, 10, 20, 40, 70, 130, 260, 520}  # the first of each: 8–15, 16–31, 32–63 and so on
    assert stay == octaves | {980, 990, 1000} | {330}
    least = retention.checkpoints_to_keep(kept, {"330": 0.1}, octaves=False)
    assert [k.step for k in least] == [330, 990, 1000]


def fill(folder: RunFolder, steps: range, size: int = 1_000) -> None:
    folder.create()
    for step in steps:
        folder.checkpoint_path(step).write_bytes(bytes(size))


def test_the_budget_is_kept_to_and_what_is_whole_is_spared(runs_folder):
    folder = RunFolder(runs_folder / "one")
    fill(folder, range(1, 41))
    retention.set_budget(5_200)
    settings = (runs_folder / retention.SETTINGS).stat().st_size
    assert settings > 0
    retention.apply_retention(folder, {"17": 0.5, "18": 0.1}, whole=11)
    steps = [kept.step for kept in folder.checkpoints]
    assert {11, 18, 39, 40} <= set(steps)
    assert folder.size <= 5_200
    assert len(steps) == 5  # what there is room for, and no less
    retention.set_budget(1)
    retention.apply_retention(folder, {"18": 0.1}, whole=11)
    assert [kept.step for kept in folder.checkpoints] == [11, 18, 39, 40]


def test_the_budget_holds_for_all_runs_and_the_oldest_gives_way_first(runs_folder):
    folders = [RunFolder(runs_folder / name) for name in ("old", "new", "front")]
    for age, folder in enumerate(folders):
        fill(folder, range(1, 11))
        about = RunMetadata("run", 0.0, 0.0, 10, LINE.to_dict(), measured={"4": 0.1, "9": 0.5})
        folder.write_metadata(about)
        os.utime(folder.path / "run.json", (1_000 + age, 1_000 + age))
    old, new, front = folders
    steps = lambda folder: [kept.step for kept in folder.checkpoints]  # noqa: E731
    retention.apply_retention(front, {"4": 0.1}, whole=10)
    retention.set_budget(retention.used() - 2_500)
    retention.apply_retention(front, {"4": 0.1}, whole=10)
    assert steps(old) == [4, 5, 6, 7, 8, 9, 10]
    assert steps(new) == list(range(1, 11))
    retention.set_budget(retention.used() - 6_500)
    retention.apply_retention(front, {"4": 0.1}, whole=10)
    assert steps(old) == [4, 9, 10]
    assert len(steps(new)) == 7
    assert retention.free_up(10**9) > 0
    assert steps(new) == [4, 9, 10]
    assert retention.dispensable(old, {"4": 0.1}) == []


@pytest.mark.slow
def test_damaged_checkpoints_do_not_drive_out_the_whole_one(tmp_path, monkeypatch):
    out = tmp_path / "run"
    for steps in (33, 40, 50):
        headless.start(LINE, out, TrainOptions(33)) if steps == 33 else headless.resume(
            out, TrainOptions(steps)
        )
    folder = RunFolder(out)
    for step in (50, 51, 52, 53):
        folder.checkpoint_path(step).write_bytes(b"damaged")
    said = []
    trainer, _ = folder.open("cpu")
    assert trainer.step_count == 40
    full = RunSaver(trainer, folder, "run")
    refuse = OSError(28, "No space left on device")
    with monkeypatch.context() as patch:
        patch.setattr(
            run_saver.checkpoint, "to_bytes", lambda content: (_ for _ in ()).throw(refuse)
        )
        trainer.step(1)
        assert not full.save()
    assert "disk is full" in full.problem
    assert checkpoint.read(folder.checkpoint_path(40))["state"]["counters"]["step"] == 40
    headless.resume(out, TrainOptions(45, say=said.append))
    assert [kept.step for kept in folder.checkpoints][-2:] == [40, 45]
    assert [sentence.split(" was ")[0] for sentence in said] == [
        f"The checkpoint of step {step}" for step in (53, 52, 51)
    ]


# --- the keeper ----------------------------------------------------------------------------------


def kept_run(tmp_path) -> tuple[Trainer, RunFolder, RunSaver]:
    trainer, folder = Trainer(LINE), RunFolder(tmp_path / "run")
    return trainer, folder, RunSaver(trainer, folder, "a run")


def test_a_slow_save_does_not_undo_a_later_one(tmp_path, monkeypatch):
    trainer, folder, kept = kept_run(tmp_path)
    trainer.step(1)
    real, overtaken = RunSaver._write, threading.Event()

    def late(self, capture):
        if threading.current_thread() is not threading.main_thread():
            overtaken.wait(10)
        real(self, capture)

    monkeypatch.setattr(RunSaver, "_write", late)
    assert kept.save(wait=False)
    assert kept.save(wait=False)  # the first one is still at it
    trainer.step(1)
    assert kept.save(wait=True)
    overtaken.set()
    kept._writer.join(10)
    assert [found.step for found in folder.checkpoints] == [2]
    assert folder.metadata().step == 2
    assert not kept.unsaved


def test_a_save_that_failed_is_not_taken_for_done(tmp_path, monkeypatch):
    trainer, folder, kept = kept_run(tmp_path)
    kept.save()
    trainer.step(1)
    with monkeypatch.context() as patch:
        patch.setattr(RunSaver, "_write_files", lambda *_: (_ for _ in ()).throw(OSError(28, "")))
        assert not kept.save()
    assert kept.unsaved
    assert kept.save()
    assert not kept.unsaved
    assert [found.step for found in folder.checkpoints] == [0, 1]


def test_many_threads_save_one_run(tmp_path):
    trainer, folder, kept = kept_run(tmp_path)
    ends = threading.Event()

    def save():
        while not ends.is_set():
            kept.save(wait=True)

    threads = [threading.Thread(target=save) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        trainer.step(1)
        kept.save(wait=False)
    ends.set()
    for thread in threads:
        thread.join()
    assert kept.save()
    assert kept.problem is None
    assert folder.metadata().step == 30
    assert folder.digest() == digest_after(LINE, 30)


def test_what_lay_ahead_of_a_run_that_went_back_goes_when_the_new_is_written(tmp_path):
    trainer, folder, kept = kept_run(tmp_path)
    for steps in (3, 4):
        trainer.step(steps)
        kept.save(trainer.snapshot(), 0.1 * steps)
    moment = next(w for w in trainer.state_history.snapshots if w.step == 5)
    trainer.restore_to(moment)
    assert [found.step for found in folder.checkpoints] == [3, 7]
    kept.save(trainer.snapshot())
    assert [found.step for found in folder.checkpoints] == [3, 5]
    assert folder.metadata().measured == {"3": pytest.approx(0.3)}
    drawn = sorted(path.name for path in (folder.path / "samples").iterdir())
    assert drawn == ["step-00000003.png", "step-00000005.png"]
    assert folder.digest() == digest_after(LINE, 5)


def test_a_folder_that_was_removed_meanwhile_is_made_again(tmp_path):
    trainer, folder, kept = kept_run(tmp_path)
    kept.save()
    folder.delete()
    trainer.step(2)
    assert kept.save(trainer.snapshot())
    assert folder.digest() == digest_after(LINE, 2)
    assert folder.metadata().name == "a run"


def test_a_damaged_note_does_not_cost_the_name(tmp_path):
    trainer, folder, kept = kept_run(tmp_path)
    kept.save()
    folder.rename("another name")
    kept.save()
    assert kept.about.name == "another name"
    (folder.path / ABOUT).write_bytes(b"{")
    trainer.step(1)
    kept.save()
    assert folder.metadata().name == "another name"


def test_only_what_a_dead_process_left_is_removed(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create()
    process = start_command("list")
    process.kill()
    process.communicate()
    mine = folder.path / f".run.json.{os.getpid()}-1.part"
    left = folder.path / "checkpoints" / f".step-00000001.safetensors.{process.pid}-1.part"
    for path in (mine, left):
        path.write_bytes(b"")
    folder.create()
    assert mine.exists()
    assert not left.exists()
