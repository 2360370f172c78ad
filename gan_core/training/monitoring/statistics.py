"""The statistics of every step: computed on the device, read only when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from gan_core.training.algorithm import D_STATS, G_STATS
from gan_core.training.gan import GAN, Batch
from gan_core.training.monitoring.failures import MAX_ABS_VALUE, STATISTIC_LABELS
from gan_core.training.monitoring.history import History
from gan_core.training.monitoring.snapshot import STATISTICS
from gan_core.training.monitoring.step_log import StepLog

AFTER_EVERY, AFTER_ALWAYS = 25, 50
"""`d_fake_after` costs a pass of both networks: every step has it up to 50, then every 25th."""

OF_UPDATES = (*D_STATS, *G_STATS)
"""The statistics of a step's updates, in the order of an engine's row."""

Read = Callable[[], dict[str, torch.Tensor]]


class Statistics:
    """The statistics of the latest updates, and those of all steps.

    They stay on the device until `flush`, which is a CPU–GPU sync point.
    """

    def __init__(self, gan: GAN) -> None:
        self._gan = gan
        self.history = History(STATISTICS)
        self.step_log: StepLog | None = None
        """Where every step's statistics go, if anybody is going to write them to a file."""
        self.latest: dict[str, torch.Tensor] = {}
        self._unread: dict[str, Read] = {}
        """Functions that compute the statistics of the latest updates, by network."""
        self._pending: list[tuple[int, torch.Tensor]] = []
        """Steps, and their rows of `OF_UPDATES`."""
        self._pending_after: dict[int, torch.Tensor] = {}
        """`d_fake_after` of the pending steps that have it."""

    def defer(self, network: str, read: Read) -> None:
        """Keep the function that computes the statistics of the latest update of `d` or `g`."""
        self._unread[network] = read

    def compute(self) -> dict[str, torch.Tensor]:
        """Compute and return the statistics of the latest updates."""
        for read in self._unread.values():
            self.latest |= read()
        self._unread.clear()
        return self.latest

    def end_step(self, step: int, batch: Batch | None, row: torch.Tensor | None) -> None:
        """Queue what has been measured in a step: its `row` of `OF_UPDATES`, if it is there."""
        self.latest.pop("d_fake_after", None)
        if row is None:
            latest = self.compute()
            if "loss_d" not in latest:  # G has been updated alone, and D never
                return
            row = torch.stack([latest[name] for name in OF_UPDATES])
        else:
            row = row.clone()  # the engine's next call may overwrite it
        if step <= AFTER_ALWAYS or step % AFTER_EVERY == 0:
            self.rescore_fake(batch)
            if "d_fake_after" in self.latest:
                self._pending_after[step] = self.latest["d_fake_after"]
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
        steps = np.array([step for step, _ in self._pending])
        table = self._read_pending(steps)
        self._pending.clear()
        self._pending_after.clear()
        watched = [i for i, name in enumerate(STATISTICS) if name != "d_fake_after"]
        broken = ~(np.abs(table[:, watched]) < MAX_ABS_VALUE)
        first = int(np.argmax(broken.any(axis=1))) if broken.any() else len(steps)
        self.history.extend(steps[:first], table[:first])
        if self.step_log is not None:
            self.step_log.extend(steps[:first], table[:first])
        if first == len(steps):
            return None
        name = STATISTICS[watched[int(np.argmax(broken[first]))]]
        return int(steps[first]), STATISTIC_LABELS[name]

    def _read_pending(self, steps: np.ndarray) -> np.ndarray:
        """Return what is queued as a table of `STATISTICS`, shape (steps, columns)."""
        table = np.full((len(steps), len(STATISTICS)), np.nan, np.float32)
        rows = torch.stack([row for _, row in self._pending]).cpu().numpy()
        table[:, [STATISTICS.index(name) for name in OF_UPDATES]] = rows
        if self._pending_after:
            places = np.searchsorted(steps, list(self._pending_after))
            after = torch.stack(list(self._pending_after.values())).cpu().numpy()
            table[places, STATISTICS.index("d_fake_after")] = after
        return table

    @property
    def last_queued(self) -> int | None:
        """The latest step whose statistics are queued."""
        return self._pending[-1][0] if self._pending else None

    def restore(self, latest: Mapping[str, torch.Tensor]) -> None:
        """Restore the latest statistics from a saved state; drop queued rows."""
        self._unread.clear()
        self._pending.clear()
        self._pending_after.clear()
        self.latest = dict(latest)
