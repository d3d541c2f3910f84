"""Activations against closed forms, and the properties of the softmax."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from tests.strategies import normal, seeds, sizes
from tribe_np.backend import to_device, to_host
from tribe_np.ops import activation
from tribe_np.protocols import Array

GRID = np.linspace(-9, 9, 181)
SLOPE = np.array([0.25])
CLOSED = {
    "gelu": (activation.gelu, lambda v: v * 0.5 * math.erfc(-v / math.sqrt(2))),
    "sigmoid": (activation.sigmoid, lambda v: 1 / (1 + math.exp(-v))),
    "silu": (activation.silu, lambda v: v / (1 + math.exp(-v))),
    "relu": (activation.relu, lambda v: max(v, 0.0)),
    "elu": (activation.elu, lambda v: v if v > 0 else math.expm1(v)),
    "silu_gate": (lambda x: activation.silu_gate(x, x), lambda v: v * v / (1 + math.exp(-v))),
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_form_in_float64_and_dtype_kept_in_float32(name: str, xp: Any) -> None:
    op, closed = CLOSED[name]
    expected = np.array([closed(v) for v in GRID.tolist()])
    np.testing.assert_allclose(to_host(op(to_device(GRID, xp))), expected, rtol=1e-13, atol=2e-15)
    narrow = op(to_device(GRID.astype(np.float32), xp))
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(to_host(narrow), expected, rtol=1e-5, atol=3e-7)


def test_gelu_is_the_exact_form_and_not_the_tanh_one() -> None:
    assert activation.gelu(np.array([1.0]))[0] == pytest.approx(0.8413447460685429, abs=1e-15)  # tanh gives 0.841192


def test_sigmoid_does_not_overflow() -> None:
    x = np.array([-1e4, -800.0, 0.0, 800.0, 1e4])
    np.testing.assert_array_equal(activation.sigmoid(x), [0.0, 0.0, 0.5, 1.0, 1.0])
    np.testing.assert_array_equal(activation.silu(x)[[0, 4]], [0.0, 1e4])


def test_prelu_has_one_learned_slope(xp: Any) -> None:
    found = activation.prelu(to_device(GRID, xp), to_device(SLOPE, xp))
    np.testing.assert_array_equal(to_host(found), np.where(GRID > 0, GRID, 0.25 * GRID))


def test_elu_takes_no_exponential_of_large_numbers() -> None:
    np.testing.assert_array_equal(activation.elu(np.array([1e4, -1e4])), [1e4, -1.0])


@given(seeds, sizes, sizes)
def test_softmax_rows_sum_to_one_and_ignore_a_shift(seed: int, n_rows: int, n: int) -> None:
    x = normal(seed, n_rows, n, scale=5)
    weights = activation.softmax(x)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-14)
    np.testing.assert_allclose(activation.softmax(x + 37.5), weights, rtol=1e-12)
    e = np.exp(x)
    np.testing.assert_allclose(weights, e / e.sum(-1, keepdims=True), rtol=1e-12)


def test_softmax_is_finite_at_large_scores_and_zero_under_a_mask(xp: Any) -> None:
    x = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -np.inf], [1.0, -np.inf, -np.inf]], np.float32)
    found: Array = to_host(activation.softmax(to_device(x, xp)))
    np.testing.assert_array_equal(found, np.array([[1, 0, 0], [0.5, 0.5, 0], [1, 0, 0]], np.float32))
