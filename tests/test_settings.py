"""Settings: typed values, filled only by the default handed in, and one clear line for what is wrong."""

import math
from dataclasses import dataclass
from typing import Any

import pytest

from tribe_np.errors import ConfigError
from tribe_np.settings import (
    FLAG,
    TEXT,
    Settings,
    list_of,
    nested,
    nullable,
    number,
    one_of,
    option,
    positive,
    read_fields,
    whole,
)


def settings(**values: Any) -> Settings:
    return Settings(values, "config.json")


def test_values_and_defaults() -> None:
    found = settings(a=3, b=2, c=True, d=[1, 2, 3], e=-0.5)
    assert (found.count("a"), found.count("x", 7), found.count("zero", 0, least=0)) == (3, 7, 0)
    assert (found.positive("b"), found.positive("x", 1e-5), found.number("e")) == (2.0, 1e-5, -0.5)
    assert (found.flag("c", False), found.flag("x", False)) == (True, False)
    assert found.read("d", list_of(number(), "numbers")) == (1.0, 2.0, 3.0)
    assert found.share("a", 6, "b", 2) == 3


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "3", None, [3]])
def test_what_is_no_count(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"^config\.json: a must be a whole number from 1 to 2147483647, got "):
        settings(a=value).count("a", 5)


@pytest.mark.parametrize("value", [0, -1.5, math.nan, math.inf, True, "1", None, 10**400])
def test_what_is_no_positive_number(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"^config\.json: a must be a number above 0, got "):
        settings(a=value).positive("a", 5)


@pytest.mark.parametrize(("method", "value"), [("number", "x"), ("number", None), ("count", None), ("positive", None)])
def test_an_absent_key_without_a_default_is_an_error(method: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=r"^config\.json: a must be"):
        getattr(settings(), method)("a")
    with pytest.raises(ConfigError, match=r"^config\.json: a must be"):
        getattr(settings(a=value), method)("a")


def test_only_refuses_what_is_there_and_not_implemented() -> None:
    settings(act="gelu").only("act", "gelu", "gelu_new")
    settings().only("act", "gelu")
    settings(act=None).only("act", None, "gelu")
    with pytest.raises(ConfigError, match=r"config\.json: act 'relu' is not implemented; only 'gelu' is"):
        settings(act="relu").only("act", "gelu")


def test_null_is_a_value_unless_the_file_drops_it() -> None:
    with pytest.raises(ConfigError, match="act None is not implemented"):
        settings(act=None).only("act", "gelu")
    with pytest.raises(ConfigError, match="got None"):
        settings(a=None).flag("a", True)
    dropped = Settings({"a": None, "act": None}, "preprocessor.json", null_is_absent=True)
    dropped.only("act", "gelu")
    assert dropped.flag("a", True)
    assert dropped.count("a", 4) == 4


def test_sizes_that_do_not_divide() -> None:
    with pytest.raises(ConfigError, match=r"config\.json: hidden_size 7 is not a multiple of num_attention_heads 2"):
        settings().share("hidden_size", 7, "num_attention_heads", 2)


@pytest.mark.parametrize("value", [8.5, math.nan, math.inf, -math.inf, 1e300, 10**400, True, "8"])
def test_a_float_counts_only_where_it_is_whole_and_asked_for(value: Any) -> None:
    assert whole(takes_floats=True)("a", 8.0) == 8
    with pytest.raises(ConfigError, match=r"^a must be a whole number from 1 to 9, got "):
        whole(1, 9, takes_floats=True)("a", value)
    with pytest.raises(ConfigError, match=r"got 8\.0"):
        whole()("a", 8.0)


def test_bounds_are_said_and_kept() -> None:
    assert (number(0, 1)("a", 1), positive(5, above=1e-6)("a", 5)) == (1.0, 5.0)
    for check, value, said in (
        (number(0, 1), 1.01, "a number from 0 to 1, got 1.01"),
        (number(), 2e30, "a number, got 2e\\+30"),
        (positive(5, above=1e-6), 1e-6, "a number above 1e-06 and at most 5, got 1e-06"),
        (positive(5, above=1e-6), 5.1, "a number above 1e-06 and at most 5, got 5.1"),
    ):
        with pytest.raises(ConfigError, match=f"^a must be {said}"):
            check("a", value)


@pytest.mark.parametrize("value", [True, 1.0, "1", None, [1], {}])
def test_a_choice_has_its_own_type(value: Any) -> None:
    assert one_of(1, 2)("a", 1) == 1
    assert one_of("x", None)("a", None) is None
    with pytest.raises(ConfigError, match=r"^a must be 1 or 2, got "):
        one_of(1, 2)("a", value)


def test_null_or_a_value() -> None:
    assert nullable(TEXT)("a", None) is None
    with pytest.raises(ConfigError, match=r"^a must be text or null, got 3"):
        nullable(TEXT)("a", 3)


@dataclass(frozen=True)
class Lamp:
    """An example."""

    watts: float = option(40.0, positive())
    colours: tuple[str, ...] = option(("white",), list_of(TEXT, "names"))
    is_on: bool = option(False, FLAG)


@dataclass(frozen=True)
class Room:
    """An example with a part."""

    lamp: Lamp | None = option(Lamp(), nullable(nested(lambda lamp: read_fields(Lamp, lamp, name="Lamp"))))


def test_a_dataclass_states_defaults_and_checks() -> None:
    assert read_fields(Room, settings()) == Room(Lamp(40.0, ("white",), False))
    assert read_fields(Room, settings(lamp=None)) == Room(None)
    assert read_fields(Room, settings(lamp={"name": "Lamp", "watts": 7, "colours": ["red"]})).lamp == Lamp(7, ("red",))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lamp": 3}, "lamp must be a mapping or null, got 3"),
        ({"lamp": {"watts": 0}}, "lamp.watts must be a number above 0, got 0"),
        ({"lamp": {"colours": ["red", 3]}}, r"lamp.colours must be a list of names, got \['red', 3\]"),
        ({"lamp": {"name": "Candle"}}, "lamp.name must be Lamp, got 'Candle'"),
        ({"lamp": {"wats": 3}}, "lamp: unknown key 'wats'; did you mean watts?"),
        ({"lamp": {"\x1b[2J": 3}}, r"lamp: unknown key '\\x1b\[2J'; known are watts, colours, is_on, name"),
        ({"lamp": {7: 3}}, "lamp: unknown key 7; known are watts"),
        ({"lamb": {}}, "unknown key 'lamb'; did you mean lamp?"),
    ],
)
def test_what_is_wrong_in_a_dataclass_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=rf"^config\.json: {said}"):
        read_fields(Room, settings(**given))
