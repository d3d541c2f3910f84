"""A configuration mapping read into a frozen dataclass: unknown keys and wrong types are errors that name the key."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import field, fields, is_dataclass
from typing import Any, TypeAlias, TypeVar

from tribe_np.errors import ConfigError
from tribe_np.shown import quoted

LARGEST_SIZE = 2**31 - 1  # of an axis; no model comes near it, and products of such sizes stay numbers
T = TypeVar("T")
Parser: TypeAlias = Callable[[str, Any], Any]
"""From (where, raw value) to the checked value; ConfigError that starts with `where`."""


def option(default: Any, parse: Parser) -> Any:
    """A dataclass field with the default of upstream's config class and the parser of its raw value."""
    return field(default=default, metadata=parsed_by(parse))


def parsed_by(parse: Parser) -> dict[str, Parser]:
    """The metadata of a dataclass field whose raw value `parse` checks."""
    return {"parse": parse}


def read_mapping(cls: type[T], mapping: Any, where: str, *, name: str) -> T:
    """The dataclass `cls` from a mapping; absent keys take upstream's class defaults, as upstream itself fills them.

    `name` is upstream's class name, which a dump carries under the key "name".
    Raises   ConfigError for an unknown key, another class name, or a value of the wrong type
    """
    if not isinstance(mapping, Mapping):
        raise ConfigError(f"{where} must be a mapping, got {quoted(mapping)}")
    assert is_dataclass(cls)
    values = dict(mapping)
    given = values.pop("name", name)
    if given != name:
        raise ConfigError(f"{where}.name must be {name}, got {quoted(given)}")
    parsers: dict[str, Parser] = {f.name: f.metadata["parse"] for f in fields(cls)}
    unknown = [str(key) for key in values if key not in parsers]
    if unknown:
        raise ConfigError(f"{where} has unknown keys {', '.join(unknown)[:80]}; known are {', '.join(parsers)}")
    return cls(**{key: parsers[key](f"{where}.{key}", value) for key, value in values.items()})


def whole(minimum: int, most: int = LARGEST_SIZE) -> Parser:
    """Integers of at least `minimum` and at most `most`; 8.0 counts as 8, as upstream reads it."""

    def parse(where: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1 or value < minimum:
            raise ConfigError(f"{where} must be an integer >= {minimum}, got {quoted(value)}")
        if value > most:
            raise ConfigError(f"{where} must be an integer from {minimum} to {most}, got {quoted(value)}")
        return int(value)

    return parse


def number(where: str, value: Any) -> float:
    """A finite number."""
    # compared, not tested with isfinite: a file holds whole numbers that no float can
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= sys.float_info.max:
        raise ConfigError(f"{where} must be a number, got {quoted(value)}")
    return float(value)


def positive(where: str, value: Any) -> float:
    """A finite number above zero."""
    checked = number(where, value)
    if checked <= 0:
        raise ConfigError(f"{where} must be above 0, got {quoted(value)}")
    return checked


def flag(where: str, value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise ConfigError(f"{where} must be true or false, got {quoted(value)}")
    return value


def one_of(*choices: str | None) -> Parser:
    """One of the named choices."""

    def parse(where: str, value: Any) -> Any:
        if not (value is None or isinstance(value, str)) or value not in choices:
            names = ", ".join("null" if choice is None else choice for choice in choices)
            raise ConfigError(f"{where} must be one of {names}, got {quoted(value)}")
        return value

    return parse


def nullable(parse: Parser) -> Parser:
    """null, or what `parse` accepts."""
    return lambda where, value: None if value is None else parse(where, value)


def sizes(where: str, value: Any) -> tuple[int, ...]:
    """A list of layer widths, each at least 1."""
    if not isinstance(value, (list, tuple)):
        raise ConfigError(f"{where} must be a list of integers, got {quoted(value)}")
    return tuple(whole(1)(f"{where}[{i}]", item) for i, item in enumerate(value))


def nested(cls: type[T], name: str) -> Parser:
    """Another configuration mapping, of upstream's class `name`."""
    return lambda where, value: read_mapping(cls, value, where, name=name)
