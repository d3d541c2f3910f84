"""Linear and LayerNorm over a weight tree."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import normal, seeds, sizes
from tribe_np.backend import to_device, to_host
from tribe_np.errors import CheckpointError
from tribe_np.formats.weights import WeightTree
from tribe_np.nn.context import Context
from tribe_np.nn.layers import LayerNorm, Linear, RmsNorm


def tree(**arrays: np.ndarray) -> WeightTree:
    return WeightTree(arrays, origin="here", dtype=np.float64)


@given(seeds, sizes, sizes, st.lists(st.integers(0, 3), max_size=2), st.booleans())
def test_linear_is_x_times_the_transposed_weight(seed: int, n_in: int, n_out: int, lead: list[int], bias: bool) -> None:
    weight, offset, x = normal(seed, n_out, n_in), normal(seed, n_out), normal(seed, *lead, n_in)
    weights = tree(weight=weight, bias=offset) if bias else tree(weight=weight)
    layer = Linear.from_weights(weights, n_in, n_out, bias=bias)
    weights.finish({})
    found = layer(x)
    assert found.shape == (*lead, n_out)
    for index in np.ndindex(*lead):
        expected = np.array([sum(w * v for w, v in zip(row, x[index], strict=True)) for row in weight])
        np.testing.assert_allclose(found[index], expected + (offset if bias else 0), rtol=1e-12, atol=1e-12)


@given(seeds, st.integers(2, 6), st.integers(1, 5))
def test_a_choice_of_outputs_is_a_choice_of_rows(seed: int, n_out: int, kept: int) -> None:
    weight, x = normal(seed, n_out, 4), normal(seed, 3, 4)
    rows = np.sort(np.random.default_rng(seed).permutation(n_out)[:kept])
    whole, part = Linear(weight, None)(x), Linear(weight[rows], None)(x)
    np.testing.assert_allclose(part, whole[:, rows], rtol=1e-12, atol=1e-13)


@given(seeds, sizes)
def test_an_example_alone_equals_it_inside_a_batch(seed: int, batch: int) -> None:
    layer, x = Linear(normal(seed, 5, 4), normal(seed, 5)), normal(seed, batch, 3, 4)
    whole = layer(x)
    for b in range(batch):
        np.testing.assert_allclose(layer(x[b]), whole[b], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(layer(x[::-1]), whole[::-1], rtol=1e-12, atol=1e-13)


def test_linear_takes_exactly_its_weights() -> None:
    with pytest.raises(CheckpointError, match=r"weight bias is missing"):
        Linear.from_weights(tree(weight=np.ones((2, 3))), 3, 2, bias=True)
    with pytest.raises(CheckpointError, match=r"expected \(3, 2\)"):
        Linear.from_weights(tree(weight=np.ones((2, 3))), 2, 3, bias=False)


def test_layers_run_on_every_module(xp: Any) -> None:
    x, weight, bias = (normal(i, *s, dtype=np.float32) for i, s in enumerate([(2, 3, 4), (5, 4), (5,)]))
    linear = Linear(to_device(weight, xp), to_device(bias, xp))
    np.testing.assert_array_equal(to_host(linear(to_device(x, xp))), Linear(weight, bias)(x))
    norm = LayerNorm(to_device(weight[0], xp), to_device(weight[1], xp), 1e-5)
    expected = LayerNorm(weight[0], weight[1], 1e-5)(x, Context())
    np.testing.assert_array_equal(to_host(norm(to_device(x, xp), Context())), expected)


def test_layer_norm_with_and_without_bias() -> None:
    x, gain, bias = normal(0, 2, 4), normal(1, 4), normal(2, 4)
    whole = LayerNorm.from_weights(tree(weight=gain, bias=bias), 4, eps=1e-5)
    bare = LayerNorm.from_weights(tree(weight=gain), 4, eps=1e-5, bias=False)
    centred = x - x.mean(-1, keepdims=True)
    expected = centred / np.sqrt(np.mean(centred**2, -1, keepdims=True) + 1e-5) * gain
    np.testing.assert_allclose(bare(x, Context()), expected, rtol=1e-12)
    np.testing.assert_allclose(whole(x, Context()), expected + bias, rtol=1e-12, atol=1e-14)


def test_rms_norm_takes_its_gain() -> None:
    x, gain = normal(0, 2, 4), normal(1, 4)
    layer = RmsNorm.from_weights(tree(weight=gain), 4, eps=1e-5)
    expected = x / np.sqrt(np.mean(x**2, -1, keepdims=True) + 1e-5) * gain
    np.testing.assert_allclose(layer(x, Context()), expected, rtol=1e-12)
