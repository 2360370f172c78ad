"""Indicators that are read off the samples; they differ from one kind of data to another.

The rules ask for their evidence here. A kind of data whose samples say nothing about a rule has no
evidence for it: the rule then abstains, or judges by the statistics of the game alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gan_core.diagnosis.evidence import Evidence

if TYPE_CHECKING:
    from gan_core.diagnosis.course_rules import DFooled, StandingStill, WrongShape
    from gan_core.diagnosis.doubt import Doubt
    from gan_core.diagnosis.game_rules import (
        Diverging,
        DTooStrong,
        GStarved,
        Oscillating,
        RunningAway,
    )
    from gan_core.diagnosis.sample_rules import ClassCollapse, Memorising, ModeCollapse


@dataclass(frozen=True)
class SampleIndicators:
    """The samples of a run at one moment. These ones say nothing."""

    min_steps: ClassVar[int] = 100
    """Steps after the beginning, or after a change, before which there is nothing to tell."""

    @property
    def num_real(self) -> float:
        """How many different real samples there are."""
        return math.inf

    @property
    def is_on_its_way(self) -> bool:
        """Whether the samples are still far from the target."""
        return False

    def healthy_sentence(self, game: str) -> str:
        """Return what speaks for a healthy run, with its numbers.

        `game` says how far D has won, or is "" where that is unknown.
        """
        return f"{game}." if game else ""

    def jumps(self, rule: Diverging) -> tuple[Evidence, ...]:
        """Return evidence that the samples jump to and fro."""
        return ()

    def jumps_sentence(self) -> str:
        """Return the sentence for `jumps`."""
        return ""

    def distance(self, rule: GStarved | DTooStrong) -> tuple[Evidence, ...]:
        """Return evidence that G is neither at the target nor on its way."""
        return ()

    def distance_words(self) -> str:
        """Return in words how far G is from the target; may be ""."""
        return ""

    def oscillates(self, rule: Oscillating) -> tuple[Evidence, ...]:
        """Return evidence that the samples move to and fro."""
        return ()

    def oscillates_sentence(self) -> str:
        """Return the sentence for `oscillates`."""
        return ""

    def collapses(self, rule: ModeCollapse) -> tuple[Evidence, ...]:
        """Return evidence that some kinds of samples are missing."""
        return ()

    def collapses_sentence(self, rule: ModeCollapse) -> str:
        """Return the sentence for `collapses`."""
        return ""

    def collapses_inside(self, rule: ClassCollapse) -> tuple[Evidence, ...]:
        """Return evidence that the samples of one class are all alike."""
        return ()

    def collapses_inside_sentence(self, rule: ClassCollapse) -> str:
        """Return the sentence for `collapses_inside`."""
        return ""

    def memorizes(self, rule: Memorising) -> tuple[Evidence, ...]:
        """Return evidence that the samples are copies of real ones."""
        return ()

    def memorizes_sentence(self) -> str:
        """Return the sentence for `memorizes`."""
        return ""

    def runs_away(self, rule: RunningAway) -> tuple[Evidence, ...]:
        """Return evidence that the samples go away from the target."""
        return ()

    def runs_away_sentence(self) -> str:
        """Return the sentence for `runs_away`."""
        return ""

    def stands_still(self, rule: StandingStill) -> tuple[Evidence, ...]:
        """Return evidence that the samples stay where they are, off the target."""
        return ()

    def stands_still_sentence(self) -> str:
        """Return the sentence for `stands_still`."""
        return ""

    def is_off(self, rule: DFooled) -> tuple[Evidence, ...]:
        """Return evidence that the samples are not distributed like the target."""
        return ()

    def misshapes(self, rule: WrongShape) -> tuple[Evidence, ...]:
        """Return evidence that the samples have another shape than the target."""
        return ()

    def misshapes_sentence(self, rule: WrongShape) -> str:
        """Return the sentence for `misshapes`."""
        return ""

    def doubts(self, rule: Doubt) -> tuple[Evidence, ...]:
        """Return evidence, of which one row is enough, against calling the run healthy."""
        return ()

    def doubts_sentence(self, rule: Doubt) -> str:
        """Return the sentence for `doubts`."""
        return ""
