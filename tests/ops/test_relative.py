"""Relative-key attention against the naive gather of an embedding per pair of steps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import numba_or_skip
from tribe_np.kernels import numba_set
from tribe_np.ops import attention
from tribe_np.ops.activation import softmax
from tribe_np.ops.attention import relative_attention, spread_distances

PLAIN = numba_set.loop_set("loops", lambda name, body: body)


def distances(n_queries: int, start: int, n_keys: int, left: int, right: int) -> np.ndarray:
    steps = start + np.arange(n_queries)[:, None]
    return np.clip(np.arange(n_keys)[None, :] - steps, -left, right) + left


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(0, 9), st.integers(0, 5), st.data())
def test_spread_distances_is_the_naive_gather(
    seed: int, n_keys: int, left: int, right: int, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, n_keys - 1))
    n_queries = data.draw(st.integers(1, n_keys - start))
    products = np.random.default_rng(seed).normal(size=(2, 3, n_queries, left + 1 + right))
    naive = np.take_along_axis(products, distances(n_queries, start, n_keys, left, right)[None, None], axis=-1)
    before = products.copy()
    assert np.array_equal(spread_distances(products, start, n_keys, left), naive)
    assert np.array_equal(products, before)


@given(st.integers(0, 2**32 - 1), st.integers(1, 25), st.integers(0, 6), st.integers(0, 4))
def test_attention_is_the_naive_one(seed: int, n_steps: int, left: int, right: int) -> None:
    rng = np.random.default_rng(seed)
    query, key, value = rng.normal(size=(3, 2, 2, n_steps, 4))
    embedding = rng.normal(size=(left + 1 + right, 4))
    pairs = embedding[distances(n_steps, 0, n_steps, left, right)]  # (S, S, H)
    bias = np.sum(query[..., None, :] * pairs, axis=-1)
    naive = softmax((query @ key.swapaxes(-1, -2) + bias) / 2.0) @ value
    for attend in (relative_attention, PLAIN.relative_attention):
        assert attend(query, key, value, embedding, scale=0.5, left_span=left) == pytest.approx(naive, abs=1e-12)


def test_blocks_of_queries_change_nothing(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    query, key, value = rng.normal(size=(3, 1, 2, 17, 4))
    embedding = rng.normal(size=(6, 4))
    whole = relative_attention(query, key, value, embedding, scale=0.5, left_span=3)
    monkeypatch.setattr(attention, "BLOCK_SCORES", 17 * 5)
    for attend in (relative_attention, PLAIN.relative_attention):
        found = attend(query, key, value, embedding, scale=0.5, left_span=3)
        assert found == pytest.approx(whole, abs=1e-13)


@pytest.mark.extras
def test_long_sound_in_float32_is_the_reference_to_rounding(rng: np.random.Generator) -> None:
    query, key, value = rng.normal(size=(3, 1, 3, 1500, 16)).astype(np.float32) * np.float32(1.5)
    embedding = rng.normal(size=(73, 16)).astype(np.float32)
    wide = (array.astype(np.float64) for array in (query, key, value, embedding))
    exact = relative_attention(*wide, scale=0.25, left_span=64)
    plain = relative_attention(query, key, value, embedding, scale=0.25, left_span=64)
    found = numba_or_skip().relative_attention(query, key, value, embedding, scale=0.25, left_span=64)
    assert np.sqrt(np.mean((found - exact) ** 2)) < 1.1 * np.sqrt(np.mean((plain - exact) ** 2))
