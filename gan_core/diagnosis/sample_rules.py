"""Conditions of the samples: too few kinds of them, or none of G's own."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.diagnosis import remedies as prescribe
from gan_core.diagnosis.rule import CONDITIONS, Condition, patience_row
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
        return indicators.samples.collapses(self)

    def sentence(self, indicators):
        return indicators.samples.collapses_sentence(self)


@CONDITIONS.register(
    "class_collapse",
    title="Collapse inside classes",
    paper="Yang et al. 2019, arXiv:1901.09024; Shahbazi et al. 2022, arXiv:2201.06578",
    equation=r"\frac{\mathrm{med}_{y_i=y_j=c}\lVert G(z_i,c)-G(z_j,c)\rVert}"
    r"{\mathrm{med}_{y_k=y_l=c}\lVert x_k-x_l\rVert}<\texttt{inside}",
)
@dataclass(frozen=True)
class ClassCollapse(Condition):
    """G makes each class, but nearly the same picture every time: it ignores the noise.

    A conditional G is judged by its grid, which has some samples of each class; another one by the
    last evaluation, in which a classifier has told the classes.
    """

    candidates = (prescribe.stabilize, prescribe.pairing_loss, prescribe.quarter_rate_of_d)
    inside: float = knob(
        0.3,
        low=0.0,
        high=1.0,
        help="Least distance of two samples / two real pictures of a class.",
    )
    share: float = knob(0.3, low=0.0, high=1.0, help="So large a share of collapsed classes.")
    classes: int = knob(2, low=1, high=100, help="With fewer classes it is not looked for.")
    gained: float = knob(
        0.08, low=0.0, high=1.0, help="Classes that gained so much distance still learn."
    )
    patience: int = knob(
        1_000, low=0, high=100_000, help="Steps in which G first learns what a class has in common."
    )

    def evidence(self, indicators):
        rows = indicators.samples.collapses_inside(self)
        if not rows:
            return ()
        return (*rows, patience_row(indicators, self.patience))

    def sentence(self, indicators):
        return indicators.samples.collapses_inside_sentence(self)


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
        return indicators.samples.memorizes(self)

    def sentence(self, indicators):
        return indicators.samples.memorizes_sentence()
