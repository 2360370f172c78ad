"""The numerical core of the GAN laboratory: it runs without the dashboard."""

from gan_core import kinds
from gan_core.config import ExperimentConfig
from gan_core.training.trainer import Trainer

__all__ = ["ExperimentConfig", "Trainer", "kinds"]
