"""Values as bytes: within half a step, nothing where there is nothing, outliers cut off and counted."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.plots.pages.packing import NO_VALUE, blob, differences, pack_values, packed_indices


@given(st.integers(0, 2**32), st.floats(-50, 50), st.floats(1e-3, 1e3))
def test_values_come_back_within_half_a_step(seed: int, middle: float, spread: float) -> None:
    values = middle + spread * np.random.default_rng(seed).normal(size=(4, 200))
    values[1, 7] = np.nan
    packed = pack_values(values)
    read = packed.values()
    assert np.isnan(read[1, 7])
    assert np.isnan(read).sum() == 1
    inside = np.isfinite(values) & (values >= packed.low) & (values <= packed.high)
    assert np.abs(read - values)[inside].max() <= packed.step * 0.500001
    assert packed.n_below + packed.n_above <= (~inside).sum()


def test_zero_stays_zero_between_values_of_both_signs(rng: np.random.Generator) -> None:
    values = rng.normal(size=(3, 500))
    values[:, ::2] = 0
    assert np.abs(pack_values(values).values()[:, ::2]).max() < 1e-12


def test_all_values_are_kept_where_none_is_far_out(rng: np.random.Generator) -> None:
    packed = pack_values(rng.normal(size=(50, 1000)))
    assert (packed.n_below, packed.n_above) == (0, 0)
    assert packed.low <= packed.lowest
    assert packed.high >= packed.highest


def test_one_outlier_costs_no_resolution_and_is_counted(rng: np.random.Generator) -> None:
    values = rng.normal(size=(10, 1000))
    values[3, 4], values[5, 6] = 500, -400
    packed = pack_values(values)
    assert (packed.n_below, packed.n_above, packed.lowest, packed.highest) == (1, 1, -400, 500)
    assert packed.step < 0.1
    assert packed.values()[3, 4] == pytest.approx(packed.high)


def test_few_values_among_zeros_are_not_taken_for_outliers() -> None:
    values = np.zeros((1, 1000))
    values[0, :3] = [1, 2, 3]
    packed = pack_values(values)
    assert (packed.n_above, packed.highest) == (0, 3)
    np.testing.assert_allclose(packed.values()[0, :4], [1, 2, 3, 0], atol=packed.step)


@pytest.mark.parametrize("value", [0.0, 2.5, -1e-3])
def test_a_constant_map_comes_back_as_it_is(value: float) -> None:
    packed = pack_values(np.full((2, 9), value))
    np.testing.assert_array_equal(packed.values(), value)


def test_infinities_and_nothing_at_all_are_no_values() -> None:
    assert (pack_values(np.array([[np.inf, -np.inf, np.nan]])).indices == NO_VALUE).all()
    assert np.isnan(pack_values(np.array([[1.0, np.inf]])).values()[0, 1])


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int16, np.uint8])
def test_values_of_other_kinds_are_packed_alike(dtype: type) -> None:
    values = np.array([[0, 1, 2, 100]], dtype)
    packed = pack_values(values)
    np.testing.assert_allclose(packed.values(), values.astype(float), atol=packed.step)


def test_differences_are_undone_by_adding_up(rng: np.random.Generator) -> None:
    indices = rng.integers(0, 256, (7, 30)).astype(np.uint8)
    np.testing.assert_array_equal(np.cumsum(differences(indices), axis=0, dtype=np.uint8), indices)


def test_the_smaller_of_two_codings_is_taken(rng: np.random.Generator) -> None:
    still = np.repeat(rng.integers(0, 255, (1, 4000)).astype(np.uint8), 20, axis=0)
    assert packed_indices(still)[1]
    assert not packed_indices(rng.integers(0, 255, (20, 4000)).astype(np.uint8))[1]


def test_a_blob_has_no_date_and_one_byte_order() -> None:
    import base64

    content = base64.b64decode(blob(np.array([1, 258], ">u2")))
    assert content[4:8] == b"\0\0\0\0"
    assert gzip.decompress(content) == b"\x01\x00\x02\x01"
