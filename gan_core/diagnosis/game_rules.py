"""Conditions of the game: who wins it, and whether it comes to rest."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.diagnosis import remedies as prescribe
from gan_core.diagnosis.indicators import Indicators
from gan_core.diagnosis.rule import (
    CONDITIONS,
    Condition,
    Evidence,
    d_outputs_text,
    steps_text,
)
from gan_core.registry import knob

SLOW = 10
"""A G whose learning rate is so many times smaller than D's cannot keep up with it."""


@CONDITIONS.register(
    "diverging",
    title="Diverging",
    paper="Goodfellow 2016, tutorial, arXiv:1701.00160, section 5.1",
    equation=r"\max_t L_D(t)>\texttt{worse}\cdot E",
)
@dataclass(frozen=True)
class Diverging(Condition):
    """The steps are so long that the numbers run away."""

    at_once = True
    any_row = True
    candidates = (prescribe.stabilize_from_scratch, prescribe.quarter_rates_from_scratch)
    worse: float = knob(
        100.0,
        low=1.0,
        high=1e6,
        log=True,
        help="D's loss, in units of the loss of a D that guesses.",
    )
    sway: float = knob(
        10.0, low=1.0, high=1e6, log=True, help="How far samples jump, in std of the target."
    )

    def evidence(self, indicators):
        rows = [
            Evidence(
                "numbers that are not finite", _broken(indicators), 0.5, True, "the latest steps"
            )
        ]
        if indicators.max_loss_ratio is not None:
            words = "D's worst loss / a guess's"
            rows.append(
                Evidence(words, indicators.max_loss_ratio, self.worse, True, steps_text(indicators))
            )
        return (*rows, *indicators.samples.jumps(self))

    def prescriptions(self, indicators):
        if indicators.failure is not None:  # the trainer has gone back to healthy weights
            return (prescribe.stabilize, prescribe.quarter_rates)
        return self.candidates

    def sentence(self, indicators):
        if indicators.failure is not None:
            broken = indicators.failure
            return (
                f"At step {broken.step:,} {broken.what} stopped being a finite number. The weights "
                f"are those of step {broken.healthy_step:,} again, the last healthy ones."
            )
        if indicators.max_loss_ratio is not None and indicators.max_loss_ratio > self.worse:
            times = f"{indicators.max_loss_ratio:,.0f} times"
            return (
                f"D's loss rose to {times} that of a D that only guesses, in "
                f"{steps_text(indicators)}: every step overshoots."
            )
        return indicators.samples.jumps_sentence()


def _broken(indicators: Indicators) -> float:
    return float(indicators.failure is not None)


@CONDITIONS.register(
    "cannot_reach",
    title="The noise cannot reach the target",
    paper="Arjovsky & Bottou 2017, arXiv:1701.04862, lemma 1",
    equation=r"\#\{G(z)\}\le\#\{z\}\le\texttt{values}",
)
@dataclass(frozen=True)
class CannotReach(Condition):
    """The prior takes so few values that G cannot make more samples than those."""

    at_once = True
    candidates = (prescribe.continuous_noise, prescribe.more_noise_numbers)
    values: int = knob(32, low=1, high=1_000, help="So few different values of z are too few.")

    def evidence(self, indicators):
        config = indicators.config
        atoms = config.prior.support(config.latent_dim)
        if atoms is None:
            return ()
        z = float(len(atoms)) ** config.latent_dim
        real = indicators.samples.num_real
        over = "all of the noise prior"
        return (
            Evidence("different values of z", z, self.values + 0.5, False, over),
            Evidence("different real samples / values of z", real / z, 2.0, True, over),
        )

    def sentence(self, indicators):
        config = indicators.config
        z = len(config.prior.support(config.latent_dim)) ** config.latent_dim
        return (
            f"The noise takes only {z:,} different values, so G can make {z:,} different samples "
            "and no more, however long it trains."
        )


@CONDITIONS.register(
    "running_away",
    title="Running away",
    paper="Mescheder et al. 2018, arXiv:1801.04406, section 2",
    equation=r"e_t=\tfrac{|m_t-\mu|+|s_t-\sigma|}{\sigma} \\ "
    r"e_{\mathrm{end}}-e_{\mathrm{start}}>\texttt{grown}\cdot e_{\mathrm{start}}",
)
@dataclass(frozen=True)
class RunningAway(Condition):
    """The samples are far from the target and go farther; looked for on the line only."""

    candidates = (
        prescribe.stabilize,
        prescribe.more_updates_of_d,
        prescribe.quarter_rates,
        prescribe.stabilize_from_scratch,
    )
    far: float = knob(1.5, low=0.0, high=100.0, help="Off by more, in std of the target.")
    grown: float = knob(0.25, low=0.0, high=10.0, help="Share by which the way has got longer.")

    def evidence(self, indicators):
        return indicators.samples.runs_away(self)

    def sentence(self, indicators):
        return indicators.samples.runs_away_sentence()


@CONDITIONS.register(
    "g_starved",
    title="G is starved of gradient",
    paper="Goodfellow et al. 2014, arXiv:1406.2661, section 3; "
    "Arjovsky & Bottou 2017, arXiv:1701.04862, theorem 2.4",
    equation=r"\Bigl|\frac{\partial L_G}{\partial a(G(z))}\Bigr|\approx 0",
)
@dataclass(frozen=True)
class GStarved(Condition):
    """D is right, and G's loss is flat there: no gradient says where to go."""

    candidates = (
        prescribe.non_saturating_loss,
        prescribe.stabilize,
        prescribe.quarter_rate_of_d,
    )
    slope: float = knob(0.1, low=0.0, high=1.0, help="G's loss is flat if less steep than this.")
    won: float = knob(0.85, low=0.0, high=1.0, help="How far D has won: 1 is always right.")
    progress: float = knob(0.1, low=0.0, high=1.0, help="Share of the way that counts as moving.")
    likeness: float = knob(2.0, low=1.0, high=10.0, help="Pictures further off are unlike data.")

    def prescriptions(self, indicators):
        config = indicators.config
        if config.optimizer_g.lr < config.optimizer_d.lr / SLOW:  # no loss makes up for that
            return (prescribe.stabilize, *self.candidates)
        return self.candidates

    def evidence(self, indicators):
        if indicators.d_advantage is None:
            return ()
        return (
            Evidence(
                "slope of G's loss", indicators.slope, self.slope, False, steps_text(indicators)
            ),
            Evidence(
                "how far D has won", indicators.d_advantage, self.won, True, steps_text(indicators)
            ),
            *indicators.samples.distance(self),
        )

    def sentence(self, indicators):
        return (
            f"D is right nearly every time ({d_outputs_text(indicators)}), and there G's loss "
            f"has the slope "
            f"{indicators.slope:.2g} only: hardly any gradient reaches G."
        )


@CONDITIONS.register(
    "d_too_strong",
    title="D is too strong",
    paper="Arjovsky & Bottou 2017, arXiv:1701.04862, theorem 2.1",
    equation=r"D(x)\to 1,\quad D(G(z))\to 0",
)
@dataclass(frozen=True)
class DTooStrong(Condition):
    """D tells everything apart and stays ahead: what it says does not help G any more."""

    candidates = (
        prescribe.stabilize,
        prescribe.one_update_of_d,
        prescribe.quarter_rate_of_d,
        prescribe.blur,
    )
    won: float = knob(0.9, low=0.0, high=1.0, help="How far D has won: 1 is always right.")
    progress: float = knob(0.1, low=0.0, high=1.0, help="Share of the way that counts as moving.")
    likeness: float = knob(2.0, low=1.0, high=10.0, help="Pictures further off are unlike data.")

    def evidence(self, indicators):
        if indicators.d_advantage is None:
            return ()
        return (
            Evidence(
                "how far D has won", indicators.d_advantage, self.won, True, steps_text(indicators)
            ),
            *indicators.samples.distance(self),
        )

    def sentence(self, indicators):
        words = indicators.samples.distance_words()
        ending = f"; {words}." if words else "."
        return f"D is right nearly every time: {d_outputs_text(indicators)}{ending}"


@CONDITIONS.register(
    "oscillating",
    title="Oscillating",
    paper="Mescheder et al. 2018, arXiv:1801.04406, section 2",
    equation=r"S(m_t),\ S(s_t)>\texttt{sway}",
)
@dataclass(frozen=True)
class Oscillating(Condition):
    """G and D chase each other round and round; looked for on the line only."""

    candidates = (
        prescribe.stabilize,
        prescribe.quarter_rates,
    )
    sway: float = knob(0.25, low=0.0, high=10.0, help="To and fro, in std of the target.")
    share: float = knob(
        0.25, low=0.0, high=1.0, help="To and fro, in units of how far off the samples were."
    )

    def prescriptions(self, indicators):
        if (
            indicators.d_advantage is None
        ):  # a critic's scores have grown too large for a late penalty
            return (
                prescribe.average_weights,
                prescribe.quarter_rates,
                prescribe.stabilize_from_scratch,
            )
        return self.candidates

    def evidence(self, indicators):
        return indicators.samples.oscillates(self)

    def sentence(self, indicators):
        return indicators.samples.oscillates_sentence()
