"""Turns and shares of runs that train at once: in threads, with clocks of their own, in pages."""

import gc
import threading
import time

import pytest
import torch
from streamlit.testing.v1 import AppTest

from gan_core import ExperimentConfig, Trainer
from gan_core.runtime.scheduler import IDLE_SECONDS, SCHEDULER, Scheduler, most_runs
from tests.helpers.paths import HOME

WIDE = {"name": "mlp", "depth": 3, "width": 512}
COSTLY = {
    "batch_size": 512,
    "architecture": {"generator": WIDE, "discriminator": WIDE},
    "regularizer": {"name": "none"},
}


class Someone:
    pass


def train_side_by_side(scheduler, works, turns):
    """Let works (functions that train for a moment) take turns, until the first has had so many.

    Return what each has used.
    """
    used, taken, stop = [0.0] * len(works), [0] * len(works), threading.Event()

    def go(index, run):
        while not stop.is_set():
            with scheduler.slice(run, lambda: not stop.is_set()) as is_our_turn:
                if is_our_turn:
                    began = time.perf_counter()
                    works[index]()
                    used[index] += time.perf_counter() - began
                    taken[index] += 1
            time.sleep(0.002)  # a frame is drawn

    runs = [Someone() for _ in works]
    threads = [threading.Thread(target=go, args=pair) for pair in enumerate(runs)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while taken[0] < turns and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    return used


@pytest.mark.slow
def test_real_trainers_share_the_time_whatever_their_steps_cost():
    torch.set_num_threads(1)
    cheap = [Trainer(ExperimentConfig.from_dict({"seed": i})) for i in range(3)]
    costly = Trainer(ExperimentConfig.from_dict(COSTLY))
    for trainer in (*cheap, costly):
        trainer.step(2)
    works = [lambda: costly.step(1)] + [lambda t=trainer: t.step(5) for trainer in cheap]
    used = train_side_by_side(Scheduler(most=8, slots=1), works, turns=12)
    assert costly.step_count >= 14
    for mine in used:
        assert mine / sum(used) == pytest.approx(1 / 4, rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("slots", [1, 2])
def test_a_step_a_hundred_times_as_long_gets_no_more_time(slots):
    works = [lambda: time.sleep(0.2), *[lambda: time.sleep(0.002)] * 3]
    used = train_side_by_side(Scheduler(most=8, slots=slots), works, turns=8)
    for mine in used:
        assert mine / sum(used) == pytest.approx(1 / 4, rel=0.2)


def turn(scheduler, run, patience=0.0):
    """Return whether the run would train now, without using any time."""
    with scheduler.slice(run, until=time.perf_counter() + patience) as is_our_turn:
        return is_our_turn


def test_those_beyond_the_limit_wait_in_the_order_of_their_coming():
    scheduler, runs = Scheduler(most=2), [Someone() for _ in range(5)]
    assert [turn(scheduler, run) for run in runs] == [True, True, False, False, False]
    assert [scheduler.queue_position(run) for run in runs] == [0, 0, 1, 2, 3]
    assert scheduler.queue_position(Someone()) == 4
    scheduler.remove(runs[0])
    assert [scheduler.queue_position(run) for run in runs[1:]] == [0, 0, 1, 2]
    assert turn(scheduler, runs[2])
    assert not turn(scheduler, runs[3])
    assert not turn(scheduler, runs[0])  # it has come back, behind the others
    assert [scheduler.queue_position(run) for run in runs] == [3, 0, 0, 1, 2]
    del runs[1]
    gc.collect()
    assert [scheduler.queue_position(run) for run in runs] == [2, 0, 0, 1]


def test_who_is_away_loses_the_place_only_to_those_who_wait(monkeypatch):
    scheduler, away, other = Scheduler(most=1), Someone(), Someone()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    assert turn(scheduler, away)
    now += 0.9 * IDLE_SECONDS
    assert not turn(scheduler, other)
    now += 0.2 * IDLE_SECONDS
    assert scheduler.queue_position(away) == 0
    assert turn(scheduler, other)
    assert scheduler.queue_position(away) == 1


def use(scheduler, run, seconds, monkeypatch):
    """Let a run train for so long by the clock, which is moved."""
    clock, began = time.perf_counter, time.perf_counter()
    with scheduler.slice(run) as is_our_turn:
        assert is_our_turn
        monkeypatch.setattr(time, "perf_counter", lambda: began + seconds)
    monkeypatch.setattr(time, "perf_counter", clock)


def test_a_newcomer_begins_with_the_others_and_nobody_saves_up(monkeypatch):
    scheduler, first, second = Scheduler(most=8, slots=1), Someone(), Someone()
    use(scheduler, first, 50.0, monkeypatch)
    assert turn(scheduler, second)
    assert scheduler._runs[second].used == pytest.approx(50.0, abs=0.1)
    for _ in range(30):
        scheduler.mark_idle(first)
        scheduler.mark_idle(second)
        use(scheduler, first, 1.0, monkeypatch)
    scheduler.mark_idle(second)
    assert turn(scheduler, second)
    assert scheduler._runs[second].used == pytest.approx(scheduler._runs[first].used, abs=0.1)


def test_a_waiting_run_hears_its_pause_during_another_ones_long_step():
    scheduler, slow, waiting = Scheduler(most=8, slots=1), Someone(), Someone()
    running, in_step, end = threading.Event(), threading.Event(), threading.Event()
    running.set()
    answers = []

    def long_step():
        with scheduler.slice(slow):
            in_step.set()
            end.wait(20)

    def wait():
        with scheduler.slice(waiting, running.is_set) as is_our_turn:
            answers.append(is_our_turn)

    threads = [threading.Thread(target=long_step), threading.Thread(target=wait)]
    threads[0].start()
    in_step.wait(10)
    threads[1].start()
    time.sleep(0.05)
    assert not answers
    running.clear()
    threads[1].join(10)
    assert answers == [False]
    assert not end.is_set()
    end.set()
    threads[0].join(10)
    assert turn(scheduler, waiting, patience=1.0)


def test_a_turn_that_breaks_off_is_given_back():
    scheduler, run = Scheduler(most=8, slots=1), Someone()

    def break_off():
        with scheduler.slice(run):
            scheduler.remove(run)  # paused by another thread meanwhile
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert turn(scheduler, Someone())


def test_the_limit_is_the_users_or_the_machines(monkeypatch):
    for chosen, expected in (("3", 3), ("1", 1)):
        monkeypatch.setenv("GAN_MAX_RUNS", chosen)
        assert most_runs() == expected
    for senseless in ("0", "-2", "many", ""):
        monkeypatch.setenv("GAN_MAX_RUNS", senseless)
        monkeypatch.setattr("gan_core.runtime.scheduler.available_cores", lambda: 2)
        monkeypatch.setattr("gan_core.runtime.scheduler.total", lambda: 24 * 2**30)
        assert most_runs() == 8
        monkeypatch.setattr("gan_core.runtime.scheduler.total", lambda: 2**30)
        assert most_runs() == 1


def session(folder, monkeypatch):
    """Open the page of numbers in a session of its own, which takes three steps a frame."""
    monkeypatch.setenv("GAN_RUNS", str(folder))
    at = AppTest.from_file(str(HOME), default_timeout=60)
    at.session_state["steps_per_frame"] = 3
    at.run()
    return at.switch_page("pages/1_Distributions.py").run()


@pytest.mark.slow
def test_a_third_visitor_waits_with_a_sentence_and_begins_by_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_MAX_RUNS", "2")
    monkeypatch.setattr("gan_core.runtime.scheduler.IDLE_SECONDS", 60.0)
    visitors = [session(tmp_path, monkeypatch) for _ in range(3)]
    runs = [at.session_state["visitor"].runs["distributions"] for at in visitors]
    with SCHEDULER._condition:
        SCHEDULER._runs.clear()  # what other tests have left running
    for at in visitors:
        at.button(key="distributions.train").click().run()
    taken = [run.trainer.step_count for run in runs]
    assert min(taken[:2]) >= 3
    assert taken[2] == 0
    visitors[2].run()
    words = [caption.value for caption in visitors[2].caption]
    assert any("2 runs train on this machine" in text and "number 1" in text for text in words)
    assert not any("in the queue" in text.value for text in visitors[1].caption)
    visitors[0].button(key="distributions.train").click().run()
    assert not runs[0].playback.running
    visitors[2].run().run()
    assert runs[2].trainer.step_count >= 3
    assert not any("in the queue" in text.value for text in visitors[2].caption)
    for run in runs:
        run.playback.pause()
    assert SCHEDULER.training() == 0
