"""The statistics of steps: computed only when they are wanted, read only when they are needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch

from gan_core.training.gan import GAN, Batch
from gan_core.training.monitoring.failures import MAX_ABS_VALUE, STATISTIC_LABELS
from gan_core.training.monitoring.history import History
from gan_core.training.monitoring.snapshot import STATISTICS

AFTER_EVERY, AFTER_ALWAYS = 25, 50
"""`d_fake_after` costs a pass of both networks: every step has it up to 50, then every 25th."""

Read = Callable[[], dict[str, torch.Tensor]]


class Statistics:
    """The statistics of the latest updates, and those of the steps that the history keeps.

    They stay on the device until `flush`, which is a CPU–GPU sync point.
    """

    def __init__(self, gan: GAN) -> None:
        self._gan = gan
        self.history = History(list(STATISTICS))
        self.latest: dict[str, torch.Tensor] = {}
        self._unread: dict[str, Read] = {}
        """Functions that compute the statistics of the latest updates, by network."""
        self._pending: list[tuple[int, torch.Tensor]] = []

    def defer(self, network: str, read: Read) -> None:
        """Keep the function that computes the statistics of the latest update of `d` or `g`."""
        self._unread[network] = read

    def compute(self) -> dict[str, torch.Tensor]:
        """Compute and return the statistics of the latest updates."""
        for read in self._unread.values():
            self.latest |= read()
        self._unread.clear()
        return self.latest

    def end_step(self, step: int, batch: Batch | None, due: bool) -> None:
        """Queue what has been measured in a step, if it is `due` or the history wants it."""
        self.latest.pop("d_fake_after", None)
        wanted = self.history.should_record(step)
        if not due and not wanted:
            return
        latest = self.compute()
        if "loss_d" not in latest:  # G has been updated alone, and D never
            return
        if wanted and (step <= AFTER_ALWAYS or step % AFTER_EVERY == 0):
            self.rescore_fake(batch)
        missing = torch.full_like(latest["loss_d"], math.nan)
        row = torch.stack([latest.get(name, missing) for name in STATISTICS])
        self._pending.append((step, row))

    @torch.no_grad()
    def rescore_fake(self, batch: Batch | None) -> None:
        """Score the last generated batch again, now that G has moved; disturbs no stream."""
        if "d_fake_after" in self.latest or batch is None:
            return
        gan = self._gan
        with gan.no_side_effects():
            fake = gan.to_discriminator_input(gan.generate(batch.z, batch.labels))
            self.latest["d_fake_after"] = gan.mean_output(gan.run_discriminator(fake, batch.labels))

    def flush(self) -> tuple[int, str] | None:
        """Move what is queued into the history; return the first step that broke, and its number.

        A number broke if it is not finite, or beyond `MAX_ABS_VALUE`.
        """
        if not self._pending:
            return None
        steps = [step for step, _ in self._pending]
        table = torch.stack([row for _, row in self._pending]).cpu().numpy()
        self._pending.clear()
        watched = [i for i, name in enumerate(STATISTICS) if name != "d_fake_after"]
        for step, row in zip(steps, table, strict=True):
            broken = [STATISTICS[i] for i in watched if not np.abs(row[i]) < MAX_ABS_VALUE]
            if broken:
                return step, STATISTIC_LABELS[broken[0]]
            self.history.add(step, dict(zip(STATISTICS, row.tolist(), strict=True)))
        return None

    @property
    def last_queued(self) -> int | None:
        """The latest step whose statistics are queued."""
        return self._pending[-1][0] if self._pending else None

    def restore(self, latest: Mapping[str, torch.Tensor]) -> None:
        """Restore the latest statistics from a saved state; drop queued rows."""
        self._unread.clear()
        self._pending.clear()
        self.latest = dict(latest)
