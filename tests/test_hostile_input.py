"""A short form of `benchmarks/malice.py`: nothing bad crashes, runs, or lands outside."""

import pytest

from tests.helpers.hostile import SHARES, try_all

pytestmark = pytest.mark.slow


def test_bad_things_get_sentences(tmp_path, monkeypatch):
    for name in ("GAN_RUNS", "GAN_DATA", "GAN_ENGINE"):  # so that they are put back afterwards
        monkeypatch.setenv(name, str(tmp_path))
    counts, crashes = try_all(120, 1, tmp_path)
    assert crashes == []
    assert counts["tries"] >= 120
    assert counts["code run"] == counts["files outside"] == 0
    assert counts["sentences"] > 80
    assert counts["accepted"] > 10
    assert sum(SHARES.values()) == pytest.approx(1.0)
