"""The state of the page of all runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from ui.confirmation import Confirmation


@dataclass
class RunsPageState:
    """`known_ids` are the runs that were begun, imported or copied in this session."""

    known_ids: set[str] = field(default_factory=set)
    deletion: Confirmation = field(default_factory=Confirmation)
    """The ids of the runs whose deletion waits for the visitor's consent."""
    success: str | None = None
    error: str | None = None
    """The outcome of the last action, or the reason why it failed."""
    revision: int = 0
    """Raised to give the uploader and the table new, empty widgets."""
    selected_ids: frozenset[str] = frozenset()
    """The runs that are selected in the table."""
    table_key: str = ""
    table_rows: tuple[int, ...] = ()
    """The key of the table's widget, and the rows that were selected when it was made."""

    def report_success(self, message: str) -> None:
        """Let the page show the outcome of an action."""
        self.success, self.error = message, None
        self.deletion.clear()

    def report_error(self, message: str) -> None:
        """Let the page show why an action failed."""
        self.success, self.error = None, message
        self.deletion.clear()

    def renew_widgets(self) -> None:
        """Give the page new widgets, with nothing selected."""
        self.revision += 1
        self.selected_ids = frozenset()
