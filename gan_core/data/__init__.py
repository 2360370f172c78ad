"""Data sets; importing the package registers all of them."""

# The order of these imports is the order of the menus.
from gan_core.data import distributions, csv_column, mnist, cats, stacked_mnist, image_folder  # isort: skip
from gan_core.data.base import (
    DATASETS,
    Dataset,
    PictureSet,
    PictureSource,
    Preparation,
    Source,
    Target,
)

__all__ = [
    "DATASETS",
    "Dataset",
    "PictureSet",
    "PictureSource",
    "Preparation",
    "Source",
    "Target",
    "cats",
    "csv_column",
    "distributions",
    "image_folder",
    "mnist",
    "stacked_mnist",
]
