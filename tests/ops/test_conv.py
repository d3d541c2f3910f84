"""Depthwise convolution: the naive sum, impulses, and which steps it sees."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import normal, seeds, sizes
from tribe_np.backend import to_device, to_host
from tribe_np.errors import ShapeError
from tribe_np.ops.conv import depthwise, depthwise_causal

PADS = st.integers(0, 3)


@given(seeds, sizes, sizes, st.integers(1, 5), PADS, PADS)
def test_equals_the_naive_sum(seed: int, s: int, d: int, width: int, left: int, right: int) -> None:
    n_out = s + left + right - width + 1
    if n_out < 1:
        return
    x, weight = normal(seed, 2, s, d), normal(seed + 1, d, width)
    expected = np.zeros((2, n_out, d))
    for b, i, c, w in np.ndindex(2, n_out, d, width):
        if 0 <= i + w - left < s:
            expected[b, i, c] += weight[c, w] * x[b, i + w - left, c]
    np.testing.assert_allclose(depthwise(x, weight, pad_left=left, pad_right=right), expected, rtol=1e-12, atol=1e-13)


@given(seeds, sizes, st.integers(1, 5))
def test_an_impulse_returns_the_kernel(seed: int, d: int, width: int) -> None:
    weight = normal(seed, d, width)
    x = np.zeros((2 * width, d))
    x[width] = 1.0
    out = depthwise_causal(x, weight)
    np.testing.assert_array_equal(out[width : 2 * width], weight.T[::-1])
    np.testing.assert_array_equal(out[:width], 0)


@given(seeds, st.integers(2, 8), sizes, st.integers(1, 5), st.integers(1, 7))
def test_causal_ignores_the_future(seed: int, s: int, d: int, width: int, changed: int) -> None:
    changed = changed % s
    x, weight = normal(seed, s, d), normal(seed + 1, d, width)
    before = depthwise_causal(x, weight)
    later = x.copy()
    later[changed:] += 1.0
    np.testing.assert_array_equal(depthwise_causal(later, weight)[:changed], before[:changed])


def test_module_dtype_and_leading_axes(xp: Any) -> None:
    x, weight = normal(0, 2, 3, 7, 4, dtype=np.float32), normal(1, 4, 3, dtype=np.float32)
    out = depthwise_causal(to_device(x, xp), to_device(weight, xp))
    assert out.dtype == np.float32
    np.testing.assert_array_equal(to_host(out), depthwise_causal(x, weight))
    np.testing.assert_array_equal(to_host(out)[1, 2], depthwise_causal(x[1, 2], weight))


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="too short"):
        depthwise(np.ones((2, 3)), np.ones((3, 5)), pad_left=1, pad_right=0)
    with pytest.raises(ShapeError, match="channels"):
        depthwise_causal(np.ones((2, 3)), np.ones((1, 2)))
