"""The encoder's parts alone: positions, smoothing, subject layers, selection, random weights."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.encoder.config import SubjectLayersConfig
from tribe_np.encoder.position import (
    alibi_bias,
    alibi_slopes,
    relative_bias,
    relative_buckets,
    xpos_tables,
)
from tribe_np.encoder.projector import TemporalSmoothing
from tribe_np.encoder.random import gaussian_kernel
from tribe_np.encoder.readout import SubjectLayers, selected_columns
from tribe_np.encoder.transformer import n_frequencies, rotary_dim
from tribe_np.errors import CheckpointError, ConfigError, ShapeError
from tribe_np.formats.weights import WeightTree
from tribe_np.nn.context import Context
from tribe_np.ops.rotary import rotate_half


def test_rotated_channels() -> None:
    assert [rotary_dim(d) for d in (32, 36, 64, 70, 144)] == [32, 32, 32, 35, 72]
    assert [n_frequencies(d) for d in (32, 36, 70, 144)] == [16, 16, 18, 36]


def test_buckets_of_near_and_far_keys() -> None:
    both = relative_buckets(300, causal=False)
    assert both[0, :9].tolist() == [0, 17, 18, 19, 20, 21, 22, 23, 24]
    assert both[8, 0] == 8
    assert both[299, 0] == 15
    assert both[0, 299] == 31
    causal = relative_buckets(300, causal=True)
    assert np.all(causal[np.triu_indices(300)] == 0)
    assert causal[15:18, 0].tolist() == [15, 16, 16]
    assert causal[299, 0] == 31


@given(st.integers(1, 40), st.booleans())
def test_relative_bias_depends_on_the_distance_only(n: int, causal: bool) -> None:
    table = np.random.default_rng(n).standard_normal((32, 3))
    bias = relative_bias(table, n, Context(), causal=causal, head_dim=16)
    assert bias.shape == (3, n, n)
    np.testing.assert_array_equal(bias[:, 1:, 1:], bias[:, :-1, :-1])
    np.testing.assert_allclose(bias[:, 0, 0], table[0] * 4)


def test_alibi() -> None:
    assert alibi_slopes(8) == [2.0**-k for k in range(1, 9)]
    assert alibi_slopes(3) == pytest.approx([2**-4, 2**-8, 2**-2])
    assert len(alibi_slopes(12)) == 12
    bias = alibi_bias(np.zeros(1, np.float32), 2, 4, Context())
    assert bias.dtype == np.float32
    assert bias[0, 0].tolist() == [0, -(2**-4), -(2**-3), -3 * 2**-4]
    np.testing.assert_array_equal(bias, bias.transpose(0, 2, 1))


def test_xpos_keeps_products_at_equal_positions_and_shrinks_far_ones(rng: np.random.Generator) -> None:
    inv_freq = 1 / 10000 ** (np.arange(0, 32, 2) / 32)
    scale = (np.arange(0, 32, 2) + 0.4 * 32) / (1.4 * 32)
    (q_cos, q_sin), (k_cos, k_sin) = xpos_tables(inv_freq, scale, 9, Context())
    x = rng.standard_normal((9, 36))
    query, key = rotate_half(x, q_cos, q_sin), rotate_half(x, k_cos, k_sin)
    np.testing.assert_allclose(np.sum(query * key, -1), np.sum(x * x, -1))
    lengths = np.hypot(q_cos, q_sin)
    np.testing.assert_allclose(lengths[4], 1)
    assert np.all(lengths[5:] < lengths[4:-1])


@pytest.mark.parametrize(
    ("size", "expected"),
    [(5, [0.0544887, 0.2442014, 0.40262, 0.2442014, 0.0544887]), (4, [0.0576288, 0.2582744, 0.4258225, 0.2582744])],
)
def test_gaussian_kernels(size: int, expected: list[float]) -> None:
    kernel = gaussian_kernel(size, 1.0)
    assert kernel.dtype == np.float32
    np.testing.assert_allclose(kernel, expected, atol=5e-8)


@pytest.mark.parametrize(("size", "n_out"), [(1, 6), (3, 6), (4, 7)])
def test_smoothing_is_a_padded_cross_correlation(size: int, n_out: int, rng: np.random.Generator) -> None:
    weight, x = rng.standard_normal((2, size)), rng.standard_normal((1, 6, 2))
    y = TemporalSmoothing(weight)(x)
    assert y.shape == (1, n_out, 2)
    for channel in range(2):
        padded = np.pad(x[0, :, channel], size // 2)
        np.testing.assert_allclose(y[0, :, channel], np.correlate(padded, weight[channel], "valid"))


def subjects(rows: int, **config: Any) -> SubjectLayers:
    rng = np.random.default_rng(rows)
    weights = WeightTree(
        {"weights": rng.standard_normal((rows, 3, 4)), "bias": rng.standard_normal((rows, 4))},
        origin="test", dtype=np.float64,
    )  # fmt: skip
    return SubjectLayers.from_weights(weights, SubjectLayersConfig(**config), 3, 4)


def test_rows_decide_what_subject_layers_can_do(rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 5, 3))
    layers = subjects(3, n_subjects=99, subject_dropout=0.1)
    assert layers.bias is not None
    expected = [x[b] @ layers.weights[row] + layers.bias[row] for b, row in enumerate((1, 0))]
    np.testing.assert_allclose(layers(x, np.array([[1], [0]])), expected)
    np.testing.assert_array_equal(layers(x, None), layers(x, [2, 2]))
    one = subjects(1, n_subjects=25, subject_dropout=0.1)
    np.testing.assert_array_equal(one(x, None), one(x, np.array([0, 0])))


@pytest.mark.parametrize("dropout", [None, 0.0])
def test_no_average_row_without_subject_dropout(dropout: float | None, rng: np.random.Generator) -> None:
    layers = subjects(3, subject_dropout=dropout)
    with pytest.raises(ConfigError, match=r"no average subject .* one integer below 3"):
        layers(rng.standard_normal((2, 5, 3)), None)


def test_average_mode_ignores_ids_as_upstream(rng: np.random.Generator) -> None:
    layers, x = subjects(3, subject_dropout=0.1, average_subjects=True), rng.standard_normal((2, 5, 3))
    np.testing.assert_array_equal(layers(x, np.array([0, 1])), layers(x, None))


def test_averaging_equal_rows_gives_that_row(rng: np.random.Generator) -> None:
    layers, x = subjects(1, subject_dropout=0.1), rng.standard_normal((2, 5, 3))
    repeated = SubjectLayers(np.repeat(layers.weights, 4, 0), np.repeat(layers.bias, 4, 0), True, False)
    np.testing.assert_array_equal(repeated(x, None), layers(x, None))
    np.testing.assert_allclose(repeated(x, [1, 3]), layers(x, None))


@pytest.mark.parametrize(
    ("index", "message"),
    [([0], "must be 2 integers"), ([0.0, 1.0], "must be 2 integers"), ([0, 3], r"in 0\.\.2"), ([-1, 0], r"in 0\.\.2")],
)
def test_bad_subject_index(index: list[Any], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        subjects(3)(np.zeros((2, 5, 3)), np.array(index))


@pytest.mark.parametrize("shape", [(0, 3, 4), (3, 4)])
def test_malformed_subject_weights(shape: tuple[int, ...]) -> None:
    tree = WeightTree({"weights": np.zeros(shape)}, origin="test")
    with pytest.raises(CheckpointError, match=r"rows, 3, 4"):
        SubjectLayers.from_weights(tree, SubjectLayersConfig(bias=False), 3, 4)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (None, None), ({}, None), ({"vertices": None}, None), ([4, 1, 4], [1, 4]), ({"vertices": (3,)}, [3]),
        (np.array([True, False, False, False, True]), [0, 4]), (range(2), [0, 1]), (np.array([2], np.uint8), [2]),
    ],
)  # fmt: skip
def test_selections(selection: Any, expected: list[int] | None) -> None:
    columns = selected_columns(selection, 5)
    assert (None if columns is None else columns.tolist()) == expected


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ([], "empty"), (np.zeros(5, bool), "empty"), ([5], r"0\.\.4, got 5\.\.5"), ([-1], r"0\.\.4"),
        ([True, False], r"shape \(5,\)"), ([0.5], "got float64"), ([[1]], "shape"), ([[1], [1, 2]], "selection must"),
        ("V1", "got <U2"), ({"roi": ["V1"]}, "takes vertices, not roi"),
    ],
)  # fmt: skip
def test_bad_selections(selection: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        selected_columns(selection, 5)
