"""The name that a run has by itself, until the user gives it another one."""

from __future__ import annotations

from gan_core.storage.run_folder import RunFolder
from gan_core.storage.runs_folder import default_name
from gan_core.training.trainer import Trainer


class OwnName:
    """Names a run after the preset that it began with, or after its settings, which may change."""

    def __init__(self, folder: RunFolder, trainer: Trainer, title: str | None) -> None:
        self._folder, self._trainer, self._title = folder, trainer, title
        self.latest = title or default_name(folder, trainer.config)
        """The name at the last save."""

    def follow(self, name: str) -> str:
        """Return the name now; a `name` that the user gave stays."""
        follows = name == self.latest
        changes = self._trainer.config_changes
        if self._title is None:
            self.latest = default_name(self._folder, self._trainer.config)
        elif changes:
            self.latest = f"{self._title}, changed at step {changes[-1][0]:,}"
        return self.latest if follows else name
