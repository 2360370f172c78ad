"""Work in slices, from one thread or several."""

import threading
import time

from gan_core.runtime.tasks import ProgressReport, SlicedTask


def counting(n, seconds=0.0):
    for i in range(n):
        time.sleep(seconds)
        yield ProgressReport((i + 1) / n, f"{i + 1} of {n}")
    return n


def test_slices_are_taken_one_by_one_until_the_result():
    results = []
    job = SlicedTask(counting(3), results.append)
    for share in (1 / 3, 2 / 3, 1):
        job.work(0.0)
        assert (job.fraction, job.active, results) == (share, True, [])
    job.work(0.0)
    assert (job.active, results) == (False, [3])
    job.work(0.0)
    assert results == [3]


def test_time_is_used_up():
    results = []
    job = SlicedTask(counting(1_000), results.append)
    job.work(60.0)
    assert results == [1_000]


def test_a_refusal_is_a_sentence():
    def refusing():
        yield ProgressReport(0.5, "half")
        raise ValueError("There are no pictures.")

    results = []
    job = SlicedTask(refusing(), results.append)
    job.work(60.0)
    assert (job.active, job.error, results) == (False, "There are no pictures.", [])


def test_two_threads_do_not_disturb_each_other():
    results = []
    job = SlicedTask(counting(60, 0.005), results.append)
    threads = [
        threading.Thread(target=lambda: [job.work(0.0) for _ in range(5_000)]) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    job.work(60.0)
    assert job.error is None
    assert results == [60]
