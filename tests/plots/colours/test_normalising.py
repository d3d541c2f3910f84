"""Upstream's functions on values and colours, beside what upstream itself made (tools/reference/figures.py)."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.cortex.icospheres import numbers
from tools.places import GOLDEN
from tools.reference.figures import FADED, KEPT, MIXED, NORMALISED, signals
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots import robust_normalize, saturate_colors
from tribe_np.plots.colours.colour_maps import alpha_ramp

BITS = {"rtol": 0, "atol": 2e-15}  # sums of three products, which BLAS adds in an order of its own


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    """What upstream made."""
    return load_file(GOLDEN / "figures.safetensors")


@pytest.mark.parametrize("case", NORMALISED)
def test_normalised_values_are_upstreams_to_the_bit(golden: dict[str, np.ndarray], case: str) -> None:
    given = numbers(600, 3).reshape(20, 30)
    found = robust_normalize(given, **NORMALISED[case])
    assert found.dtype == golden[f"normalised.{case}"].dtype
    assert found.tobytes() == golden[f"normalised.{case}"].tobytes()


def test_a_nan_stays_alone_and_a_constant_is_zero() -> None:
    values = np.array([0.0, 1, 2, np.nan, 4])
    found = robust_normalize(values, percentile=100)
    np.testing.assert_array_equal(found, [0, 0.25, 0.5, np.nan, 1])
    assert robust_normalize(np.full(5, 3.0)).tolist() == [0] * 5


@pytest.mark.parametrize("factor", [0, 0.5, 1.7])
def test_saturated_colours_are_upstreams(golden: dict[str, np.ndarray], factor: float) -> None:
    colours = np.abs(numbers(90, 4)).reshape(30, 3) % 1
    np.testing.assert_allclose(saturate_colors(colours, factor), golden[f"saturated.{factor}"], **BITS)
    np.testing.assert_allclose(saturate_colors(colours[3], factor), golden[f"saturated.{factor}"][3], **BITS)


def test_colours_of_another_shape_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(4,\)"):
        saturate_colors([0, 0, 0, 1], 1)


@pytest.mark.parametrize("case", FADED)
def test_what_fades_is_upstreams_to_the_bit(golden: dict[str, np.ndarray], case: str) -> None:
    threshold, scale, symmetric = FADED[case]
    assert np.array_equal(alpha_ramp(1024, threshold, scale, symmetric=symmetric), golden[f"faded.{case}"])


def test_what_cannot_fade_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"within 0\.\.1"):
        alpha_ramp(256, 1.5, 0.2)


@pytest.mark.extras
@pytest.mark.parametrize("case", [*MIXED, "two"])
def test_mixed_colours_are_upstreams(golden: dict[str, np.ndarray], case: str) -> None:
    from tribe_np.plots.figures.rgb_maps import rgb_colours

    maps = np.stack(signals(2 if case == "two" else 3), axis=1)
    found = rgb_colours(maps, **MIXED.get(case, {}))[KEPT]
    theirs = golden[f"mixed.{case}"]
    np.testing.assert_allclose(found, np.clip(theirs, 0, 1), rtol=0, atol=1e-12)
    assert found.std() > 0.1
