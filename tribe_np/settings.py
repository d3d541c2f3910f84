"""Settings of files and callers: the one reader, which gives a value its type or says what is wrong with it.

A `Check` says what a value must be. `Settings` reads single keys of a mapping by checks; `read_fields` fills a
dataclass whose fields carry their default and their check (`option`). Whoever reads chooses the rules: whether unknown
keys are refused (`refuse_unknown`) or foreign, whether null is a value or absent, whether 8.0 counts as 8. Every error
is one line: ORIGIN: KEY must be EXPECTED, got VALUE.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from tribe_np.errors import ConfigError
from tribe_np.shown import did_you_mean, quoted

LARGEST_COUNT = 2**31 - 1  # no axis of a model comes near it, and products of two such sizes are still numbers
LARGEST_NUMBER = 1e30  # transformers' own largest, "no limit"; products of two such numbers are still finite
REQUIRED: Any = object()
"""The default of a key that has none."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Check(Generic[T_co]):
    """What a value must be, in words and as a test, and what is made of it: `take` gets its name and the value."""

    expected: str
    is_good: Callable[[Any], bool]
    take: Callable[[str, Any], T_co]

    def __call__(self, name: str, value: object) -> T_co:
        """The checked value; ConfigError that starts with `name`."""
        if not self.is_good(value):
            raise ConfigError(f"{name} must be {self.expected}, got {quoted(value)}")
        return self.take(name, value)


def whole(least: int = 1, most: int = LARGEST_COUNT, *, takes_floats: bool = False) -> Check[int]:
    """A whole number from `least` to `most`; with `takes_floats`, 8.0 counts as 8."""

    def is_good(value: Any) -> bool:
        if takes_floats and isinstance(value, float) and value.is_integer():
            value = int(value)
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

    return Check(f"a whole number from {least} to {most}", is_good, lambda _, value: int(value))


def number(least: float = -LARGEST_NUMBER, most: float = LARGEST_NUMBER) -> Check[float]:
    """A number from `least` to `most`."""
    bounds = "" if most == LARGEST_NUMBER else f" from {least:g} to {most:g}"
    return Check(f"a number{bounds}", lambda value: _is_number(value) and least <= value <= most, _float)


def positive(most: float = LARGEST_NUMBER, *, above: float = 0.0) -> Check[float]:
    """A number above `above`, which is 0 or a little more, and at most `most`."""
    bounds = "" if most == LARGEST_NUMBER else f" and at most {most:g}"
    return Check(f"a number above {above:g}{bounds}", lambda value: _is_number(value) and above < value <= most, _float)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _float(_: str, value: Any) -> float:
    return float(value)


FLAG: Check[bool] = Check("true or false", lambda value: isinstance(value, bool), lambda _, value: bool(value))
TEXT: Check[str] = Check("text", lambda value: isinstance(value, str), lambda _, value: str(value))
MAPPING: Check[Mapping[str, Any]] = Check("a mapping", lambda value: isinstance(value, Mapping), lambda _, value: value)


def one_of(*choices: T) -> Check[T]:
    """One of these values; 1 is not True, nor 1.0."""
    *others, last = map(_spelled, choices)

    def is_good(value: Any) -> bool:
        return any(type(value) is type(choice) and value == choice for choice in choices)

    return Check(f"{', '.join(others)} or {last}" if others else last, is_good, lambda _, value: value)


def _spelled(choice: object) -> str:
    return "null" if choice is None else str(choice)


def nullable(check: Check[T]) -> Check[T | None]:
    """null, or what `check` takes."""
    return Check(
        f"{check.expected} or null",
        lambda value: value is None or check.is_good(value),
        lambda name, value: None if value is None else check.take(name, value),
    )


def list_of(check: Check[T], what: str) -> Check[tuple[T, ...]]:
    """A list whose items `check` takes; `what` says in words what they are."""
    return Check(
        f"a list of {what}",
        lambda value: isinstance(value, (list, tuple)) and all(map(check.is_good, value)),
        lambda name, value: tuple(check.take(name, item) for item in value),
    )


def nested(read: "Callable[[Settings], T]") -> Check[T]:
    """A mapping, of which `read` makes something."""
    return Check(MAPPING.expected, MAPPING.is_good, lambda name, value: read(Settings(value, name, joint=".")))


@dataclass(frozen=True)
class Settings:
    """A mapping, and what messages call it: a file ("config.json"), or a section of one ("config.yaml: data").

    The defaults handed in are those with which upstream or transformers fills an absent key. null is a value like any
    other, unless `null_is_absent`: transformers drops it in some files.
    """

    values: Mapping[str, Any]
    origin: str | Path
    null_is_absent: bool = False
    joint: str = ": "  # between the origin and a key; a dot for a section

    def has(self, key: str) -> bool:
        """Whether the key has a value."""
        return key in self.values and not (self.null_is_absent and self.values[key] is None)

    def name(self, key: str) -> str:
        """What messages call the key: "config.json: hidden_size", "config.yaml: data.frequency"."""
        return f"{self.origin}{self.joint}{key}"

    def read(self, key: str, check: Check[T], default: T = REQUIRED) -> T:
        """The value of a key, or its default, as `check` takes it.

        Raises   ConfigError for a value that is wrong, or missing without a default
        """
        if not self.has(key) and default is REQUIRED:
            raise ConfigError(f"{self.name(key)} must be {check.expected}, but is missing")
        return check(self.name(key), self.values[key] if self.has(key) else default)

    def count(self, key: str, default: int = REQUIRED, *, least: int = 1, most: int = LARGEST_COUNT) -> int:
        """A whole number from `least` to `most`; 8.0 is none."""
        return self.read(key, whole(least, most), default)

    def number(self, key: str, default: float = REQUIRED) -> float:
        """A number."""
        return self.read(key, number(), default)

    def positive(self, key: str, default: float = REQUIRED) -> float:
        """A number above 0."""
        return self.read(key, positive(), default)

    def flag(self, key: str, default: bool = REQUIRED) -> bool:
        """true or false."""
        return self.read(key, FLAG, default)

    def section(self, key: str) -> "Settings":
        """The mapping under a key."""
        return replace(self, values=self.read(key, MAPPING), origin=self.name(key), joint=".")

    def only(self, key: str, *implemented: Any) -> None:
        """Refuses a present value that would change the maths and is not implemented."""
        if self.has(key) and self.values[key] not in implemented:
            wanted = " or ".join(map(repr, implemented))
            raise ConfigError(f"{self.name(key)} {quoted(self.values[key])} is not implemented; only {wanted} is")

    def share(self, whole: str, n_whole: int, part: str, n_part: int) -> int:
        """n_whole / n_part, which must come out even."""
        if n_whole % n_part:
            raise ConfigError(f"{self.name(whole)} {n_whole} is not a multiple of {part} {n_part}")
        return n_whole // n_part

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Refuses a key that is not among the known ones."""
        for key in self.values:
            if key not in known:
                hint = did_you_mean(key, known) if isinstance(key, str) else ""
                hint = hint or f"; known are {', '.join(known)}"
                raise ConfigError(f"{self.origin}: unknown key {quoted(key)}{hint}")


def option(default: T, check: Check[T]) -> T:
    """A field of a dataclass for `read_fields`: its default, the one place where it stands, and its check."""
    declared: T = field(default=default, metadata={"check": check})
    return declared


def read_fields(cls: type[T], settings: Settings, *, name: str | None = None) -> T:
    """The dataclass `cls`, each field under its own name; an absent one keeps its default, an unknown key is refused.

    `name` is the class that the mapping is for, which it may carry under the key "name".
    Raises   ConfigError
    """
    assert is_dataclass(cls)
    checks: dict[str, Check[Any]] = {f.name: f.metadata["check"] for f in fields(cls)}
    named = () if name is None else ("name",)
    settings.refuse_unknown((*checks, *named))
    if name is not None:
        settings.read("name", one_of(name), name)
    return cls(**{key: settings.read(key, check) for key, check in checks.items() if settings.has(key)})
