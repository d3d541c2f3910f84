"""Rotary embedding: rotations, of pairs half a head apart, by angles that depend on the position."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import normal, seeds, sizes
from tribe_np.backend import to_device, to_host
from tribe_np.ops.rotary import rotary_tables, rotate_half


def frequencies(n_pairs: int, theta: float = 10000.0) -> np.ndarray:
    return theta ** -(np.arange(n_pairs) / n_pairs)


@given(seeds, sizes, st.integers(1, 4), st.integers(0, 3))
def test_pairs_keep_their_length_and_the_rest_passes(seed: int, n: int, n_pairs: int, n_rest: int) -> None:
    x = normal(seed, 2, n, 2 * n_pairs + n_rest)
    turned = rotate_half(x, *rotary_tables(frequencies(n_pairs), n))
    for j in range(n_pairs):
        length = np.hypot(x[..., j], x[..., j + n_pairs])
        np.testing.assert_allclose(np.hypot(turned[..., j], turned[..., j + n_pairs]), length, rtol=1e-12)
    np.testing.assert_array_equal(turned[..., 2 * n_pairs :], x[..., 2 * n_pairs :])
    np.testing.assert_array_equal(turned[:, 0], x[:, 0])  # position 0 is the identity


@given(seeds, st.integers(1, 4), st.integers(0, 20), st.integers(0, 20), st.integers(1, 30))
def test_products_depend_on_the_distance_only(seed: int, n_pairs: int, i: int, j: int, shift: int) -> None:
    query, key = normal(seed, 1, 2 * n_pairs), normal(seed + 1, 1, 2 * n_pairs)

    def product(a: int, b: int) -> float:
        at = [rotary_tables(frequencies(n_pairs), 1, start=float(p)) for p in (a, b)]
        return float(np.sum(rotate_half(query, *at[0]) * rotate_half(key, *at[1])))

    np.testing.assert_allclose(product(i + shift, j + shift), product(i, j), rtol=1e-9, atol=1e-10)


def test_a_turn_by_hand() -> None:
    x = np.array([[1.0, 0.0, 0.0, 2.0]])  # pairs (0, 2) and (1, 3)
    cos, sin = rotary_tables(np.array([np.pi / 2, np.pi]), 1, start=1.0)
    np.testing.assert_allclose(rotate_half(x, cos, sin), [[0.0, 0.0, 1.0, -2.0]], atol=1e-15)


def test_start_continues_the_table_and_theta_changes_it() -> None:
    whole = rotary_tables(frequencies(4), 9)
    for table, part in zip(whole, rotary_tables(frequencies(4), 4, start=5.0), strict=True):
        np.testing.assert_array_equal(part, table[5:])
    other = rotary_tables(frequencies(4, theta=500000.0), 9)
    assert not np.array_equal(other[0], whole[0])
    assert not np.array_equal(other[1], whole[1])


def test_dtype_and_module(xp: Any) -> None:
    narrow = frequencies(3).astype(np.float32)
    cos, sin = rotary_tables(to_device(narrow, xp), 5, start=2.0)
    assert cos.dtype == sin.dtype == np.float32
    assert cos.shape == sin.shape == (5, 6)
    angles = (np.arange(5, dtype=np.float32) + np.float32(2))[:, None] * narrow
    np.testing.assert_array_equal(to_host(cos)[:, 3:], to_host(cos)[:, :3])
    np.testing.assert_allclose(to_host(cos)[:, :3], np.cos(angles), rtol=0, atol=1e-7)
    wide, _ = rotary_tables(to_device(narrow, xp), 5, dtype=np.float64)
    assert wide.dtype == np.float64  # the stored frequencies widened exactly
    np.testing.assert_array_equal(to_host(wide)[1, :3], np.cos(narrow.astype(np.float64)))
    x = normal(0, 2, 5, 6, dtype=np.float32)
    np.testing.assert_array_equal(
        to_host(rotate_half(to_device(x, xp), cos, sin)), rotate_half(x, to_host(cos), to_host(sin))
    )
