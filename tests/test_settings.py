"""Values of a HuggingFace file: typed, filled only by the default handed in, and one clear line for what is wrong."""

import math

import pytest

from tribe_np.errors import ConfigError
from tribe_np.settings import Settings


def settings(**values):
    return Settings(values, "config.json")


def test_values_and_defaults():
    found = settings(a=3, b=2, c=True, d=[1, 2, 3], e=-0.5)
    assert (found.count("a"), found.count("x", 7), found.count("zero", 0, least=0)) == (3, 7, 0)
    assert (found.positive("b"), found.positive("x", 1e-5), found.number("e")) == (2.0, 1e-5, -0.5)
    assert (found.flag("c", False), found.flag("x", False)) == (True, False)
    assert found.triple("d", (0.0, 0.0, 0.0)) == (1.0, 2.0, 3.0)
    assert found.share("a", 6, "b", 2) == 3


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "3", None, [3]])
def test_what_is_no_count(value):
    with pytest.raises(ConfigError, match=r"^config\.json: a must be a whole number of at least 1, got "):
        settings(a=value).count("a", 5)


@pytest.mark.parametrize("value", [0, -1.5, math.nan, math.inf, True, "1", None, 10**400])
def test_what_is_no_positive_number(value):
    with pytest.raises(ConfigError, match=r"^config\.json: a must be a number above 0, got "):
        settings(a=value).positive("a", 5)


@pytest.mark.parametrize(("method", "value"), [("number", "x"), ("number", None), ("count", None), ("positive", None)])
def test_an_absent_key_without_a_default_is_an_error(method, value):
    with pytest.raises(ConfigError, match=r"^config\.json: a must be"):
        getattr(settings(), method)("a")
    with pytest.raises(ConfigError, match=r"^config\.json: a must be"):
        getattr(settings(a=value), method)("a")


@pytest.mark.parametrize("value", [[1, 2], [1, 2, "3"], [1, 2, True], 3, None])
def test_what_is_no_triple(value):
    with pytest.raises(ConfigError, match="three numbers"):
        settings(a=value).triple("a", (0.0, 0.0, 0.0))


def test_only_refuses_what_is_there_and_not_implemented():
    settings(act="gelu").only("act", "gelu", "gelu_new")
    settings().only("act", "gelu")
    settings(act=None).only("act", None, "gelu")
    with pytest.raises(ConfigError, match=r"config\.json: act 'relu' is not implemented; only 'gelu' is"):
        settings(act="relu").only("act", "gelu")


def test_null_is_a_value_unless_the_file_drops_it():
    with pytest.raises(ConfigError, match="act None is not implemented"):
        settings(act=None).only("act", "gelu")
    with pytest.raises(ConfigError, match="got None"):
        settings(a=None).flag("a", True)
    dropped = Settings({"a": None, "act": None}, "preprocessor.json", null_is_absent=True)
    dropped.only("act", "gelu")
    assert dropped.flag("a", True)
    assert dropped.count("a", 4) == 4


def test_sizes_that_do_not_divide():
    with pytest.raises(ConfigError, match=r"config\.json: hidden_size 7 is no multiple of num_attention_heads 2"):
        settings().share("hidden_size", 7, "num_attention_heads", 2)
