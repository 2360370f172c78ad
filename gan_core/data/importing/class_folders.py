"""Which folders of the user's own pictures are classes, and which pictures that leaves out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from gan_core.registry import short_repr

CHOICES = ("auto", "top folders", "innermost folders", "none")
MAX_CLASSES, MIN_IN_CLASS = 1_000, 2
MAX_LEFT_OUT = 0.2
"""Share of the pictures that `auto` leaves out for the sake of the others' classes."""

PARTS = {"train", "test", "val", "valid", "validation", "training", "testing", "dev", "eval"}
"""Folders that divide a data set for learning and testing; they are no classes."""

Folders = tuple[str, ...]


@dataclass(frozen=True)
class Classes:
    """The classes of pictures: their names, each kept picture's number, and what to say.

    `kept` tells of each picture whether it has a class; without classes all are kept.
    """

    names: tuple[str, ...]
    labels: np.ndarray | None
    kept: np.ndarray
    words: str = ""


def find_classes(folders: Sequence[Folders], choice: str = "auto") -> Classes:
    """Return the classes that the folders of pictures give, one entry of `folders` a picture.

    Classes are the top folders that differ, but not `train` and `test`: then those below them. A
    class has at least two pictures. A picture without a class is left out, unless `auto` would
    leave out more than a fifth.

    Raises:
        ValueError: if classes are asked for, and the folders give none.
    """
    if choice == "none" or len(set(folders)) < 2:
        if choice in ("auto", "none"):
            return _without(folders, "")
        raise ValueError("All pictures are in one folder; classes need at least two folders.")
    tops = _below_the_common(folders)
    parts: list[str] = []
    if choice == "innermost folders":
        names = [parts_[-1] if parts_ else None for parts_ in tops]
    else:
        if choice == "auto":
            parts = sorted({t[0] for t in tops if t and t[0].lower() in PARTS})
            if parts:
                tops = [t[1:] if t and t[0] in parts else t for t in tops]
        names = [t[0] if t else None for t in tops]
    found = _chosen(names, folders, choice)
    if not parts:
        return found
    listed = " and ".join(short_repr(part) for part in parts[:3])
    joined = f"{listed} are parts of one data set, not classes."
    return Classes(found.names, found.labels, found.kept, f"{joined} {found.words}".strip())


def _below_the_common(folders: Sequence[Folders]) -> list[Folders]:
    """Return the folders without those that all pictures, but loose ones, are in."""
    inside = [parts for parts in folders if parts]
    # In sorted order, a prefix of both the first and the last is a prefix of all.
    ends = zip(min(inside), max(inside), strict=False)
    depth = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], ends))
    return [parts[depth:] for parts in folders]


def _chosen(names: list[str | None], folders: Sequence[Folders], choice: str) -> Classes:
    """Return the classes of that name, or say why there are none."""
    counts = Counter(name for name in names if name is not None)
    classes = tuple(sorted(name for name, n in counts.items() if n >= MIN_IN_CLASS))
    kept = np.array([name in set(classes) for name in names])
    loose = names.count(None)
    singles = sorted(name for name, n in counts.items() if n < MIN_IN_CLASS)
    reasons = [f"{loose:,} outside them"] if loose else []
    if singles:
        shown = ", ".join(map(short_repr, singles[:3]))
        reasons.append(
            f"{len(singles):,} alone in {'its' if len(singles) == 1 else 'their'} folder ({shown})"
        )
    refusal = ""
    if len(classes) < 2:
        refusal = "fewer than two folders have two pictures or more"
    elif len(classes) > MAX_CLASSES:
        refusal = f"there are {len(classes):,} folders, and at most {MAX_CLASSES:,} classes"
    elif choice == "auto" and (~kept).mean() > MAX_LEFT_OUT:
        refusal = f"too many pictures have none: {', '.join(reasons)}"
    if refusal:
        if choice == "auto":
            return _without(folders, f"No classes: {refusal}.")
        raise ValueError(f"The {choice} give no classes: {refusal}.")
    number = {name: i for i, name in enumerate(classes)}
    labels = np.array([[number[name]] for name in names if name in number])
    listed = ", ".join(map(short_repr, classes[:5])) + (" …" if len(classes) > 5 else "")
    words = f"The folders are {len(classes):,} classes: {listed}."
    if reasons:
        words += f" Pictures left out, as they have no class: {', '.join(reasons)}."
    return Classes(classes, labels, kept, words)


def _without(folders: Sequence[Folders], words: str) -> Classes:
    return Classes((), None, np.ones(len(folders), bool), words)
