"""Adaptive pooling: bins, means, and the identity."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import normal, seeds
from tribe_np.backend import to_device, to_host
from tribe_np.errors import ShapeError
from tribe_np.ops.pool import adaptive_pool, pool_bins

COUNTS = st.integers(1, 40)


@given(COUNTS, COUNTS)
def test_bins_cover_every_step_and_partition_only_if_they_divide(n_steps: int, n_bins: int) -> None:
    bins = pool_bins(n_steps, n_bins)
    assert len(bins) == n_bins
    assert {step for a, b in bins for step in range(a, b)} == set(range(n_steps))
    assert all(b > a for a, b in bins)
    disjoint = all(left[1] == right[0] for left, right in pairwise(bins))
    assert disjoint == (n_steps % n_bins == 0)


def test_ten_steps_in_four_bins_overlap() -> None:
    assert pool_bins(10, 4) == [(0, 3), (2, 5), (5, 8), (7, 10)]


@given(seeds, COUNTS, COUNTS)
def test_means_of_the_bins(seed: int, n_steps: int, n_bins: int) -> None:
    x = normal(seed, 2, 3, n_steps)
    pooled = adaptive_pool(x, n_bins)
    assert pooled.shape == (2, 3, n_bins)
    expected = np.stack([x[..., a:b].mean(-1) for a, b in pool_bins(n_steps, n_bins)], -1)
    np.testing.assert_allclose(pooled, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(adaptive_pool(np.full(n_steps, 1.5), n_bins), 1.5, rtol=1e-15)


def test_as_many_bins_as_steps_is_the_identity(xp: Any) -> None:
    x = to_device(normal(0, 3, 7, dtype=np.float32), xp)
    np.testing.assert_array_equal(to_host(adaptive_pool(x, 7)), to_host(x))
    assert adaptive_pool(x, 4).dtype == np.float32


@pytest.mark.parametrize(("n_steps", "n_bins"), [(0, 3), (4, 0), (4, -1)])
def test_nothing_to_pool_or_no_bins(n_steps: int, n_bins: int) -> None:
    with pytest.raises(ShapeError, match="adaptive_pool"):
        adaptive_pool(np.ones((2, n_steps)), n_bins)


@pytest.mark.parametrize("n_bins", [2, 3, 6, 8])
@pytest.mark.parametrize("axis", [0, 1, -2])
def test_any_axis_is_pooled(n_bins: int, axis: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal((6, 6, 3))
    expected = np.moveaxis(adaptive_pool(np.moveaxis(x, axis, -1), n_bins), -1, axis)
    np.testing.assert_allclose(adaptive_pool(x, n_bins, axis=axis), expected, rtol=0, atol=1e-15)
