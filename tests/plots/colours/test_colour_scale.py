"""One scale for a series: its limits, what it hides, its colours."""

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from tribe_np.errors import ConfigError
from tribe_np.plots.colours.colour_maps import colour_map
from tribe_np.plots.colours.colour_scale import colour_scale

pytestmark = pytest.mark.extras
NORMAL = np.random.default_rng(0).normal(size=(20, 2000)).astype(np.float32)


def test_one_vertex_at_twenty_sigma_moves_no_limit() -> None:
    spiked = NORMAL.copy()
    spiked[3, 7] = 20 * NORMAL.std()
    plain, other = colour_scale(NORMAL), colour_scale(spiked)
    assert plain.high == pytest.approx(np.percentile(np.abs(NORMAL), 99), rel=1e-6)
    assert other.high == pytest.approx(plain.high, rel=1e-3)
    assert other.indices(spiked[3, 7]) == 255


def test_limits_are_of_the_whole_series_and_nan_does_not_count() -> None:
    values = np.vstack([NORMAL[0] * 0.1, NORMAL[1] * 10, np.full(2000, np.nan)])
    values[0, 0] = np.inf
    scale = colour_scale(values, percentile=100)
    assert scale.high == pytest.approx(np.abs(NORMAL[1] * 10).max())
    assert (scale.low, scale.is_symmetric, scale.name) == (-scale.high, True, "RdBu_r")


def test_values_of_one_sign_get_a_sequential_map_that_begins_at_nothing() -> None:
    scale = colour_scale(np.abs(NORMAL))
    assert (scale.low, scale.name, scale.is_symmetric) == (0.0, "inferno", False)
    far = colour_scale(np.abs(NORMAL) + 50)
    assert 50 <= far.low < 50.1
    below = colour_scale(-np.abs(NORMAL))
    assert below.high == 0 > below.low


def test_of_a_few_vertices_with_a_value_the_greatest_counts() -> None:
    values = np.zeros(5000)
    values[:3] = 1, 2, 4
    assert (colour_scale(values).low, colour_scale(values).high) == (0, 4)
    values[3] = -1
    assert colour_scale(values).high == 4


@pytest.mark.parametrize(("value", "limits"), [(0.3, (0, 0.3)), (-2, (-2, 0)), (0, (0, 1))])
def test_a_constant_map_reaches_from_zero(value: float, limits: tuple[float, float]) -> None:
    scale = colour_scale(np.full(100, value))
    assert (scale.low, scale.high) == limits


def test_given_limits_stand() -> None:
    assert colour_scale(NORMAL, low=-1, high=3).low == -1
    half = colour_scale(NORMAL, high=3)
    assert (half.low, half.high) == (-3, 3)
    one_sided = colour_scale(NORMAL, high=3, symmetric=False)
    assert one_sided.low == pytest.approx(np.percentile(NORMAL, 1), rel=1e-6)


def test_colours_run_from_low_to_high_as_matplotlibs() -> None:
    import matplotlib

    scale = colour_scale(np.array([0.0, 1.0]), cmap="viridis", low=0, high=1, fade=None)
    values = np.linspace(0, 1, 999)
    np.testing.assert_allclose(scale.rgba(values), matplotlib.colormaps["viridis"](values), rtol=0, atol=0.008)
    assert np.array_equal(scale.indices(np.array([-9.0, 0, 1, 9, np.inf, -np.inf])), [0, 0, 255, 255, 255, 0])


def test_nan_and_what_lies_below_the_threshold_are_not_shown() -> None:
    scale = colour_scale(NORMAL, threshold=1, fade=None)
    assert scale.is_hidden(np.array([np.nan, np.inf, -np.inf, 2.0])).tolist() == [True, True, True, False]
    shown = scale.rgba(np.array([np.nan, 0.99, -0.99, 1, -1]))[:, 3]
    assert shown.tolist() == [0, 0, 0, 1, 1]


def test_low_values_fade_from_the_middle_of_a_diverging_map_and_from_the_low_end_of_another() -> None:
    middle = colour_scale(NORMAL, low=-1, high=1, fade=(0.1, 0.4)).table[:, 3]
    assert middle[128] == middle[127] == 0
    assert middle[0] == middle[-1] == middle[40] == 255
    assert (np.diff(middle[128:].astype(int)) >= 0).all()
    low = colour_scale(np.abs(NORMAL), fade=(0, 0.5)).table[:, 3]
    assert low[0] == 0
    assert (low[130:] == 255).all()


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([np.nan, np.inf], {}, "no value is a number"),
        ([1, 2], {"low": 2, "high": 1}, "must be below the upper one"),
        ([1, 2], {"percentile": 20}, "above 50 and at most 100"),
        ([1, 2], {"threshold": -1}, "threshold must be a number from 0 on"),
        ([1, 2], {"cmap": "virdis"}, "did you mean viridis"),
        ([1, 2], {"cmap": 7}, "name of a colour map"),
    ],
)
def test_what_is_wrong_is_said(values: list[float], options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        colour_scale(np.array(values), **options)


def test_a_map_of_a_package_that_is_missing_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tribe_np.plots.colours.colour_maps.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="'fire' comes with colorcet: pip install colorcet"):
        colour_map("fire")
    with pytest.raises(ConfigError, match="'rocket_r' comes with seaborn"):
        colour_map("rocket_r")


@pytest.mark.parametrize("kind", [dict, lambda maps: SimpleNamespace(**maps)], ids=["colorcet", "seaborn"])
def test_a_map_of_another_package_is_found(kind: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.colors import ListedColormap

    package = ModuleType("colorcet")
    maps = {"fire": ListedColormap([[0, 0, 0], [1, 0, 0]], name="fire")}
    package.cm = kind(maps)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "colorcet", package)
    monkeypatch.setattr("tribe_np.plots.colours.colour_maps.find_spec", lambda name: name == "colorcet" or None)
    assert colour_map("fire").table[-1].tolist() == [1, 0, 0, 1]


def test_which_maps_have_a_middle() -> None:
    names = ["RdBu", "RdBu_r", "coolwarm", "PuOr_r", "seismic", "viridis", "inferno_r", "tab10"]
    assert [colour_map(name).is_diverging for name in names] == [True] * 5 + [False] * 3


def test_a_sequential_map_hides_no_negative_value() -> None:
    assert (colour_scale(NORMAL, cmap="inferno").table[:, 3] == 255).all()
    assert colour_scale(np.abs(NORMAL), cmap="inferno").table[0, 3] == 0
    assert colour_scale(NORMAL, cmap="inferno", fade=(0, 0.2)).table[0, 3] == 0
