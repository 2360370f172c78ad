"""Conditions of the samples: too few kinds of them, or none of G's own."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.diagnosis import remedies as prescribe
from gan_core.diagnosis.indicators import Indicators, Mode
from gan_core.diagnosis.rule import CONDITIONS, Condition, Evidence, snapshots_text
from gan_core.registry import knob


@CONDITIONS.register(
    "mode_collapse",
    title="Mode collapse",
    paper="Salimans et al. 2016, arXiv:1606.03498, section 3.2; "
    "Srivastava et al. 2017 (VEEGAN), arXiv:1705.07761, section 5",
    equation=r"\hat p_g(k)<\texttt{found}\cdot p_r(k)",
)
@dataclass(frozen=True)
class ModeCollapse(Condition):
    """G makes some kinds of samples and leaves others out.

    On a mixture whose bells lie apart a bell counts as found by the samples within three standard
    deviations of it; elsewhere the spread of the samples stands for their variety.
    """

    candidates = (prescribe.deeper_generator, prescribe.stabilize, prescribe.pairing_loss)
    found: float = knob(0.25, low=0.0, high=1.0, help="A mode with less of its share is missing.")
    spread: float = knob(0.4, low=0.0, high=1.0, help="Least std of the samples / the target's.")
    diversity: float = knob(
        0.55, low=0.0, high=1.0, help="Least distance between two samples / two real pictures."
    )
    nearer: float = knob(
        0.2, low=0.0, high=10.0, help="Samples that came nearer by this much, in std, still learn."
    )
    gained: float = knob(
        0.08, low=0.0, high=1.0, help="Pictures that gained so much distance still learn."
    )
    classes: int = knob(2, low=1, high=100, help="So many classes missing are too many.")

    def evidence(self, indicators):
        if indicators.pictures is not None:
            return self._of_pictures(indicators)
        line, over = indicators.line, "10,000 samples"
        nearer = Evidence(
            "came nearer by, in std",
            line.error_decrease,
            self.nearer,
            False,
            snapshots_text(indicators),
        )
        if self._finds_a_bell(indicators):
            least = min(bell.found / bell.share for bell in line.bells)
            return Evidence("least share of a bell found", least, self.found, False, over), nearer
        return Evidence("std / the target's", line.std, self.spread, False, over), nearer

    def _of_pictures(self, indicators):
        census = indicators.pictures.census
        if census is not None:
            missing = float(len(self._missing_classes(indicators)))
            over = f"{sum(census.generated):,} samples, last evaluation"
            return (Evidence("classes missing", missing, self.classes - 0.5, True, over),)
        seen, over = indicators.pictures, f"{indicators.pictures.samples} samples"
        since = f"{over}, now and in {seen.grids} grids before"
        return (
            Evidence("distance between samples", seen.diversity, self.diversity, False, over),
            Evidence("of it gained", seen.gained, self.gained, False, since),
        )

    def _missing_classes(self, indicators: Indicators) -> list[str]:
        census = indicators.pictures.census
        real, made = sum(census.real), sum(census.generated)
        counted = zip(census.values, census.real, census.generated, strict=True)
        return [name for name, r, g in counted if g / made < self.found * r / real]

    def _finds_a_bell(self, indicators: Indicators) -> bool:
        """Say whether any bell is found; G may also be somewhere else altogether."""
        return len(self._missing_bells(indicators)) < len(indicators.line.bells)

    def _missing_bells(self, indicators: Indicators) -> list[Mode]:
        return [bell for bell in indicators.line.bells if bell.found < self.found * bell.share]

    def sentence(self, indicators):
        if indicators.line is not None and self._finds_a_bell(indicators):
            missing = self._missing_bells(indicators)
            words = ", ".join(
                f"at {bell.centre:g} ({bell.found:.0%}, not {bell.share:.0%})" for bell in missing
            )
            return f"Of {len(indicators.line.bells)} bells, too few samples lie on those {words}."
        if indicators.line is not None:
            std = indicators.line.std
            return f"The samples spread over {std:.2f} of the target's standard deviation."
        if indicators.pictures.census is not None:
            return f"Hardly ever made: {', '.join(self._missing_classes(indicators))}."
        return (
            f"Two generated pictures differ by {indicators.pictures.diversity:.2f} of what two "
            f"real "
            "ones do: G makes few different ones."
        )


@CONDITIONS.register(
    "memorising",
    title="Memorising",
    paper="Meehan et al. 2020, arXiv:2004.05675",
    equation=r"\frac{\mathrm{med}_i\min_j\lVert G(z_i)-x_j\rVert}"
    r"{\mathrm{med}_k\min_{j\ne k}\lVert x_k-x_j\rVert}<\texttt{likeness}",
)
@dataclass(frozen=True)
class Memorising(Condition):
    """The samples are nearer to single real pictures than real pictures are to each other."""

    candidates = (prescribe.blur, prescribe.gradient_penalty)
    likeness: float = knob(
        0.5, low=0.0, high=1.0, help="Distance to the nearest real picture / between real ones."
    )

    def evidence(self, indicators):
        if indicators.pictures is None:
            return ()
        seen = indicators.pictures
        over = f"{seen.samples} samples, {seen.real:,} real pictures"
        return (Evidence("distance to the data", seen.nn_ratio, self.likeness, False, over),)

    def sentence(self, indicators):
        seen = indicators.pictures
        return (
            f"The samples are copies: half of them are nearer to one of {seen.real:,} real "
            f"pictures than {seen.nn_ratio:.2f} of what these are from each other. More pictures "
            "help most."
        )
