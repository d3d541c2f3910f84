"""Relative-key attention against the naive gather of an embedding per pair of steps."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.wav2vec_bert import relative
from extractors.wav2vec_bert.relative import relative_attention, spread_distances
from tribe_np.kernels.record import REFERENCE
from tribe_np.nn.context import Context
from tribe_np.ops.activation import softmax


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
    assert relative_attention(query, key, value, embedding, left, Context()) == pytest.approx(naive, abs=1e-12)


def test_blocks_of_queries_change_nothing(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    query, key, value = rng.normal(size=(3, 1, 2, 17, 4))
    embedding = rng.normal(size=(6, 4))
    whole = relative_attention(query, key, value, embedding, 3, Context())
    monkeypatch.setattr(relative, "BLOCK_SCORES", 2 * 17 * 5)
    assert relative_attention(query, key, value, embedding, 3, Context()) == pytest.approx(whole, abs=1e-13)


def test_the_attention_kernel_is_used(rng: np.random.Generator) -> None:
    calls = []

    def attention(*args: object, **options: object) -> object:
        calls.append(options["bias"].shape)  # type: ignore[attr-defined]
        return REFERENCE.attention(*args, **options)

    query, key, value = rng.normal(size=(3, 1, 2, 7, 4))
    context = Context(kernels=replace(REFERENCE, attention=attention))
    relative_attention(query, key, value, rng.normal(size=(6, 4)), 3, context)
    assert calls == [(1, 2, 7, 7)]
