"""ExperimentConfig: all settings of a run in one frozen, checked object, readable as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

from gan_core.data import DATASETS, Dataset
from gan_core.data.distributions import Normal
from gan_core.data.kind import DataKind
from gan_core.losses import LOSSES, Loss
from gan_core.networks import DISCRIMINATORS, GENERATORS, Discriminator, Generator
from gan_core.networks.mlp import MLPDiscriminator, MLPGenerator
from gan_core.optimizers import OPTIMIZERS, Adam, Optimizer
from gan_core.priors import PRIORS, Prior
from gan_core.registry import Registry, check_keys, check_knobs, knob, knobs, short_repr
from gan_core.regularizers import R1, REGULARIZERS, Regularizer

STANDARDISE = ("none", "discriminator", "both")


@dataclass(frozen=True)
class Architecture:
    """The two networks, and which of them uses the target's mean and standard deviation."""

    __no_type_check__: ClassVar[bool] = True
    generator: Generator = field(default_factory=MLPGenerator)
    discriminator: Discriminator = field(default_factory=MLPDiscriminator)
    standardise: str = knob(
        "discriminator",
        choices=STANDARDISE,
        help="discriminator: D sees (x − mean) / std of the target. both: G's output is also "
        "stretched to the target's mean and std, so it need not travel.",
    )
    conditional: bool = knob(
        False,
        label="tell both networks the class",
        help="G takes a class beside z (arXiv:1411.1784), D is a projection discriminator "
        "(arXiv:1802.05637): choose a digit, get that digit.",
    )

    def __post_init__(self) -> None:
        check_knobs(self, "architecture")

    def to_dict(self) -> dict[str, Any]:
        return {
            "generator": self.generator.to_dict(),
            "discriminator": self.discriminator.to_dict(),
            "standardise": self.standardise,
            "conditional": self.conditional,
        }


REGISTRIES: dict[str, Registry] = {
    "dataset": DATASETS,
    "prior": PRIORS,
    "generator": GENERATORS,
    "discriminator": DISCRIMINATORS,
    "loss": LOSSES,
    "regularizer": REGULARIZERS,
    "optimizer_g": OPTIMIZERS,
    "optimizer_d": OPTIMIZERS,
}
"""Registry of each part of an experiment."""

NETWORKS = ("generator", "discriminator")


def _default_spec(key: str, kind: DataKind) -> dict[str, Any]:
    defaults = kind.experiment
    return (defaults["architecture"] if key in NETWORKS else defaults)[key]


def default_knobs(key: str, name: str, kind: DataKind) -> dict[str, Any]:
    """Return the default knobs of component `name` as part `key` of an experiment."""
    values = {option: knob_.default for option, knob_ in knobs(REGISTRIES[key][name]).items()}
    if key != "dataset" and _default_spec(key, kind)["name"] == name:
        values |= {k: v for k, v in _default_spec(key, kind).items() if k != "name"}
    return values


MUTABLE_FIELDS = frozenset(
    {
        "loss",
        "regularizer",
        "optimizer_g",
        "optimizer_d",
        "batch_size",
        "n_critic",
        "ema_decay",
        "fresh_noise",
        "instance_noise",
        "precision",
    }
)
"""Fields that may change during a run; any other change needs a new run."""


@dataclass(frozen=True)
class ExperimentConfig:
    """An experiment. The same config on the same machine gives the same bits.

    Raises:
        ValueError: if a value is wrong; names the option, the value and the choices.
    """

    __no_type_check__: ClassVar[bool] = True
    dataset: Dataset = field(default_factory=Normal)
    prior: Prior = field(default_factory=lambda: PRIORS.create("uniform"))
    latent_dim: int = knob(
        1, low=1, high=512, label="latent dimension", help="Numbers in each noise vector z."
    )
    architecture: Architecture = field(default_factory=Architecture)
    loss: Loss = field(default_factory=lambda: LOSSES.create("non_saturating"))
    regularizer: Regularizer = field(default_factory=R1)
    optimizer_g: Optimizer = field(default_factory=Adam)
    optimizer_d: Optimizer = field(default_factory=Adam)
    batch_size: int = knob(128, low=1, high=8192, log=True, help="Samples in each batch.")
    n_critic: int = knob(
        1,
        low=1,
        high=10,
        label="D updates per G update",
        help="n_critic: updates of D for each update of G.",
    )
    fresh_noise: bool = knob(
        False,
        label="fresh noise for G",
        help="On: new noise for G's update, as in Algorithm 1 of the 2014 paper. Off: the noise "
        "that D has just seen, as in most programs, which saves a pass of G.",
    )
    ema_decay: float = knob(
        0.998,
        low=0.0,
        high=0.9999,
        label="average of G (EMA)",
        help="Memory of the averaged generator that is displayed; 0 displays G itself.",
    )
    instance_noise: float = knob(
        0.0,
        low=0.0,
        high=2.0,
        help="Standard deviation of Gaussian noise on all that D sees (arXiv:1610.04490).",
    )
    precision: str = knob(
        "fp32",
        choices=("fp32", "bf16"),
        help="bf16: the networks multiply numbers of 8 significant bits (autocast), which is "
        "faster on most processors and GPUs; weights and losses keep 24. What it costs "
        "in quality stands in the README: on the defaults, nothing that three seeds show.",
    )
    seed: int = knob(0, low=0, high=2**31 - 1, help="Where every random number comes from.")

    def __post_init__(self) -> None:
        check_knobs(self, "experiment")
        shape = self.dataset.sample_shape
        networks = (self.architecture.generator, self.architecture.discriminator)
        for network in networks:
            network.check_shape(shape)
        self.dataset.kind.check(self)
        if self.architecture.conditional and not self.dataset.classes:
            raise ValueError(
                f"architecture: conditional = True needs classes, which the data set "
                f"{self.dataset.name} has not."
            )
        size = self.dataset.size
        if size is not None and self.batch_size > size:
            raise ValueError(
                f"experiment: batch_size = {self.batch_size} is larger than the data set, "
                f"which has {size:,} samples."
            )
        smallest = max(network.smallest_batch for network in networks)
        if self.batch_size < smallest:
            raise ValueError(
                f"experiment: batch_size = {self.batch_size} is too small for batch "
                f"normalisation, which needs at least {smallest}."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the whole experiment as JSON-able values."""
        return {
            f.name: value.to_dict() if hasattr(value, "to_dict") else value
            for f in fields(self)
            for value in (getattr(self, f.name),)
        }

    @classmethod
    def from_dict(cls, given: Any) -> ExperimentConfig:
        """Return the experiment that `given` describes; missing parts take their defaults.

        The defaults are those of the data set's kind. If a component is given with some of
        its knobs, the others are those of the default component of the same name.

        Raises:
            ValueError: for an unknown name or key, or a value out of bounds.
        """
        if not isinstance(given, Mapping):
            raise ValueError(f"experiment = {short_repr(given)} is not an object with keys.")
        check_keys("experiment", given, [f.name for f in fields(cls)])
        dataset = DATASETS.create(given.get("dataset", {"name": "normal"}))
        kind = dataset.kind
        defaults = dict(kind.experiment)
        if dataset.size is not None:
            defaults = defaults | {"batch_size": min(defaults["batch_size"], dataset.size)}
        architecture = given.get("architecture", {})
        if not isinstance(architecture, Mapping):
            raise ValueError(
                f"architecture = {short_repr(architecture)} is not an object with keys."
            )
        check_keys("architecture", architecture, [f.name for f in fields(Architecture)])

        def part(key: str, values: Mapping[str, Any]) -> Any:
            preset = _default_spec(key, kind)
            spec = values.get(key, preset)
            spec = {"name": spec} if isinstance(spec, str) else spec
            if isinstance(spec, Mapping) and spec.get("name") == preset["name"]:
                spec = {**preset, **spec}
            return REGISTRIES[key].create(spec)

        networks = {key: part(key, architecture) for key in NETWORKS}
        standardise = architecture.get("standardise", dataset.default_standardise)
        values: dict[str, Any] = {
            "dataset": dataset,
            "architecture": Architecture(
                **networks,
                standardise=standardise,
                conditional=architecture.get("conditional", False),
            ),
        }
        for key in REGISTRIES.keys() & {f.name for f in fields(cls)} - values.keys():
            values[key] = part(key, given)
        for key, knob_ in knobs(cls).items():
            values[key] = given.get(key, defaults.get(key, knob_.default))
        return cls(**values)

    @classmethod
    def from_json(cls, text: str) -> ExperimentConfig:
        """Read what `to_json` wrote, or any JSON object for `from_dict`.

        Raises:
            ValueError: if it is not JSON, or not an experiment.
        """
        try:
            given = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"This is not JSON: {error}.") from None
        return cls.from_dict(given)

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"

    @property
    def is_default(self) -> bool:
        """Whether this is the experiment with which the page of its kind of data opens."""
        return self == type(self).from_dict({"dataset": self.dataset.kind.default_dataset})

    def differences(self, other: ExperimentConfig) -> list[str]:
        """Return the names of the fields in which the two experiments differ."""
        return [f.name for f in fields(self) if getattr(self, f.name) != getattr(other, f.name)]

    def diff_from_defaults(self) -> dict[str, Any]:
        """Return only the differences from the defaults of its data set; inverse of `from_dict`."""
        whole = self.to_dict()
        default = type(self).from_dict({"dataset": whole["dataset"]}).to_dict()
        short: dict[str, Any] = {"dataset": whole["dataset"]}
        for key, value in whole.items():
            if key == "architecture":
                parts = {k: v for k, v in value.items() if v != default[key][k]}
                short |= {key: parts} if parts else {}
            elif value != default[key]:
                short[key] = value
        return short

    def replace(self, **changes: Any) -> ExperimentConfig:
        """Return a checked copy with some fields replaced."""
        return replace(self, **changes)
