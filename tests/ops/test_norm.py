"""Normalisations: what each ignores, where its eps goes, and which gain it takes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import normal, seeds, sizes
from tribe_np.backend import to_device, to_host
from tribe_np.errors import ShapeError
from tribe_np.ops import norm

WIDE = st.integers(2, 8)
SCALES = st.floats(0.1, 50)


@given(seeds, sizes, WIDE, SCALES, st.floats(-20, 20))
def test_layer_norm_ignores_shift_and_positive_scale(seed: int, rows: int, n: int, scale: float, shift: float) -> None:
    x, weight, bias = normal(seed, rows, n), normal(seed, n), normal(seed + 1, n)
    expected = norm.layer_norm(x, weight, bias, eps=0.0)
    np.testing.assert_allclose(
        norm.layer_norm(x * scale + shift, weight, bias, eps=0.0), expected, rtol=1e-6, atol=1e-8
    )


@given(seeds, sizes, WIDE, SCALES)
def test_rms_scale_and_length_norm_ignore_a_positive_scale_only(seed: int, rows: int, n: int, scale: float) -> None:
    x, gain = normal(seed, rows, n), normal(seed, n)
    for op in (
        lambda v: norm.rms_norm(v, gain, eps=0.0),
        lambda v: norm.scale_norm(v, gain[:1]),
        lambda v: norm.length_norm(v, gain),
        norm.unit_norm,
    ):
        expected = op(x)
        np.testing.assert_allclose(op(x * scale), expected, rtol=1e-11)
        assert not np.allclose(op(x + 10 * np.arange(1, n + 1)), expected)


@given(seeds, sizes, WIDE)
def test_moments_and_lengths(seed: int, rows: int, n: int) -> None:
    x = normal(seed, rows, n) * 3 + 1
    normed = norm.layer_norm(x, eps=0.0)
    np.testing.assert_allclose(normed.mean(-1), 0, atol=1e-11)
    np.testing.assert_allclose(normed.var(-1), 1, rtol=1e-10)
    np.testing.assert_allclose(np.mean(norm.rms_norm(x, np.ones(n), eps=0.0) ** 2, -1), 1, rtol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(norm.scale_norm(x, np.array([0.5])), axis=-1), 0.5 * n**0.5, rtol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(norm.unit_norm(x), axis=-1), 1, rtol=1e-12)


def test_where_each_eps_goes() -> None:
    x = np.array([[3.0, 1.0, -1.0, -3.0]])  # mean 0, mean square 5, length sqrt 20
    np.testing.assert_allclose(norm.layer_norm(x, eps=4.0), x / 3)
    np.testing.assert_allclose(norm.rms_norm(x, np.full(4, 2.0), eps=4.0), 2 * x / 3)
    np.testing.assert_allclose(norm.scale_norm(x, np.ones(1), eps=8.0), 2 * x / 8)
    np.testing.assert_allclose(norm.length_norm(x, np.arange(4.0), eps=8.0), 2 * x / 8 * np.arange(4))
    np.testing.assert_allclose(norm.scale_norm(x, np.ones(1), eps=1.0), 2 * x / 20**0.5)
    np.testing.assert_allclose(norm.unit_norm(x, eps=8.0), x / 8)


def test_a_zero_token_is_finite(xp: Any) -> None:
    zero, gain = to_device(np.zeros((2, 4), np.float32), xp), to_device(np.full(4, 3.0, np.float32), xp)
    assert (to_host(norm.rms_norm(zero, gain, eps=1e-5)) == 0).all()
    assert (to_host(norm.scale_norm(zero, gain[:1])) == 0).all()
    assert (to_host(norm.length_norm(zero, gain)) == 0).all()
    np.testing.assert_array_equal(to_host(norm.layer_norm(zero, gain, gain, eps=1e-5)), np.full((2, 4), 3.0))
    with np.errstate(invalid="ignore"):
        assert np.isnan(norm.unit_norm(np.zeros((1, 4)))).all()  # as upstream: eps 0


def test_dtype_is_kept_and_weights_are_optional(xp: Any) -> None:
    x, weight = normal(0, 3, 4, dtype=np.float32), normal(1, 4, dtype=np.float32)
    bare = norm.layer_norm(to_device(x, xp), eps=1e-5)
    assert bare.dtype == np.float32
    scaled = norm.layer_norm(to_device(x, xp), to_device(weight, xp), eps=1e-5)
    np.testing.assert_array_equal(to_host(scaled), to_host(bare) * weight)


def test_a_gain_of_the_wrong_shape_names_the_right_op() -> None:
    with pytest.raises(ShapeError, match="length_norm"):
        norm.scale_norm(np.ones((2, 3)), np.ones(3))
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        norm.length_norm(np.ones((2, 3)), np.ones(1))
