"""What all sets of pictures have in common."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import torch

from gan_core.data.base import Dataset, PictureSource


@dataclass(frozen=True)
class Pictures(Dataset):
    """A set of pictures of one size, held as bytes."""

    pictures = True

    @abstractmethod
    def load(self) -> PictureSource:
        """Return the pictures, on the CPU.

        Raises:
            ValueError: if they are not on this machine.
        """

    def open(self, device: torch.device) -> PictureSource:
        return self.load().to(device)
