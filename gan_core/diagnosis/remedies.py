"""Remedies that the doctor can prescribe: each one change of the set-up, or None if set already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from gan_core.config import MUTABLE_FIELDS, REGISTRIES, ExperimentConfig, default_knobs
from gan_core.losses import LOSSES
from gan_core.optimizers import OPTIMIZERS, Optimizer
from gan_core.priors import PRIORS
from gan_core.regularizers import REGULARIZERS

FAR = 2.0
"""Learning rates that differ by less than this factor count as equal."""

MAX_BETA1 = 0.5
QUARTER = 4
BLUR = 0.1
CRITIC_UPDATES = 3
MANY_BITS = 10


@dataclass(frozen=True)
class Remedy:
    """A changed experiment, and what a button calls it."""

    label: str
    config: ExperimentConfig
    changed: tuple[str, ...]
    """The fields of the experiment that differ from the run's."""
    restarts: bool = False
    """Whether it begins a new run although the run could go on with it."""

    @property
    def mark(self) -> str:
        """Its label in the charts."""
        return self.label.split(":")[0]

    @property
    def live(self) -> bool:
        """Whether the run goes on with it; if not, it begins a new one."""
        return MUTABLE_FIELDS.issuperset(self.changed) and not self.restarts


RemedyFactory = Callable[[ExperimentConfig], Remedy | None]


def _change(config: ExperimentConfig, label: str, **changes: Any) -> Remedy | None:
    """Return the remedy, unless all of it is set already or the experiment refuses it."""
    try:
        changed = config.replace(**changes)
    except ValueError:
        return None
    different = tuple(config.differences(changed))
    if not different:
        return None
    begun = label if MUTABLE_FIELDS.issuperset(different) else f"Start anew {label}"
    return Remedy(begun, changed, different)


def non_saturating_loss(config: ExperimentConfig) -> Remedy | None:
    """Goodfellow et al. 2014, arXiv:1406.2661, section 3."""
    if config.loss.name != "minimax":
        return None
    loss = LOSSES.create({**config.loss.to_dict(), "name": "non_saturating"})
    return _change(config, "Use the non-saturating loss", loss=loss)


def gradient_penalty(config: ExperimentConfig) -> Remedy | None:
    """R1 (Mescheder et al. 2018, arXiv:1801.04406), or for a critic without a minimum the penalty
    of Gulrajani et al. 2017 (arXiv:1704.00028).
    """
    if config.regularizer.name not in ("none", "weight_clipping"):
        return None
    if config.loss.name == "wasserstein":
        penalty = REGULARIZERS.create({"name": "gradient_penalty", "one_sided": True})
        label = f"Add a gradient penalty, λ {penalty.strength:g}, {CRITIC_UPDATES} D updates"
        return _change(config, label, regularizer=penalty, n_critic=CRITIC_UPDATES)
    gamma = config.dataset.kind.r1_gamma
    penalty = REGULARIZERS.create({"name": "r1", "gamma": gamma})
    return _change(config, f"Add an R1 penalty, γ {gamma:g}", regularizer=penalty)


def one_update_of_d(config: ExperimentConfig) -> Remedy | None:
    return _change(config, "One D update per step", n_critic=1)


def more_updates_of_d(config: ExperimentConfig) -> Remedy | None:
    """Let D keep up with G (Goodfellow et al. 2014, arXiv:1406.2661, section 3)."""
    if config.n_critic >= CRITIC_UPDATES:
        return None
    return _change(config, f"{CRITIC_UPDATES} D updates per step", n_critic=CRITIC_UPDATES)


def usual_rates(config: ExperimentConfig) -> Remedy | None:
    """Give both networks the optimizer that the data set's kind begins with."""
    usual = _usual_optimizer(config)
    if all(_alike(getattr(config, f"optimizer_{side}"), usual) for side in "gd"):
        return None
    label = f"{usual.title} with learning rate {usual.lr:g} for both"
    updates = config.n_critic if config.loss.name == "wasserstein" else 1
    return _change(config, label, optimizer_g=usual, optimizer_d=usual, n_critic=updates)


def quarter_rates_from_scratch(config: ExperimentConfig) -> Remedy | None:
    slower = quarter_rates(config)
    if slower is None:
        return None
    label = "Start anew with both learning rates ÷ 4"
    return Remedy(label, slower.config, slower.changed, restarts=True)


def quarter_rate_of_d(config: ExperimentConfig) -> Remedy | None:
    optimizer = _slower(config.optimizer_d)
    return _change(config, "Divide D's learning rate by 4", optimizer_d=optimizer)


def quarter_rate_of_g(config: ExperimentConfig) -> Remedy | None:
    optimizer = _slower(config.optimizer_g)
    return _change(config, "Divide G's learning rate by 4", optimizer_g=optimizer)


def quarter_rates(config: ExperimentConfig) -> Remedy | None:
    slower = {f"optimizer_{side}": _slower(getattr(config, f"optimizer_{side}")) for side in "gd"}
    return _change(config, "Both learning rates ÷ 4", **slower)


def average_weights(config: ExperimentConfig) -> Remedy | None:
    """Yazıcı et al. 2019, arXiv:1806.04498: the average of G's weights sways less than G."""
    if config.ema_decay:
        return None
    usual = config.dataset.kind.experiment["ema_decay"]
    return _change(config, f"Average G's weights, decay {usual:g}", ema_decay=usual)


def stabilize(config: ExperimentConfig) -> Remedy | None:
    """A penalty, an average and the usual learning rates, as far as they are not set yet.

    A loss that saturates is replaced by the one that does not.
    """
    calmer, parts = config, []
    for part, words in (
        (non_saturating_loss, "non-saturating loss"),
        (gradient_penalty, "penalty"),
        (average_weights, "average"),
        (usual_rates, "usual learning rates"),
    ):
        remedy = part(calmer)
        if remedy is not None:
            calmer = remedy.config
            parts.append(words)
    return _change(config, f"Calm both: {', '.join(parts)}", **_differing(config, calmer))


def stabilize_from_scratch(config: ExperimentConfig) -> Remedy | None:
    """Weights that have run away do not come back."""
    calmed = stabilize(config)
    if calmed is None:
        return None
    return Remedy("Start anew, both calmer", calmed.config, calmed.changed, restarts=True)


def pairing_loss(config: ExperimentConfig) -> Remedy | None:
    """Huang et al. 2024 (R3GAN), arXiv:2501.05441: it covers more modes."""
    gamma = config.dataset.kind.r1_gamma
    penalty = REGULARIZERS.create({"name": "r1_r2", "gamma": gamma})
    loss = LOSSES.create("relativistic_pairing")
    return _change(config, "Use the relativistic pairing loss", loss=loss, regularizer=penalty)


def deeper_generator(config: ExperimentConfig) -> Remedy | None:
    """A G of one hidden layer bends too little to part the noise; it begins calmed, too."""
    network = config.architecture.generator
    if network.name != "mlp" or network.depth > 1:
        return None
    deeper = REGISTRIES["generator"].create({**network.to_dict(), "depth": 2})
    calmed = stabilize(config)
    changes = _differing(config, calmed.config) if calmed else {}
    label = "with two hidden layers in G" + (" and a calmer D" if calmed else "")
    parts = _replaced(config.architecture, generator=deeper)
    return _change(config, label, architecture=parts, **changes)


def larger_networks(config: ExperimentConfig) -> Remedy | None:
    """The networks that the data set's kind begins with, where the run's are smaller."""
    parts = {}
    for side in ("generator", "discriminator"):
        network = getattr(config.architecture, side)
        usual = config.dataset.kind.experiment["architecture"][side]
        if network.name == usual["name"] == "mlp":
            larger = {key: max(getattr(network, key), usual[key]) for key in ("depth", "width")}
            parts[side] = REGISTRIES[side].create({**network.to_dict(), **larger})
    return _change(
        config, "with larger networks", architecture=_replaced(config.architecture, **parts)
    )


def blur(config: ExperimentConfig) -> Remedy | None:
    """Instance noise: Arjovsky & Bottou 2017, arXiv:1701.04862, section 3."""
    if config.instance_noise:
        return None
    return _change(config, f"Blur what D sees (noise {BLUR:g})", instance_noise=BLUR)


def continuous_noise(config: ExperimentConfig) -> Remedy | None:
    if config.prior.support(config.latent_dim) is None:
        return None
    usual = config.dataset.kind.experiment["prior"]["name"]
    return _change(config, f"with {usual} noise", prior=PRIORS.create(usual))


def more_noise_numbers(config: ExperimentConfig) -> Remedy | None:
    if config.latent_dim >= MANY_BITS:
        return None
    return _change(config, f"with {MANY_BITS} noise numbers", latent_dim=MANY_BITS)


def without_batch_norm(config: ExperimentConfig) -> Remedy | None:
    """Salimans et al. 2016, arXiv:1606.03498, section 3.4: a batch must not judge itself."""
    network = config.architecture.discriminator
    if not hasattr(network, "normalisation"):
        return None
    plain = REGISTRIES["discriminator"].create({**network.to_dict(), "normalisation": "none"})
    parts = _replaced(config.architecture, discriminator=plain)
    return _change(config, "without batch norm in D", architecture=parts)


def _differing(config: ExperimentConfig, changed: ExperimentConfig) -> dict[str, Any]:
    return {name: getattr(changed, name) for name in config.differences(changed)}


def choose_remedies(
    config: ExperimentConfig, candidates: tuple[RemedyFactory, ...]
) -> tuple[Remedy, ...]:
    """Return the remedies that change something, no two of them the same."""
    found: list[Remedy] = []
    for candidate in candidates:
        remedy = candidate(config)
        if remedy and all(remedy.config != other.config for other in found):
            found.append(remedy)
    return tuple(found)


def _usual_optimizer(config: ExperimentConfig) -> Optimizer:
    values = default_knobs("optimizer_g", "adam", config.dataset.kind)
    return OPTIMIZERS.create({"name": "adam", **values})


def _alike(optimizer: Optimizer, usual: Optimizer) -> bool:
    """Whether the optimizer is of the same kind, its rate near and its memory no longer."""
    same = optimizer.name == usual.name and usual.lr / FAR < optimizer.lr < usual.lr * FAR
    return same and optimizer.beta1 <= max(usual.beta1, MAX_BETA1)


def _slower(optimizer: Optimizer) -> Optimizer:
    values = optimizer.to_dict()
    return OPTIMIZERS.create({**values, "lr": max(values["lr"] / QUARTER, 1e-6)})


def _replaced(parts: Any, **changes: Any) -> Any:
    values = {f.name: getattr(parts, f.name) for f in fields(parts)}
    return type(parts)(**values | changes)
