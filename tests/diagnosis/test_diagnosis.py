"""The doctor: its vital signs, its rules on runs of known properties, its remedies."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import expit
from scipy.stats import norm

from gan_core import ExperimentConfig, Trainer
from gan_core.config import MUTABLE_FIELDS
from gan_core.data.mnist import bundled_digits
from gan_core.diagnosis import (
    CONDITIONS,
    HEALTHY,
    TOO_EARLY,
    Diagnosis,
    Indicators,
    diagnose,
    indicators_of,
    reference_of,
)
from gan_core.diagnosis.bells import Mode
from gan_core.diagnosis.image_indicators import (
    ImageIndicators,
    image_indicators,
    image_reference,
)
from gan_core.diagnosis.indicators import share_won, slope_of
from gan_core.diagnosis.one_dim_indicators import Indicators1D
from gan_core.diagnosis.page_distances import PageDistances
from gan_core.diagnosis.remedies import choose_remedies
from gan_core.evaluation.report import ClassHistogram
from gan_core.losses import LOSSES
from gan_core.registry import knobs
from gan_core.training.monitoring.failures import NumericalFailure
from tests.helpers.images import given

SGD = {"name": "sgd", "lr": 0.02}
FAST = {"name": "adam", "lr": 0.01, "beta1": 0.0, "beta2": 0.9}
SLOW = {"name": "adam", "lr": 1e-5, "beta1": 0.0, "beta2": 0.9}
STARVED = {
    "dataset": {"name": "normal", "mean": 8.0, "std": 1.0},
    "loss": "minimax",
    "regularizer": "none",
    "optimizer_g": SGD,
    "optimizer_d": FAST,
    "n_critic": 3,
}
STATISTICS = {
    "loss_d": 1.386,
    "loss_g": 0.693,
    "penalty": 0.0,
    "d_real": 0.5,
    "d_fake_before": 0.5,
    "grad_norm_d": 0.1,
    "grad_norm_g": 0.1,
}
WELL_LINE = Indicators1D(
    mean=0.01,
    std=0.98,
    error=0.03,
    error_decrease=0.0,
    progress=0.0,
    oscillation=0.02,
    farthest=0.04,
    oscillation_share=0.5,
    num_snapshots=20,
    long_snapshots=40,
    outside=0.0,
    distinct=9_900,
    real_distinct=1_000,
    modes=(),
    off=0.03,
    peak=1.02,
    page=PageDistances(0.04, gap=0.02, divergence=0.01, floors=4.0, usual_gap=0.02, closed=0.0),
)
OFF_THE_PAGE = replace(WELL_LINE.page, gap=0.3, usual_gap=0.3)
WELL_PICTURES = ImageIndicators(
    64, 2_000, nn_ratio=1.1, diversity=0.9, gained=0.0, grids=4, histogram=None
)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small networks are slower with two threads, and much slower beside other processes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def config(**experiment) -> ExperimentConfig:
    return ExperimentConfig.from_dict(experiment)


def trained(steps, **experiment) -> tuple[Trainer, Indicators]:
    """Train in looks of 25 steps, as a page does."""
    trainer = Trainer(config(**experiment))
    snapshot = trainer.snapshot()
    while trainer.step_count < steps and trainer.failure is None:
        trainer.step(25)
        snapshot = trainer.snapshot()
    return trainer, indicators_of(trainer, snapshot, reference_of(trainer))


def indicators(
    line=WELL_LINE, pictures=None, statistics=None, experiment=None, **more
) -> Indicators:
    """Return the vital signs of a healthy run, with some of them changed."""
    values = {"step": 1_000, "age": 1_000, "window": 250, "failure": None}
    values |= {"d_advantage": 0.0, "max_loss_ratio": 1.1, "slope": 0.5} | more
    return Indicators(
        config(**(experiment or {})),
        statistics=STATISTICS | (statistics or {}),
        samples=pictures or line,
        **values,
    )


DIGITS = {"dataset": {"name": "mnist"}}
BATCH_NORM = {"architecture": {"discriminator": {"name": "mlp", "normalisation": "batch"}}}
SYMPTOMS = {
    "blind_d": indicators(experiment=BATCH_NORM),
    "diverging": indicators(max_loss_ratio=5_000.0),
    "cannot_reach": indicators(experiment={"prior": "bernoulli", "latent_dim": 3}),
    "running_away": indicators(line=replace(WELL_LINE, off=24.0, error_decrease=-18.0)),
    "g_starved": indicators(d_advantage=0.99, slope=0.01, experiment={"loss": "minimax"}),
    "d_too_strong": indicators(d_advantage=0.99, slope=0.99),
    "oscillating": indicators(line=replace(WELL_LINE, oscillation=0.6, farthest=0.5)),
    "mode_collapse": indicators(
        line=replace(WELL_LINE, modes=(Mode(-4.0, 0.5, 0.98), Mode(4.0, 0.5, 0.01)))
    ),
    "class_collapse": indicators(
        pictures=replace(WELL_PICTURES, inside={"a": 0.2, "b": 0.25, "c": 0.33}, inside_over="64"),
        experiment=DIGITS,
        age=1_001,
    ),
    "memorising": indicators(pictures=replace(WELL_PICTURES, nn_ratio=0.1), experiment=DIGITS),
    "d_fooled": indicators(d_advantage=-0.3, line=replace(WELL_LINE, page=OFF_THE_PAGE)),
    "standing_still": indicators(line=replace(WELL_LINE, mean=0.9, off=0.9, error=0.9)),
    "wrong_shape": indicators(line=replace(WELL_LINE, page=OFF_THE_PAGE)),
}
OVERLAP = {
    "g_starved": {"d_too_strong"},  # a D that starves G is too strong, too
    "running_away": {"standing_still"},
    "d_fooled": {"wrong_shape"},
}
"""Conditions of which some hold whenever another one does."""


@pytest.mark.parametrize("name", CONDITIONS.names())
def test_a_condition_is_found_by_its_symptoms_and_by_no_others(name):
    assert diagnose(SYMPTOMS[name]).condition == name
    tripped = [cls.name for cls in CONDITIONS if cls().check(SYMPTOMS[name])]
    assert tripped[0] == name
    assert set(tripped) - {name} <= OVERLAP.get(name, set())


@pytest.mark.parametrize("name", CONDITIONS.names())
def test_a_card_is_complete(name):
    cls = CONDITIONS[name]
    assert cls.title.strip()
    assert "arXiv:" in cls.paper
    assert knobs(cls)
    assert all(made.help.strip() for made in knobs(cls).values())
    assert cls.candidates


def test_a_sway_that_has_ended_is_no_oscillation():
    swayed = replace(WELL_LINE, oscillation=0.6, oscillation_share=0.5)
    assert diagnose(indicators(line=swayed)).condition == "healthy"
    still = replace(swayed, farthest=0.5)
    assert diagnose(indicators(line=still)).condition == "oscillating"
    jumped = replace(WELL_LINE, oscillation=30.0, farthest=0.1)
    assert diagnose(indicators(line=jumped)).condition == "healthy"
    assert diagnose(indicators(line=replace(jumped, farthest=20.0))).condition == "diverging"


@pytest.mark.parametrize("made", [{}, {"pictures": WELL_PICTURES, "experiment": DIGITS}])
def test_a_healthy_run_is_healthy_and_shows_all_its_evidence(made):
    diagnosis = diagnose(indicators(**made))
    assert diagnosis.condition == HEALTHY
    assert diagnosis.remedies == ()
    titles = [title for title, _ in diagnosis.evidence]
    assert titles == [*(cls.title for cls in CONDITIONS), "Cannot say"]
    rows = [row for _, evidence in diagnosis.evidence for row in evidence]
    assert len(rows) >= 8
    assert all(math.isfinite(row.value) and row.over for row in rows)


def test_a_run_of_few_steps_is_too_early_to_judge_unless_it_is_plain():
    strong = SYMPTOMS["d_too_strong"]
    assert diagnose(replace(strong, age=99)).condition == TOO_EARLY
    assert diagnose(replace(strong, age=100)).condition == "d_too_strong"
    assert diagnose(replace(SYMPTOMS["cannot_reach"], age=0)).condition == "cannot_reach"


def test_a_row_trips_beyond_its_threshold_only():
    def strong(won):
        return diagnose(indicators(d_advantage=won)).condition

    assert strong(0.901) == "d_too_strong"
    assert strong(0.899) == HEALTHY
    assert strong(math.nan) == HEALTHY
    # With samples that still travel it is not an illness.
    travelling = replace(WELL_LINE, progress=0.3)
    assert diagnose(indicators(line=travelling, d_advantage=0.99)).condition == HEALTHY


@pytest.mark.parametrize("name", LOSSES.names())
def test_share_won_is_0_for_a_guess_and_1_at_best(name):
    loss = LOSSES.create(name)
    if name == "wasserstein":  # no least value
        assert share_won(loss, -3.0) is None
        return
    assert share_won(loss, loss.equilibrium()[0]) == pytest.approx(0.0, abs=1e-12)
    far = torch.full((1,), 60.0, dtype=torch.float64)
    if name == "least_squares":
        best = loss.discriminator(far * 0 + 1, far * 0).item()
    else:
        best = loss.discriminator(far, -far).item()
    assert share_won(loss, best) == pytest.approx(1.0, abs=1e-9)


def test_share_won_of_the_best_d_is_jensen_shannon_over_log_2():
    x = np.linspace(-12, 14, 20_001)
    p, q = norm(0, 1).pdf(x), norm(1.5, 1.2).pdf(x)
    middle = (p + q) / 2
    divergence = np.trapezoid(p * np.log(p / middle) + q * np.log(q / middle), x) / 2
    loss_d = -np.trapezoid(p * np.log(p / (p + q)) + q * np.log(q / (p + q)), x)
    won = share_won(LOSSES.create("non_saturating"), float(loss_d))
    assert won == pytest.approx(divergence / np.log(2), abs=1e-6)


@pytest.mark.parametrize("d_fake", [0.001, 0.3, 0.97])
def test_slope_is_that_of_the_formulas(d_fake):
    def slope(name, *answers):
        return slope_of(LOSSES.create(name), *answers)

    assert slope("minimax", 0.9, d_fake) == pytest.approx(d_fake, rel=1e-4)
    assert slope("non_saturating", 0.9, d_fake) == pytest.approx(1 - d_fake, rel=1e-4)
    assert slope("wasserstein", 5.0, d_fake) == pytest.approx(1.0, rel=1e-6)
    assert slope("least_squares", 1.0, d_fake) == pytest.approx(1 - d_fake, rel=1e-6)
    gap = expit(0.9 - d_fake)
    assert slope("relativistic_pairing", 0.9, d_fake) == pytest.approx(gap, rel=1e-4)


def with_means(values, spreads=None):
    """Return the line's vital signs of a run whose samples' mean took these values."""
    trainer = Trainer(config(dataset={"name": "normal", "mean": 0.0, "std": 2.0}))
    snapshot = trainer.snapshot()
    steps = 25 * np.arange(1, len(values) + 1)
    spreads = np.full(len(values), 2.0) if spreads is None else np.asarray(spreads, float)
    history = {"step": steps, "mean": np.asarray(values, float), "std": spreads}
    made = replace(snapshot, step=int(steps[-1]), metric_history=history)
    return indicators_of(trainer, made, reference_of(trainer)).samples


def test_movements_are_told_from_their_course():
    phase = np.linspace(0, 6 * np.pi, 20)
    swaying = with_means(3 * np.sin(phase))
    course = 1.5 * np.sin(phase)  # in std
    rise = max(course[j] - course[i] for i in range(20) for j in range(i, 20))
    fall = max(course[i] - course[j] for i in range(20) for j in range(i, 20))
    assert swaying.oscillation == pytest.approx(min(rise, fall) / 2, rel=1e-9)
    assert swaying.farthest == pytest.approx(np.abs(course[-6:]).max(), rel=1e-9)
    travelling = with_means(np.linspace(-20, -1, 20))
    assert travelling.oscillation == 0.0
    # Medians of the first and last six looks, in a straight line.
    way = np.linspace(20, 1, 20)
    done = 1 - np.median(way[-6:]) / np.median(way[:6])
    assert travelling.progress == pytest.approx(done, rel=1e-9)
    assert travelling.mean == pytest.approx(-0.5)
    breathing = with_means(np.zeros(20), 2 + np.cos(phase))
    assert breathing.oscillation == pytest.approx(0.5, rel=0.1)


def test_bells_are_counted_within_three_deviations():
    target = {"name": "normal_mixture", "modes": 3, "spacing": 4.0, "std": 0.5}
    trainer = Trainer(config(dataset=target | {"weights": "2, 1, 1"}))
    samples = np.concatenate([np.full(500, -3.0), np.full(300, 1.4), np.full(200, 2.0)])
    snapshot = replace(trainer.snapshot(), samples=samples)
    bells = indicators_of(trainer, snapshot, reference_of(trainer)).samples.modes
    assert [bell.center for bell in bells] == [-4.0, 0.0, 4.0]
    assert [bell.share for bell in bells] == [0.5, 0.25, 0.25]
    assert [bell.found for bell in bells] == [0.5, 0.3, 0.0]
    touching = Trainer(config(dataset=target | {"spacing": 1.0}))
    assert indicators_of(touching, touching.snapshot(), reference_of(touching)).samples.modes == ()


def test_missing_bells_are_named():
    sentence = diagnose(SYMPTOMS["mode_collapse"]).sentence
    assert "at 4 (1%, not 50%)" in sentence
    assert "-4" not in sentence


def test_missing_classes_are_named_where_they_were_counted():
    names = tuple("0123456789")
    even = ClassHistogram(names, (100,) * 10, (0, 0, 5, 120, 120, 125, 130, 150, 170, 180))
    seen = replace(WELL_PICTURES, histogram=even)
    diagnosis = diagnose(indicators(pictures=seen, experiment=DIGITS))
    assert diagnosis.condition == "mode_collapse"
    assert diagnosis.sentence == "Hardly ever made: 0, 1, 2."
    full = replace(seen, histogram=ClassHistogram(names, (100,) * 10, (60,) * 5 + (140,) * 5))
    assert diagnose(indicators(pictures=full, experiment=DIGITS)).condition == HEALTHY


TOLD = {
    "dataset": {"name": "mnist"},
    "architecture": {
        "conditional": True,
        "generator": {"name": "mlp", "width": 128, "depth": 2},
        "discriminator": {"name": "mlp", "width": 128, "depth": 2},
    },
}


@pytest.mark.slow
def test_a_conditional_run_that_ignores_its_noise_is_found():
    """G has learnt the ten digits, but the same one of each: two samples still differ enough."""
    trainer = Trainer(config(**TOLD))
    trainer.step(600)
    reference = reference_of(trainer)
    found = replace(indicators_of(trainer, trainer.snapshot(), reference), age=1_001)
    assert found.samples.diversity > 0.5
    assert max(found.samples.inside.values()) < 0.3
    diagnosis = diagnose(found)
    assert diagnosis.condition == "class_collapse"
    assert "inside 10 of 10" in diagnosis.sentence
    assert 1 <= len(diagnosis.remedies) <= 2
    # The same grid, of real pictures instead of G's: as varied as can be.
    digits = bundled_digits()
    own = [(digits.labels == c).nonzero()[:, 0] for c in range(10)]
    places = torch.stack([own[c % 10][c // 10] for c in range(64)])
    healthy = replace(trainer.snapshot(), samples=digits.images[places].numpy())
    found = replace(indicators_of(trainer, healthy, reference), age=1_001)
    assert min(found.samples.inside.values()) > 0.6
    assert diagnose(found).condition == HEALTHY


def test_variety_inside_a_class_is_that_of_its_real_pictures():
    digits = bundled_digits()
    reference = image_reference(digits, 10)
    rng = torch.Generator().manual_seed(2014)
    some = torch.randperm(5_000, generator=rng)[:2_000].sort().values
    threes = some[digits.labels[some] == 3]
    small = digits.images[threes].double().reshape(-1, 14, 2, 14, 2).mean((2, 4)).flatten(1)
    expected = torch.pdist(small).median().item() / 14
    assert reference.apart_inside[3] == pytest.approx(expected, rel=1e-3)
    labels = torch.tensor([3, 3, 3, 5])
    seen = image_indicators(
        digits.images[threes[[0, 1, 0, 2]]].numpy(), reference, None, (), labels, "0123456789"
    )
    apart = (small[0] - small[1]).norm().item() / 14
    assert seen.inside == {"3": pytest.approx(apart / expected, rel=1e-3)}


def test_growing_variety_inside_classes_is_no_collapse():
    flat = SYMPTOMS["class_collapse"].samples
    for changes in ({"inside_gained": 0.1}, {"inside": {"a": 0.2, "b": 0.9, "c": 0.9, "d": 0.8}}):
        seen = indicators(pictures=replace(flat, **changes), experiment=DIGITS, age=1_001)
        assert diagnose(seen).condition == HEALTHY
    young = indicators(pictures=flat, experiment=DIGITS, age=1_000)
    assert diagnose(young).condition == HEALTHY


def test_pictures_are_told_apart_by_their_distances():
    digits = bundled_digits()
    order = torch.randperm(5_000, generator=torch.Generator().manual_seed(3))
    known, others = digits.images[order[:500]], digits.images[order[500:564]]
    reference = image_reference(given(known).held)

    def seen(pictures):
        return image_indicators(pictures.numpy(), reference)

    honest, copies = seen(others), seen(known[:64])
    assert honest.nn_ratio == pytest.approx(1.0, abs=0.2)
    assert honest.diversity == pytest.approx(1.0, abs=0.1)
    assert copies.nn_ratio == pytest.approx(0.0, abs=0.01)
    assert seen(known[:1].expand(64, -1, -1, -1)).diversity == pytest.approx(0.0, abs=1e-3)
    noise = torch.randint(256, (64, 1, 28, 28), generator=torch.Generator().manual_seed(4))
    assert seen(noise.to(torch.uint8)).nn_ratio > 1.5
    # The nearest one by hand, on pictures averaged two by two.
    halved = [x.double().reshape(-1, 14, 2, 14, 2).mean((2, 4)).flatten(1) for x in (others, known)]
    nearest = torch.cdist(*halved).amin(1).median()
    between = torch.cdist(halved[1], halved[1]).fill_diagonal_(math.inf).amin(1).median()
    assert honest.nn_ratio == pytest.approx((nearest / between).item(), rel=1e-3)


def test_growing_variety_is_no_collapse():
    poor = replace(WELL_PICTURES, diversity=0.3)
    assert diagnose(indicators(pictures=poor, experiment=DIGITS)).condition == "mode_collapse"
    growing = replace(poor, gained=0.1)
    assert diagnose(indicators(pictures=growing, experiment=DIGITS)).condition == HEALTHY
    narrow = replace(WELL_LINE, std=0.2)
    assert diagnose(indicators(line=narrow)).condition == "mode_collapse"
    assert diagnose(indicators(line=replace(narrow, error_decrease=0.3))).condition == HEALTHY


def test_growth_is_that_over_the_best_of_some_kept_grids():
    parts = {"generator": {"name": "mlp", "width": 16}, "discriminator": {"name": "mlp"}}
    trainer = Trainer(config(**DIGITS, architecture=parts, batch_size=16))
    trainer.step(9)
    snapshot, reference = trainer.snapshot(), reference_of(trainer)
    seen = indicators_of(trainer, snapshot, reference).samples

    def between(pixels):
        halved = np.asarray(pixels, float).reshape(-1, 14, 2, 14, 2).mean((2, 4)).reshape(64, -1)
        apart = np.sqrt(((halved[:, None] - halved[None]) ** 2).mean(2))
        return np.quantile(apart[np.triu_indices(64, 1)], 0.5, method="lower")

    # Of steps 1, 2, 4 and 8 those before 25, 40, 60 and 75 % of 9 steps.
    kept = {moment.step: moment for moment in trainer.timeline.frames}
    before = max(between(kept[step].pixels()) for step in (2, 4))
    expected = (between(snapshot.samples) - before) / reference.apart
    assert seen.grids == 2
    assert seen.gained == pytest.approx(expected, abs=1e-4)


def test_mirrored_copies_are_copies_where_pictures_are_mirrored():
    known = bundled_digits().images[::100]
    for flips, likeness in ((True, 0.0), (False, 0.5)):
        reference = image_reference(given(known, flips=flips).held)
        found = image_indicators(known.flip(3).numpy(), reference).nn_ratio
        assert found == pytest.approx(likeness, abs=0.01) if flips else found > likeness


@pytest.mark.slow
def test_a_starved_run_is_found_and_its_remedy_brings_it_back():
    trainer, found = trained(300, **STARVED)
    distance = trainer.snapshot().metrics["wasserstein_1"]
    diagnosis = diagnose(found)
    assert distance > 6
    assert diagnosis.condition == "g_starved"
    assert "D(x) 1.00, D(G(z)) 0.00" in diagnosis.sentence
    remedy = diagnosis.remedies[0]
    assert remedy.live
    trainer.update_config(remedy.config)
    trainer.step(600)
    assert trainer.snapshot().metrics["wasserstein_1"] < distance / 10


@pytest.mark.slow
def test_a_d_that_runs_ahead_is_found():
    experiment = STARVED | {"loss": "non_saturating", "optimizer_g": SLOW}
    _, found = trained(300, **experiment)
    assert diagnose(found).condition == "d_too_strong"


@pytest.mark.slow
def test_a_healthy_run_is_called_healthy():
    trainer, found = trained(900, seed=3)
    assert trainer.snapshot().metrics["wasserstein_1"] < 0.15
    diagnosis = diagnose(found)
    assert (diagnosis.condition, diagnosis.remedies) == (HEALTHY, ())


@pytest.mark.slow
def test_a_diverged_run_goes_on_from_its_healthy_weights():
    wild = {"name": "sgd", "lr": 100.0}
    trainer, found = trained(300, optimizer_g=wild, optimizer_d=wild)
    assert isinstance(trainer.failure, NumericalFailure)
    diagnosis = diagnose(found)
    assert diagnosis.condition == "diverging"
    assert f"step {trainer.failure.step:,}" in diagnosis.sentence
    remedy = diagnosis.remedies[0]
    assert remedy.live
    trainer.update_config(remedy.config)
    trainer.step(400)
    assert trainer.failure is None
    assert trainer.snapshot().metrics["wasserstein_1"] < 1


@pytest.mark.slow
def test_steps_before_a_change_do_not_count():
    trainer, found = trained(300, **STARVED)
    trainer.update_config(trainer.config.replace(loss=LOSSES.create("non_saturating")))
    trainer.step(50)
    found = indicators_of(trainer, trainer.snapshot(), reference_of(trainer))
    assert (found.age, found.window) == (50, 50)
    assert diagnose(found).condition == TOO_EARLY


def test_looking_disturbs_no_run():
    looked, alone = Trainer(config(seed=5)), Trainer(config(seed=5))
    reference = reference_of(looked)
    for _ in range(4):
        looked.step(10)
        indicators_of(looked, looked.snapshot(), reference)
    alone.step(40)
    weights = zip(looked.generator.parameters(), alone.generator.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in weights)


ILL = {
    "wide": {"n_critic": 5, "optimizer_d": FAST, "optimizer_g": SLOW, "regularizer": "none"},
    "bare": {"regularizer": "none", "ema_decay": 0.0},
    "set": {"regularizer": "r1", "loss": "non_saturating"},
    "minimax": {"loss": {"name": "minimax", "label_smoothing": 0.1}},
    "critic": {"loss": "wasserstein", "regularizer": "none"},
    "bits": {"prior": "bernoulli", "latent_dim": 2},
    "deep": {"architecture": {"generator": {"name": "mlp", "depth": 3}}},
    "digits": DIGITS,
    "lowest": {"optimizer_g": SGD | {"lr": 1e-6}, "optimizer_d": SGD | {"lr": 1e-6}},
}


def remedies_of(name, experiment):
    """Return what is prescribed if a condition holds, whatever the run."""
    symptoms = replace(SYMPTOMS[name], config=config(**experiment))
    for failure in (None, NumericalFailure(7, "D's loss", 0)) if name == "diverging" else (None,):
        seen = replace(symptoms, failure=failure)
        rule = CONDITIONS[name]()
        yield from choose_remedies(seen.config, rule.prescriptions(seen))


@pytest.mark.parametrize("experiment", ILL.values(), ids=ILL)
@pytest.mark.parametrize("name", CONDITIONS.names())
def test_remedies_are_changes_that_can_be_made(name, experiment):
    base = config(**experiment)
    for remedy in remedies_of(name, experiment):
        changed = base.differences(remedy.config)
        assert changed
        assert list(remedy.changed) == changed
        assert ExperimentConfig.from_dict(remedy.config.to_dict()) == remedy.config
        assert remedy.live == (MUTABLE_FIELDS.issuperset(changed) and not remedy.restarts)
        assert remedy.label.startswith("Start anew") != remedy.live


def first(name, **experiment):
    remedies = diagnose(replace(SYMPTOMS[name], config=config(**experiment))).remedies
    assert 1 <= len(remedies) <= 2
    return remedies[0]


def test_remedies_change_what_they_say():
    remedy = first("g_starved", loss={"name": "minimax", "label_smoothing": 0.1})
    assert remedy.label == "Use the non-saturating loss"
    assert remedy.changed == ("loss",)
    assert remedy.config.loss.to_dict() == {"name": "non_saturating", "label_smoothing": 0.1}
    remedy = first("d_too_strong", n_critic=5)
    assert (remedy.label, remedy.changed) == ("One D update per step", ("n_critic",))
    assert remedy.config.n_critic == 1
    bare = {"regularizer": "none", "ema_decay": 0.0}
    remedy = first("oscillating", optimizer_g=FAST | {"lr": 0.03}, **bare)
    assert remedy.label == "Calm both: penalty, average, usual learning rates"
    assert remedy.changed == ("regularizer", "optimizer_g", "ema_decay")
    assert remedy.config == config()
    remedy = first("cannot_reach", prior="bernoulli", latent_dim=3)
    assert not remedy.live
    assert remedy.config.prior.support(3) is None
    remedy = first("diverging", optimizer_g=FAST | {"lr": 3.0})
    assert (remedy.live, remedy.config.optimizer_g.lr) == (False, 0.003)


def test_the_diagnosis_is_a_value():
    assert diagnose(SYMPTOMS["oscillating"]) == diagnose(SYMPTOMS["oscillating"])
    assert isinstance(diagnose(SYMPTOMS["oscillating"]), Diagnosis)
