"""Attention against the naive loop, and what it must not depend on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import normal, seeds, sizes
from tribe_np.errors import ShapeError
from tribe_np.kernels.kernel_set import REFERENCE
from tribe_np.ops.attention import attention, causal_mask, merge_heads, split_heads

HEADS = st.sampled_from([(1, 1), (2, 2), (4, 2), (6, 3), (3, 1)])


def naive(query: np.ndarray, key: np.ndarray, value: np.ndarray, scale: float, allowed: np.ndarray) -> np.ndarray:
    """One query at a time, in the plainest words; `allowed` (S, T) says which keys a query may see."""
    out = np.zeros((*query.shape[:3], value.shape[-1]))
    group = query.shape[1] // key.shape[1]
    for b, n, s in np.ndindex(query.shape[:3]):
        seen = np.flatnonzero(allowed[s])
        weights = np.exp(np.array([query[b, n, s] @ key[b, n // group, t] for t in seen]) * scale)
        out[b, n, s] = sum(w * value[b, n // group, t] for w, t in zip(weights / weights.sum(), seen, strict=True))
    return out


def arrays(seed: int, heads: tuple[int, int], s: int, t: int, h: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n, k = heads
    return normal(seed, 2, n, s, h), normal(seed, 2, k, t, h), normal(seed + 1, 2, k, t, h)


@given(seeds, HEADS, sizes, sizes, st.booleans())
def test_equals_the_naive_loop(seed: int, heads: tuple[int, int], s: int, more: int, causal: bool) -> None:
    t = s + more - 1
    query, key, value = arrays(seed, heads, s, t)
    allowed = np.arange(t)[None] <= np.arange(s)[:, None] + t - s if causal else np.ones((s, t), bool)
    found = attention(query, key, value, scale=0.7, causal=causal)
    np.testing.assert_allclose(found, naive(query, key, value, 0.7, allowed), rtol=1e-10, atol=1e-12)
    as_bias = np.where(allowed, 0.0, -np.inf)
    np.testing.assert_allclose(attention(query, key, value, scale=0.7, bias=as_bias), found, rtol=1e-12, atol=1e-14)


@given(seeds, HEADS, sizes, sizes)
def test_order_of_queries_and_of_keys(seed: int, heads: tuple[int, int], s: int, t: int) -> None:
    query, key, value = arrays(seed, heads, s, t)
    out = attention(query, key, value, scale=0.5)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(s), rng.permutation(t)
    np.testing.assert_allclose(
        attention(query[:, :, rows], key, value, scale=0.5), out[:, :, rows], rtol=1e-11, atol=1e-13
    )
    moved = attention(query, key[:, :, columns], value[:, :, columns], scale=0.5)
    np.testing.assert_allclose(moved, out, rtol=1e-11, atol=1e-13)


@given(seeds, HEADS, sizes, sizes)
def test_output_stays_in_the_range_of_the_values(seed: int, heads: tuple[int, int], s: int, t: int) -> None:
    query, key, value = arrays(seed, heads, s, t)
    out = attention(query * 10, key, value, scale=1.0)
    per_head = np.repeat(value, heads[0] // heads[1], axis=1)
    assert (out <= per_head.max(2, keepdims=True) + 1e-12).all()
    assert (out >= per_head.min(2, keepdims=True) - 1e-12).all()


@given(seeds, HEADS, st.integers(2, 8), st.integers(0, 7))
def test_causal_outputs_do_not_know_later_tokens(seed: int, heads: tuple[int, int], s: int, changed: int) -> None:
    changed %= s
    query, key, value = arrays(seed, heads, s, s)
    before = attention(query, key, value, scale=0.5, causal=True)
    for array in (query, key, value):
        array[:, :, changed:] += 1.0
    after = attention(query, key, value, scale=0.5, causal=True)
    np.testing.assert_array_equal(after[:, :, :changed], before[:, :, :changed])
    assert not np.array_equal(after[:, :, changed:], before[:, :, changed:])


@given(seeds, HEADS, sizes, sizes)
def test_masked_right_padding_changes_nothing(seed: int, heads: tuple[int, int], s: int, n_padding: int) -> None:
    query, key, value = arrays(seed, heads, s, s + n_padding)
    bias = np.where(np.arange(s + n_padding) < s, 0.0, -np.inf)[None, None, None]
    padded = attention(query, key, value, scale=0.5, bias=bias)
    alone = attention(query, key[:, :, :s], value[:, :, :s], scale=0.5)
    np.testing.assert_allclose(padded, alone, rtol=1e-11, atol=1e-13)


@given(seeds, st.sampled_from([(4, 2), (6, 3), (3, 1), (2, 2)]), sizes)
def test_grouped_heads_equal_repeated_heads(seed: int, heads: tuple[int, int], s: int) -> None:
    query, key, value = arrays(seed, heads, s, s)
    repeat = heads[0] // heads[1]
    by_hand = attention(query, np.repeat(key, repeat, 1), np.repeat(value, repeat, 1), scale=0.5, causal=True)
    np.testing.assert_allclose(attention(query, key, value, scale=0.5, causal=True), by_hand, rtol=1e-12, atol=1e-14)
    each = [
        attention(query[:, n : n + 1], key[:, [n // repeat]], value[:, [n // repeat]], scale=0.5, causal=True)
        for n in range(heads[0])
    ]
    np.testing.assert_allclose(np.concatenate(each, 1), by_hand, rtol=1e-12, atol=1e-14)


@given(seeds, sizes)
def test_an_example_alone_equals_it_inside_a_batch_in_any_order(seed: int, s: int) -> None:
    query, key, value = arrays(seed, (4, 2), s, s)
    out = attention(query, key, value, scale=0.5)
    for b in range(2):
        alone = attention(query[b : b + 1], key[b : b + 1], value[b : b + 1], scale=0.5)
        np.testing.assert_allclose(alone, out[b : b + 1], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        attention(query[::-1], key[::-1], value[::-1], scale=0.5), out[::-1], rtol=1e-12, atol=1e-14
    )


def test_bias_reads_per_batch_head_row_and_key() -> None:
    query, key, value = arrays(3, (2, 1), 3, 3)
    whole = normal(4, 2, 2, 3, 3)
    out = attention(query, key, value, scale=0.5, bias=whole)
    for b, n in np.ndindex(2, 2):
        one = attention(query[b : b + 1, n : n + 1], key[b : b + 1], value[b : b + 1], scale=0.5, bias=whole[b, n])
        np.testing.assert_allclose(one[0, 0], out[b, n], rtol=1e-12)


def test_heads_that_do_not_divide() -> None:
    with pytest.raises(ShapeError, match="3 query heads are not a multiple of 2"):
        attention(np.ones((1, 3, 2, 4)), np.ones((1, 2, 2, 4)), np.ones((1, 2, 2, 4)), scale=1.0)


def test_nothing_in_is_nothing_out() -> None:
    for batch, rows in ((0, 3), (2, 0)):
        query, key = np.ones((batch, 2, rows, 4)), np.ones((batch, 2, rows, 4))
        assert attention(query, key, key, scale=1.0).shape == (batch, 2, rows, 4)


def test_mask_rows_are_a_window_of_the_whole_mask() -> None:
    whole = causal_mask(np, 0, 5, 5, dtype=np.float32)
    assert whole.dtype == np.float32
    np.testing.assert_array_equal(whole == 0, np.tril(np.ones((5, 5), bool)))
    np.testing.assert_array_equal(causal_mask(np, 2, 4, 5, dtype=np.float32), whole[2:4])


@given(seeds, sizes, sizes, st.integers(1, 4))
def test_heads_split_and_merge(seed: int, s: int, n: int, h: int) -> None:
    x = normal(seed, 2, s, n * h)
    heads = split_heads(x, n)
    assert heads.shape == (2, n, s, h)
    np.testing.assert_array_equal(heads[:, n - 1], x[:, :, (n - 1) * h :])
    np.testing.assert_array_equal(merge_heads(heads), x)


def test_reference_record_points_at_this_op() -> None:
    assert REFERENCE.attention is attention
