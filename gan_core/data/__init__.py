"""Data sets; importing the package registers all of them."""

# The order of these imports is the order of the menus.
from gan_core.data import distributions, csv_column, mnist, cats, stacked_mnist, image_folder  # isort: skip
from gan_core.data.base import (
    DATASETS,
    BatchSource,
    Dataset,
    Distribution1D,
    ImageSource,
    ImageTensors,
    Preparation,
)

__all__ = [
    "DATASETS",
    "BatchSource",
    "Dataset",
    "Distribution1D",
    "ImageSource",
    "ImageTensors",
    "Preparation",
    "cats",
    "csv_column",
    "distributions",
    "image_folder",
    "mnist",
    "stacked_mnist",
]
