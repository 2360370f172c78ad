"""Data sets; importing the package registers all of them."""

from gan_core.data import csv_column, distributions, pictures
from gan_core.data.base import DATASETS, Dataset, PictureSet, Source, Target

__all__ = [
    "DATASETS",
    "Dataset",
    "PictureSet",
    "Source",
    "Target",
    "csv_column",
    "distributions",
    "pictures",
]
