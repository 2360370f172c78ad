"""Components that are chosen by name: their declaration, checks and lists.

A component is a frozen dataclass whose fields are made with `knob`, registered under a name.
The sidebar, the command line, the tests and the tables in the docs are generated from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeVar

Number = int | float


def short_repr(value: Any) -> str:
    """Return `value` as text for an error message, at most 80 characters."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an int of 5,000 digits, or deeply nested lists
        text = f"this {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:79]}…"


def error_text(error: Exception) -> str:
    """Return an exception's message as the end of a sentence: one line, at most 200 characters."""
    words = (str(error).strip() or type(error).__name__).split("\n")[0][:200].rstrip()
    return words if words.endswith((".", "?")) else f"{words}."


@dataclass(frozen=True)
class Knob:
    """Allowed values of a component's field; bounds are inclusive."""

    default: Any
    low: Number | None = None
    high: Number | None = None
    choices: tuple[str, ...] | tuple[int, ...] | None = None
    log: bool = False
    help: str = ""
    hidden: bool = False
    label: str = ""

    def check(self, owner: str, name: str, value: Any) -> Any:
        """Return `value` in the knob's own type.

        Raises:
            ValueError: names the option, the value and what is allowed.
        """
        option = f"{owner}: {name}"
        if self.choices is not None:
            if isinstance(value, bool) or value not in self.choices:
                choices = ", ".join(map(str, self.choices))
                raise ValueError(f"{option} = {short_repr(value)} is not one of {choices}.")
            return self.choices[self.choices.index(value)]
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise ValueError(f"{option} = {short_repr(value)} is neither true nor false.")
            return value
        if isinstance(self.default, str):
            if not isinstance(value, str):
                raise ValueError(f"{option} = {short_repr(value)} is not a text.")
            return value
        return self._check_number(option, value)

    def _check_number(self, option: str, value: Any) -> Number:
        whole = isinstance(self.default, int)
        kind = "a whole number" if whole else "a number"
        bounds = f"{kind} from {self.low:g} to {self.high:g}"
        if isinstance(value, bool) or not isinstance(value, Number):
            raise ValueError(f"{option} = {short_repr(value)} is not {bounds}.")
        if not self.low <= value <= self.high:  # also true of NaN
            raise ValueError(f"{option} = {short_repr(value)} is not {bounds}.")
        if whole and value != int(value):
            raise ValueError(f"{option} = {short_repr(value)} is not {bounds}.")
        return int(value) if whole else float(value)


def knob(default: Any, **bounds: Any) -> Any:
    """Return a dataclass field: a number with `low` and `high`, a choice, a bool or a text.

    `label` is its name on the page, if not the field's name. `log=True` means a logarithmic
    slider, `hidden=True` no control.

    Raises:
        ValueError: if a number has no bounds or choices, or the default is outside them.
    """
    made = Knob(default, **bounds)
    is_number = isinstance(default, Number) and not isinstance(default, bool)
    if is_number and made.choices is None and (made.low is None or made.high is None):
        raise ValueError(f"A numeric knob needs low and high (default {default!r}).")
    made.check("knob", "default", default)
    return field(default=default, metadata={"knob": made})


def knobs(component: Any) -> dict[str, Knob]:
    """Return the knobs of a component or of its class, by field name, in their order."""
    return {f.name: f.metadata["knob"] for f in fields(component) if "knob" in f.metadata}


def check_knobs(component: Any, owner: str) -> None:
    """Check every knob of a frozen dataclass and store it in its own type.

    Raises:
        ValueError: names the first knob that is out of its bounds.
    """
    for name, knob_ in knobs(component).items():
        value = knob_.check(owner, name, getattr(component, name))
        object.__setattr__(component, name, value)


@dataclass(frozen=True)
class Component:
    """Base class of all registered components."""

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]
    equation: ClassVar[str]
    __no_type_check__: ClassVar[bool] = True
    """jaxtyping does not check `__init__`, as `check_knobs` refuses wrong values in a sentence."""

    def __post_init__(self) -> None:
        check_knobs(self, self.name)

    def to_dict(self) -> dict[str, Any]:
        """Return `{"name": …, **knobs}`, the form used in JSON."""
        return {"name": self.name, **{name: getattr(self, name) for name in knobs(self)}}

    @classmethod
    def summary(cls) -> str:
        """Return the first sentence of the docstring."""
        return (cls.__doc__ or "").strip().split("\n")[0]


T = TypeVar("T", bound=Component)


class Registry:
    """Components of one kind, by name, in the order in which they were registered."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._classes: dict[str, type[Component]] = {}

    def register(
        self, name: str, *, title: str, paper: str = "", equation: str = ""
    ) -> Callable[[type[T]], type[T]]:
        """Return a class decorator that registers the class under `name`.

        `equation` is LaTeX, with a double backslash between lines. `paper` names authors, year
        and place.
        """

        def enter(cls: type[T]) -> type[T]:
            if name in self._classes:
                raise ValueError(f"{self.kind} {name!r} is registered twice.")
            cls.name, cls.title, cls.paper, cls.equation = name, title, paper, equation
            self._classes[name] = cls
            return cls

        return enter

    def names(self) -> list[str]:
        return list(self._classes)

    def __iter__(self) -> Iterator[type[Component]]:
        return iter(self._classes.values())

    def __getitem__(self, name: Any) -> type[Component]:
        """Raises: ValueError: if nothing of that name is registered."""
        if not isinstance(name, str) or name not in self._classes:
            raise ValueError(
                f"{self.kind} {short_repr(name)} is unknown; there are {', '.join(self._classes)}."
            )
        return self._classes[name]

    def create(self, spec: Any) -> Any:
        """Return the component that `spec` describes: a name, or `{"name": …, **knobs}`.

        A component is returned as it is.

        Raises:
            ValueError: for an unknown name, an unknown knob or a value out of bounds.
        """
        if type(spec) in self._classes.values():
            return spec
        if isinstance(spec, str):
            spec = {"name": spec}
        if not isinstance(spec, Mapping) or "name" not in spec:
            raise ValueError(f'{self.kind} = {short_repr(spec)} is not of the form {{"name": …}}.')
        values = dict(spec)
        cls = self[values.pop("name")]
        check_keys(cls.name, values, list(knobs(cls)))
        return cls(**values)


def check_keys(owner: str, given: Mapping[str, Any], known: list[str]) -> None:
    """Raises: ValueError: if `given` has a key that is not in `known`."""
    for key in given:
        if key not in known:
            choices = ", ".join(known) or "none"
            raise ValueError(f"{owner}: key {short_repr(key)} is unknown; there are {choices}.")
