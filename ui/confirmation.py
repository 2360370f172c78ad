"""The question "are you sure?", as a value."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass
class Confirmation:
    """A question that waits for an answer: may this be done to `subject`?"""

    subject: Hashable | None = None

    def ask(self, subject: Hashable) -> None:
        """Ask about this subject; a question about another one is dropped."""
        self.subject = subject

    def is_pending(self, subject: Hashable) -> bool:
        """Return whether this very subject was asked about."""
        return self.subject is not None and self.subject == subject

    def clear(self) -> None:
        """Drop the question: it was answered, or is void."""
        self.subject = None
