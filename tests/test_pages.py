"""Every page and every control, without a browser."""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from streamlit.testing.v1 import AppTest

from gan_core import ExperimentConfig
from gan_core.config import REGISTRIES
from gan_core.data import DATASETS
from gan_core.data.base import prepare
from gan_core.data.mnist import Mnist, bundled_digits
from gan_core.presets import PRESETS
from gan_core.registry import knobs

pytestmark = pytest.mark.slow

HOME = Path(__file__).parents[1] / "dashboard.py"
PAGES = {"distributions": "pages/1_Distributions.py", "pictures": "pages/2_Pictures.py"}
TITLES = {
    "distributions": "### A generator learns a distribution",
    "pictures": "### A generator learns to draw",
}
FRAME = 3
KINDS = ("selectbox", "slider", "number_input", "select_slider", "toggle", "text_input")
SMALL_MLP = {"name": "mlp", "depth": 1, "width": 16}
QUICK = {
    "distributions": {},
    "pictures": {
        "dataset": {"name": "mnist"},
        "architecture": {"generator": SMALL_MLP, "discriminator": SMALL_MLP},
    },
}
FULL = {
    "distributions": {
        "dataset": {"name": "normal_mixture", "modes": 4, "spacing": 3.0},
        "prior": {"name": "laplace", "scale": 0.5},
        "latent_dim": 3,
        "architecture": {
            "generator": {"name": "mlp", "depth": 2, "width": 32, "activation": "tanh"},
            "discriminator": {"name": "maxout_mlp"},
            "standardise": "both",
        },
        "loss": {"name": "least_squares"},
        "regularizer": {"name": "gradient_penalty", "strength": 2.0, "one_sided": True},
        "optimizer_g": {"name": "rmsprop", "lr": 1e-3},
        "optimizer_d": {"name": "sgd", "lr": 0.01, "momentum": 0.5},
        "batch_size": 96,
        "n_critic": 2,
        "ema_decay": 0.9,
        "instance_noise": 0.1,
        "seed": 12,
    },
    "pictures": {
        "dataset": {"name": "mnist", "resolution": 28, "subset": "bundled"},
        "prior": {"name": "bernoulli"},
        "latent_dim": 10,
        "architecture": {
            "generator": {"name": "cnn"},
            "discriminator": {"name": "mlp", "depth": 2, "width": 48, "dropout": 0.2},
        },
        "loss": {"name": "hinge"},
        "regularizer": {"name": "r1", "gamma": 1.0},
        "optimizer_g": {"name": "sgd", "lr": 0.02, "momentum": 0.1},
        "optimizer_d": {"name": "rmsprop", "lr": 1e-4},
        "batch_size": 32,
        "n_critic": 3,
        "ema_decay": 0.0,
        "instance_noise": 0.2,
        "seed": 34,
    },
}
both_pages = pytest.mark.parametrize("page", PAGES)


@dataclass
class Visit:
    """One visitor on one page."""

    at: AppTest
    page: str

    @property
    def run(self):
        return self.at.session_state["visitor"].runs[self.page]

    @property
    def trainer(self):
        return self.run.trainer

    @property
    def config(self):
        return self.trainer.config

    def look(self):
        """Let one frame pass."""
        self.at.run()
        assert not self.at.exception

    def press(self, name):
        self.at.button(key=f"{self.page}.{name}").click()
        self.look()

    def answer(self, label):
        next(button for button in self.at.button if button.label == label).click()
        self.look()

    def widget(self, name):
        return self.at.get_by_key(f"{self.page}.{self.run.revision}.{name}")

    def set(self, name, value):
        self.widget(name).set_value(value)
        self.look()

    def widgets(self):
        """Return the names of the experiment's widgets that can be given another value."""
        prefix = f"{self.page}.{self.run.revision}."
        return [
            w.key.removeprefix(prefix)
            for kind in KINDS
            for w in getattr(self.at.sidebar, kind)
            if w.key.startswith(prefix) and other_values(w)
        ]

    def sentences(self):
        """Return what stands on the page in red or blue."""
        return [box.value for box in [*self.at.error, *self.at.info]]

    def wait(self, condition, seconds=60):
        """Let frames pass until something is true that a thread works on."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "It did not happen in time."
            time.sleep(0.05)
            self.look()

    def train_until_paused(self, most_frames):
        for _ in range(most_frames):
            if not self.run.playback.running:
                return
            self.look()
        pytest.fail(f"The run did not pause within {most_frames} frames.")


def visit(page, setup=None, frame=FRAME):
    """Open a page, `frame` steps to each of its frames, with or without a set-up in its link."""
    at = AppTest.from_file(str(HOME), default_timeout=60).switch_page(PAGES[page])
    at.session_state["steps_per_frame"] = frame
    if setup is not None:
        at.query_params["setup"] = setup if isinstance(setup, str) else json.dumps(setup)
    at.run()
    assert not at.exception
    assert not at.error
    return Visit(at, page)


def quick(page, frame=FRAME):
    return visit(page, QUICK[page], frame)


def other_values(widget):
    """Return values of a widget that it does not have now: all choices, or both ends."""
    now = widget.value
    if widget.type == "selectbox":
        section = widget.key.split(".")[-1]
        names = {cls.title: cls.name for cls in REGISTRIES.get(section, ())}
        values = [names.get(option, type(now)(option)) for option in widget.options]
    elif widget.type == "select_slider":
        values = [type(now)(float(option)) for option in (widget.options[0], widget.options[-1])]
    elif widget.type == "toggle":
        values = [not now]
    elif widget.type == "text_input":
        values = [now + "x"]
    elif widget.min is None:
        values = [now + 1, -1000, 10**12]
    else:
        values = [type(now)(widget.min), type(now)(widget.max)]
    return [value for value in values if value != now]


def setting(config, name):
    """Return what the config says about the widget of that name."""
    whole = config.to_dict()
    whole |= whole["architecture"]
    section, *rest = name.split(".")
    if section == "experiment":
        return whole[rest[-1]]
    if not rest:
        return whole[section]["name"]
    return whole[section][rest[1]]


def assert_follows_or_says_why(visit, name, value):
    """Set a widget; the run must show it, or stay as it is under one sentence."""
    before = visit.trainer
    visit.set(name, value)
    if said := visit.sentences():
        assert len(said) == 1, (name, value)
        assert re.search(r"[a-z] .+\.$", said[0]), (name, value)
        assert visit.trainer is before, (name, value)
    else:
        assert setting(visit.config, name) == pytest.approx(value), (name, value)
    assert not visit.at.warning, (name, value)


# Pages and presets


def test_home_opens():
    at = AppTest.from_file(str(HOME), default_timeout=60).run()
    assert not at.exception
    assert not at.error
    assert at.title[0].value == "GAN laboratory"
    assert "CPU" in at.caption[0].value or "GiB" in at.caption[0].value
    links = [link.label for link in at.main.get("page_link")]
    assert links[:3] == ["Distributions", "Pictures", "Latent space"]
    assert links[3:] == ["How it works", "Reference", "Runs"]
    assert len(at.get("button")) == len(PRESETS)


@both_pages
def test_page_opens_paused_at_its_defaults(page):
    opened = visit(page)
    assert opened.at.markdown[0].value.startswith(TITLES[page])
    assert opened.sentences() == []
    assert not opened.at.warning
    dataset = {"distributions": "normal", "pictures": "mnist"}[page]
    assert opened.config == ExperimentConfig.from_dict({"dataset": {"name": dataset}})
    assert not opened.run.playback.running
    assert opened.trainer.step_count == 0


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
@pytest.mark.parametrize("seen_before", [False, True])
def test_preset_opens_its_page_and_trains(preset, seen_before):
    page = "pictures" if preset.config.dataset.pictures else "distributions"
    at = AppTest.from_file(str(HOME), default_timeout=60)
    if seen_before:
        at.switch_page(PAGES[page]).run()
        at.switch_page("dashboard.py")
    at.session_state["steps_per_frame"] = 1
    at.run()
    at.button(key=f"preset.{preset.name}").click().run()
    assert not at.exception
    assert not at.error
    opened = Visit(at, page)
    assert at.markdown[0].value.startswith(TITLES[page])
    assert opened.config == preset.config
    assert opened.run.playback.running
    assert opened.trainer.step_count == 1
    shown = {name: opened.widget(name).value for name in opened.widgets()}
    assert shown == {name: setting(preset.config, name) for name in shown}


# The sidebar


def try_all_values(opened, name):
    """Give a widget every other value, then the first one again."""
    value, before = opened.widget(name).value, opened.config
    for other in other_values(opened.widget(name)):
        assert_follows_or_says_why(opened, name, other)
    opened.set(name, value)
    assert opened.config == before, name


@both_pages
def test_every_plain_field(page):
    opened = visit(page)
    names = [name for name in opened.widgets() if name.startswith("experiment.")]
    fields = {name.split(".")[-1] for name in names}
    own = {"distributions": "standardise", "pictures": "conditional"}[page]
    assert fields == {*knobs(ExperimentConfig), own}
    for name in names:
        try_all_values(opened, name)


@pytest.mark.parametrize("section", REGISTRIES)
@both_pages
def test_every_registered_name_and_its_knobs(page, section):
    opened = visit(page)
    pictures = opened.config.dataset.pictures
    possible = [cls for cls in REGISTRIES[section] if fits(section, cls.name, pictures)]
    assert opened.widget(section).options == [cls.title for cls in possible]
    for cls in possible:
        if opened.widget(section).value != cls.name:
            assert_follows_or_says_why(opened, section, cls.name)
        if setting(opened.config, section) == cls.name:
            shown = [n for n in opened.widgets() if n.startswith(f"{section}.{cls.name}.")]
            visible = {name for name, knob in knobs(cls).items() if not knob.hidden}
            assert {name.split(".")[-1] for name in shown} == visible
            for name in shown:
                try_all_values(opened, name)
    assert not opened.at.error


def fits(section, name, pictures):
    """Say whether a network, or any other component, goes with numbers or with pictures."""
    if section == "dataset":
        return DATASETS[name].pictures == pictures
    spec = {section: {"name": name}}
    if section in ("generator", "discriminator"):
        spec = {"architecture": spec}
    try:
        ExperimentConfig.from_dict({"dataset": {"name": "mnist" if pictures else "normal"}} | spec)
    except ValueError:
        return False
    return True


def test_a_batch_too_small_for_batch_norm_gets_a_sentence():
    opened = visit("distributions")
    opened.set("generator.mlp.normalisation", "batch")
    before = opened.trainer
    opened.set("experiment.batch_size", 1)
    assert ["batch_size = 1 is too small" in said for said in opened.sentences()] == [True]
    assert opened.trainer is before
    opened.set("experiment.batch_size", 2)
    assert opened.sentences() == []
    assert opened.config.batch_size == 2


def test_the_whole_sidebar_stays_when_the_target_changes():
    opened = visit("distributions")
    opened.set("loss", "hinge")
    opened.set("dataset", "exponential")
    assert opened.config.dataset.name == "exponential"
    assert opened.config.loss.name == "hinge"
    assert opened.widget("loss").value == "hinge"
    opened.set("experiment.n_critic", 4)
    assert opened.config.n_critic == 4


# The toolbar


@both_pages
def test_train_and_pause(page):
    opened = quick(page)
    opened.press("train")
    assert opened.trainer.step_count == FRAME
    assert opened.at.button(key=f"{page}.train").label == "Pause"
    opened.look()
    assert opened.trainer.step_count == 2 * FRAME
    opened.press("train")
    assert opened.at.button(key=f"{page}.train").label == "Train"
    for _ in range(3):
        opened.look()
    assert opened.trainer.step_count == 2 * FRAME


@pytest.mark.parametrize(("button", "steps"), [("step1", 1), ("step10", 10), ("step100", 100)])
@both_pages
def test_steps_are_counted_exactly(page, button, steps):
    opened = quick(page, frame=30)
    opened.trainer.step(5)
    opened.press(button)
    opened.train_until_paused(most_frames=5)
    assert opened.trainer.step_count == 5 + steps
    assert opened.at.button(key=f"{page}.train").label == "Train"


@pytest.mark.parametrize("button", ["step1", "step10", "step100"])
def test_steps_are_counted_exactly_by_the_clock(button):
    opened = visit("distributions", frame=None)
    opened.press(button)
    opened.train_until_paused(most_frames=300)
    assert opened.trainer.step_count == int(button.removeprefix("step"))


@both_pages
def test_half_steps(page):
    opened = quick(page)
    opened.press("d_step")
    assert (opened.trainer.updates_d, opened.trainer.step_count) == (1, 0)
    opened.press("g_step")
    assert (opened.trainer.updates_d, opened.trainer.step_count) == (1, 1)


def test_a_half_step_pauses():
    opened = visit("distributions")
    opened.press("train")
    opened.press("d_step")
    assert not opened.run.playback.running
    assert (opened.trainer.updates_d, opened.trainer.step_count) == (FRAME + 1, FRAME)


@both_pages
def test_go_trains_until_the_goal(page):
    opened = quick(page)
    opened.at.number_input(key=f"{page}.goal").set_value(20)
    opened.press("go")
    opened.train_until_paused(most_frames=10)
    assert opened.trainer.step_count == 20
    opened.press("go")
    assert not opened.run.playback.running
    assert opened.trainer.step_count == 20


def test_a_lower_speed_takes_the_steps_that_are_due():
    opened = visit("distributions", frame=None)
    speed = opened.at.selectbox(key="distributions.speed")
    speed.set_value("1 step/s")
    opened.look()
    opened.press("train")
    taken = opened.trainer.step_count
    assert taken <= 2
    opened.run.playback.started -= 5.0
    opened.look()
    assert 1 <= opened.trainer.step_count - taken <= 15


@both_pages
def test_reset_repeats_the_curve_bit_for_bit(page):
    opened = quick(page)
    opened.press("step10")
    opened.train_until_paused(most_frames=10)
    first = opened.trainer.snapshot()
    opened.press("reset")
    assert opened.trainer.step_count == 0
    opened.press("step10")
    opened.train_until_paused(most_frames=10)
    again = opened.trainer.snapshot()
    assert first.history["step"].tolist() == list(range(1, 11))
    assert first.history.keys() == again.history.keys()
    for name in first.history:
        np.testing.assert_array_equal(first.history[name], again.history[name])
    np.testing.assert_array_equal(first.samples, again.samples)


def test_new_seed_begins_another_run():
    opened = visit("distributions")
    first = opened.trainer.snapshot().samples
    opened.press("new_seed")
    assert opened.trainer.step_count == 0
    assert opened.config.seed != 0
    assert opened.widget("experiment.seed").value == opened.config.seed
    assert opened.config.replace(seed=0) == ExperimentConfig()
    assert not np.array_equal(opened.trainer.snapshot().samples, first)


@pytest.mark.parametrize("restart", ["reset", "new_seed"])
def test_a_restart_keeps_the_goal(restart):
    opened = visit("distributions")
    opened.press("step10")
    before = opened.trainer
    opened.press(restart)
    assert opened.trainer is not before
    opened.train_until_paused(most_frames=5)
    assert opened.trainer.step_count == 10


# Changes while training


LIVE_CHANGES = {
    "optimizer_g.adam.lr": 0.01,
    "optimizer_d.adam.beta2": 0.95,
    "loss": "hinge",
    "loss.non_saturating.label_smoothing": 0.1,
    "regularizer": "gradient_penalty",
    "experiment.n_critic": 3,
    "experiment.ema_decay": 0.5,
    "experiment.instance_noise": 0.5,
    "experiment.batch_size": 64,
}


def adam_moments(trainer):
    return [
        moment.clone()
        for optimizer in (trainer.optimizer_g, trainer.optimizer_d)
        for state in optimizer.state.values()
        for moment in (state["exp_avg"], state["exp_avg_sq"])
    ]


@pytest.mark.parametrize("name", LIVE_CHANGES)
def test_live_settings_keep_the_run_and_adams_moments(name):
    opened = visit("distributions")
    opened.press("step10")
    opened.train_until_paused(most_frames=10)
    trainer, moments = opened.trainer, adam_moments(opened.trainer)
    assert any(moment.abs().sum() > 0 for moment in moments)
    opened.set(name, LIVE_CHANGES[name])
    assert setting(opened.config, name) == LIVE_CHANGES[name]
    assert opened.trainer is trainer
    assert trainer.step_count == 10
    torch.testing.assert_close(adam_moments(trainer), moments, rtol=0, atol=0)
    opened.press("train")
    assert trainer.step_count == 10 + FRAME


def test_a_learning_rate_reaches_the_optimizer_while_training():
    opened = visit("distributions")
    opened.press("train")
    trainer = opened.trainer
    opened.set("optimizer_g.adam.lr", 0.01)
    assert trainer.optimizer_g.param_groups[0]["lr"] == 0.01
    assert trainer.optimizer_d.param_groups[0]["lr"] == 0.003
    assert opened.trainer is trainer
    assert trainer.step_count == 2 * FRAME


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("experiment.latent_dim", 2),
        ("experiment.seed", 9),
        ("generator.mlp.width", 32),
        ("discriminator", "maxout_mlp"),
        ("prior", "gaussian"),
        ("dataset.normal.mean", -3.0),
        ("dataset", "uniform"),
    ],
)
def test_a_structural_change_begins_a_short_run_anew(name, value):
    opened = visit("distributions")
    opened.press("train")
    before = opened.trainer
    opened.set(name, value)
    assert not opened.at.warning
    assert opened.trainer is not before
    assert setting(opened.config, name) == value
    assert opened.run.playback.running
    assert opened.trainer.step_count == FRAME


def long_run(steps):
    """Open a run that takes itself for one of so many steps."""
    opened = visit("distributions")
    opened.trainer.step_count = steps
    return opened


def test_a_run_of_a_thousand_steps_is_dropped_at_once():
    opened = long_run(1_000)
    opened.set("experiment.seed", 9)
    assert not opened.at.warning
    assert opened.trainer.step_count == 0
    assert opened.config.seed == 9


@pytest.mark.parametrize(("name", "value"), [("experiment.seed", 9), ("dataset", "uniform")])
def test_a_longer_run_is_kept_on_request(name, value):
    opened = long_run(1_001)
    before, config = opened.trainer, opened.config
    opened.set(name, value)
    assert ["1,000 steps" in warning.value for warning in opened.at.warning] == [True]
    assert opened.trainer is before
    opened.press("train")
    assert opened.trainer is before
    assert before.step_count == 1_001 + FRAME
    opened.press("train")
    opened.answer("Keep this run")
    assert not opened.at.warning
    assert opened.trainer is before
    assert opened.config == config
    assert opened.widget(name).value == setting(config, name)
    opened.look()
    assert opened.trainer is before
    assert before.step_count == 1_001 + FRAME


@pytest.mark.parametrize(("name", "value"), [("experiment.seed", 9), ("dataset", "uniform")])
def test_a_longer_run_is_dropped_on_request(name, value):
    opened = long_run(1_001)
    before = opened.trainer
    opened.set(name, value)
    opened.answer("Start the new run")
    assert not opened.at.warning
    assert opened.trainer is not before
    assert opened.trainer.step_count == 0
    assert setting(opened.config, name) == value
    assert opened.widget(name).value == value


# Links


@both_pages
def test_a_link_with_a_whole_setup(page):
    opened = visit(page, FULL[page])
    config = ExperimentConfig.from_dict(FULL[page])
    assert opened.config == config
    assert not opened.at.warning
    shown = {name: opened.widget(name).value for name in opened.widgets()}
    assert shown == {name: setting(config, name) for name in shown}
    assert visit(page, opened.at.query_params["setup"]).config == config


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_the_written_link_gives_the_same_experiment(preset):
    page = "pictures" if preset.config.dataset.pictures else "distributions"
    prepare(preset.config.dataset)
    link = visit(page, preset.experiment).at.query_params["setup"]
    assert visit(page, link).config == preset.config


def test_the_link_follows_the_sidebar():
    opened = visit("distributions")
    opened.set("loss", "wasserstein")
    opened.set("dataset", "student_t")
    opened.press("new_seed")
    again = visit("distributions", opened.at.query_params["setup"])
    assert again.config == opened.config
    assert again.config.loss.name == "wasserstein"


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "is not an object"),
        ('"normal"', "is not an object"),
        ('{"lr": 1}', "key 'lr' is unknown"),
        ('{"loss": "nope"}', "loss 'nope' is unknown; there are minimax"),
        ('{"loss": {"name": "hinge", "width": 2}}', "key 'width' is unknown"),
        ('{"dataset": null}', "dataset = None"),
        ('{"dataset": {"name": ["normal"]}}', "is unknown"),
        ('{"dataset": {"name": "normal", "std": -1}}', "normal: std = -1"),
        ('{"dataset": {"name": "normal", "mean": NaN}}', "normal: mean = nan"),
        ('{"n_critic": 11}', "n_critic = 11"),
        ('{"n_critic": "3"}', "n_critic = '3'"),
        ('{"seed": 1e400}', "seed = inf"),
        ('{"architecture": {"generator": {"name": "dcgan"}}}', "dcgan"),
        ('{"dataset": {"name": "mnist"}}', "made of pictures"),
        (
            '{"dataset": {"name": "csv_column", "upload": "0123456789abcdef"}}',
            "not on this machine",
        ),
        (
            '{"dataset": {"name": "csv_column", "upload": "../../etc/passwd"}}',
            "not on this machine",
        ),
    ],
)
def test_a_bad_link_gets_a_sentence_and_the_default(link, reason):
    opened = visit("distributions", link)
    assert len(opened.at.warning) == 1
    assert "link was not used" in opened.at.warning[0].value
    assert reason in opened.at.warning[0].value
    assert len(opened.at.warning[0].value) < 400
    assert opened.config == ExperimentConfig()
    opened.look()
    assert len(opened.at.warning) == 1
    opened.press("dismiss")
    assert not opened.at.warning


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        ({"dataset": {"name": "normal"}}, "made of numbers"),
        ({"dataset": {"name": "mnist"}, "batch_size": 6_000}, "larger than the data set"),
        ({"dataset": {"name": "mnist", "subset": "full"}}, "not on this machine"),
        ({"dataset": {"name": "fashion_mnist"}}, "not on this machine"),
    ],
)
def test_a_bad_link_to_pictures(setup, reason):
    opened = visit("pictures", setup)
    assert [reason in warning.value for warning in opened.at.warning] == [True]
    assert opened.config == ExperimentConfig.from_dict({"dataset": {"name": "mnist"}})


# Bad input


def test_divergence_pauses_and_keeps_healthy_weights():
    wild = {"name": "sgd", "lr": 100.0}
    setup = {"loss": {"name": "wasserstein"}, "regularizer": {"name": "none"}}
    opened = visit("distributions", setup | {"optimizer_g": wild, "optimizer_d": wild}, frame=40)
    opened.press("train")
    opened.train_until_paused(most_frames=30)
    [warning] = opened.at.warning
    named = re.search(r"At step ([\d,]+) .* finite .* those of step ([\d,]+)", warning.value)
    broke_at, healthy = (int(number.replace(",", "")) for number in named.groups())
    assert 0 <= healthy < broke_at
    assert opened.trainer.step_count == healthy
    networks = (opened.trainer.generator, opened.trainer.discriminator)
    assert all(w.isfinite().all() for network in networks for w in network.parameters())

    for side in ("optimizer_g", "optimizer_d"):
        opened.set(f"{side}.sgd.lr", 1e-4)
    opened.press("train")
    assert opened.run.playback.running
    assert not opened.at.warning
    assert opened.trainer.step_count == healthy + 40
    opened.press("reset")
    assert opened.trainer.step_count == 40
    assert opened.trainer.failure is None


@pytest.mark.parametrize("frame", [1, 3])
def test_a_breakdown_that_a_look_finds_is_told(frame):
    """With few steps a frame the look before them finds it, not the steps themselves."""
    wild = {"name": "sgd", "lr": 100.0}
    setup = {"dataset": {"name": "normal"}, "loss": "least_squares"}
    opened = visit("distributions", setup | {"optimizer_g": wild, "optimizer_d": wild}, frame)
    opened.press("train")
    opened.train_until_paused(most_frames=60)
    assert "stopped being a finite number" in opened.at.warning[0].value


def upload(opened, content):
    if opened.widget("dataset").value != "csv_column":
        opened.set("dataset", "csv_column")
    opened.widget("dataset.file").upload("mine.csv", content, "text/csv")
    opened.look()


def csv_of(**columns):
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]).encode()


def test_an_uploaded_column_becomes_the_target():
    opened = visit("distributions")
    opened.press("train")
    width, height = np.linspace(-1, 3, 500), np.linspace(10, 20, 500) ** 2
    upload(opened, csv_of(width=width, height=height))
    assert opened.sentences() == []
    assert opened.config.dataset.name == "csv_column"
    assert opened.config.dataset.distribution().mean() == pytest.approx(1.0)
    assert any("500 numbers from column 'width'" in c.value for c in opened.at.caption)
    assert opened.run.playback.running
    next(box for box in opened.at.selectbox if box.label == "Column").set_value("height")
    opened.look()
    assert opened.config.dataset.distribution().mean() == pytest.approx(height.mean(), rel=1e-6)
    assert opened.trainer.step_count == FRAME
    again = visit("distributions", opened.at.query_params["setup"])
    assert again.config == opened.config


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"name\nAda\nGrace\nEmmy\n", "has no numbers"),
        (b"x\n5\n5\n5\n", "is constant"),
        (b"x\n5\n", "only one number"),
        (b"x\nNaN\nNaN\n", "no numbers"),
        (b"x,y\n", "no rows"),
        (b"", "empty"),
        (b"\x89PNG\x00\x01\x02", "not text"),
        (b'a,b\n1,2\n1,2,3,4\n"', "cannot be read"),
    ],
)
def test_a_bad_file_gets_a_sentence_and_the_run_goes_on(content, reason):
    opened = visit("distributions")
    opened.press("train")
    before = opened.trainer
    upload(opened, content)
    assert [reason in error.value for error in opened.at.error] == [True]
    assert opened.trainer is before
    assert before.step_count == 3 * FRAME
    upload_good = csv_of(x=np.arange(200.0))
    opened.widget("dataset.file").set_value(("good.csv", upload_good, "text/csv"))
    opened.look()
    assert not opened.at.error
    assert opened.config.dataset.distribution().mean() == pytest.approx(99.5)


def test_a_column_smaller_than_the_batch_waits_for_a_smaller_batch():
    opened = visit("distributions")
    before = opened.trainer
    upload(opened, csv_of(x=np.arange(50.0)))
    assert ["larger than the data set" in said for said in opened.sentences()] == [True]
    assert opened.trainer is before
    opened.set("experiment.batch_size", 32)
    assert opened.sentences() == []
    assert opened.config.dataset.size == 50
    assert opened.config.architecture.standardise == "both"


@pytest.mark.parametrize(
    ("name", "value"), [("dataset.mnist.subset", "full"), ("dataset", "fashion_mnist")]
)
def test_a_failed_download_gets_a_sentence_and_the_old_pictures_serve_on(monkeypatch, name, value):
    for dataset in (torchvision.datasets.MNIST, torchvision.datasets.FashionMNIST):
        monkeypatch.setattr(dataset, "mirrors", ["http://127.0.0.1:9/"])
    opened = quick("pictures")
    before = opened.trainer
    opened.set(name, value)
    assert opened.at.info[0].value.startswith("These pictures are not on this")
    opened.answer(next(b.label for b in opened.at.button if b.label.startswith("Download")))
    opened.wait(lambda: opened.at.error)
    assert ["could not be downloaded" in error.value for error in opened.at.error] == [True]
    opened.press("train")
    assert opened.trainer is before
    assert before.step_count == FRAME
    opened.set("experiment.n_critic", 2)
    assert before.config.n_critic == 2


class LocalDownload:
    """A download that gives the bundled digits."""

    title = "These pictures are not on this machine yet."
    action = "Download 1 MB"

    def __init__(self):
        self.done = False

    def is_there(self):
        return self.done

    def run(self, progress):
        progress(0.5, "half")
        self.done = True

    def load(self):
        return bundled_digits()


def test_a_finished_download_is_trained_on(monkeypatch):
    monkeypatch.setattr(Mnist, "whole", LocalDownload())
    opened = quick("pictures")
    opened.set("dataset.mnist.subset", "full")
    assert opened.config.dataset.subset == "bundled"
    opened.answer("Download 1 MB")
    opened.wait(lambda: opened.config.dataset.subset == "full")
    assert opened.config.dataset.subset == "full"
    opened.press("train")
    assert opened.trainer.step_count == FRAME
    assert opened.sentences() == []
