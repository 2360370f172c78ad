"""What the page of runs remembers of a visitor."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Shelf:
    """`known` are the ids of the runs that were opened, begun or imported in this session."""

    known: set[str] = field(default_factory=set)
    asked: tuple[str, ...] = ()
    """The runs that may be deleted, once the question is answered."""
    said: str | None = None
    refused: str | None = None
    """What the last action came to, or why it did not."""
    revision: int = 0
    """Raised to give the uploader and the table new, empty widgets."""
    chosen: frozenset[str] = frozenset()
    """The runs that are chosen in the table."""
    table: str = ""
    places: tuple[int, ...] = ()
    """The key of the table's widget, and the rows that were chosen as it was made."""

    def say(self, words: str) -> None:
        self.said, self.refused, self.asked = words, None, ()

    def refuse(self, words: str) -> None:
        self.said, self.refused, self.asked = None, words, ()

    def renew(self) -> None:
        self.revision += 1
        self.chosen = frozenset()
