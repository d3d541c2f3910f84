"""Scaled dot-product attention, block by block, so that no S x S matrix of all heads is ever held.

`relative_attention` adds an embedding for each clipped distance between query and key (Shaw et al., 2018). The distance
term of a query is its product with one row of a small table. No (S, S, H) tensor is gathered: the products with all
distances are taken once and laid out along the diagonals.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tribe_np.backend import array_module
from tribe_np.errors import ShapeError
from tribe_np.ops.activation import softmax, softmax_vjp
from tribe_np.protocols import Array

BLOCK_SCORES = 2_000_000
"""Scores of a block: 8 MB in float32, inside a processor's last cache."""


def attention(
    query: Array, key: Array, value: Array, *, scale: float, bias: Array | None = None, causal: bool = False
) -> Array:
    """softmax(query . key * scale + bias) . value, with grouped key/value heads.

    Shapes   query (B, N, S, H), key (B, K, T, H), value (B, K, T, H), bias broadcastable to (B, N, S, T)
             -> (B, N, S, H); query head n reads key/value head n // (N / K); same dtype and module
    Numerics whole rows at a time: blocks change no sum. Causal: keys after the query (aligned at the end when
             T > S) are excluded
    Raises   ShapeError when N is not a multiple of K
    Source   torch 2.13.0 scaled_dot_product_attention; transformers 5.23.0 eager_attention_forward
    """
    xp = array_module(query, key, value, bias)
    (B, N, S, H), (K, T) = query.shape, key.shape[1:3]
    if N % K:
        raise ShapeError(f"attention: {N} query heads are not a multiple of {K} key/value heads")
    grouped, value = query.reshape(B, K, N // K, S, H), value[:, :, None]
    biases = None if bias is None else xp.broadcast_to(bias, (B, N, S, T)).reshape(B, K, N // K, S, T)
    out = xp.empty(grouped.shape, dtype=query.dtype)
    for block in ScoreBlock.cover(K, B * N // K, S, T, causal=causal):
        weights = block_weights(grouped, key, biases, block, scale=scale, causal=causal)
        out[:, block.heads, :, block.steps] = weights @ value[:, block.heads, :, block.keys]
    return out.reshape(B, N, S, H)


def attention_logits(
    query: Array, key: Array, *, scale: float, bias: Array | None = None, causal: bool = False
) -> Array:
    """query . key * scale + bias: what attention takes the softmax of, every pair at once.

    Shapes   query (B, N, S, H), key (B, K, T, H), bias broadcastable to (B, N, S, T) -> (B, N, S, T); -inf where causal
             excludes a key
    Source   torch 2.13.0 scaled_dot_product_attention; transformers 5.23.0 eager_attention_forward
    """
    xp = array_module(query, key, bias)
    (B, N, S, H), (K, T) = query.shape, key.shape[1:3]
    grouped = query.reshape(B, K, N // K, S, H)
    logits = (grouped @ key.transpose(0, 1, 3, 2)[:, :, None]).reshape(B, N, S, T) * scale
    if bias is not None:
        logits = logits + bias
    if causal:
        mask = causal_mask(xp, T - S, T, T, dtype=logits.dtype)
        logits = xp.where(mask < 0, mask, logits)
    return logits


def attention_vjp(
    query: Array, key: Array, value: Array, grad: Array, *,
    scale: float, bias: Array | None = None, causal: bool = False,
) -> tuple[Array, Array, Array, Array | None]:  # fmt: skip
    """The gradients of query, key, value and bias, from that of attention(query, key, value, bias).

    Shapes   query, grad (B, N, S, H), key, value (B, K, T, H), bias broadcastable to (B, N, S, T) -> each as its own
    Numerics the weights are computed again, block by block
    Source   torch 2.13.0 scaled_dot_product_attention, backward
    """
    xp = array_module(query, key, value, grad, bias)
    (B, N, S, H), (K, T) = query.shape, key.shape[1:3]
    by_head = (B, K, N // K, S)
    grouped, from_out = query.reshape(*by_head, H), grad.reshape(*by_head, H)
    biases = None if bias is None else xp.broadcast_to(bias, (B, N, S, T)).reshape(*by_head, T)
    for_bias: Array = None if bias is None else xp.zeros((*by_head, T), dtype=grad.dtype)
    found = xp.zeros_like(grouped), xp.zeros_like(key), xp.zeros_like(value), for_bias
    for block in ScoreBlock.cover(K, B * N // K, S, T, causal=causal):
        weights = block_weights(grouped, key, biases, block, scale=scale, causal=causal)
        _add_block(*found, block, weights, grouped, key, value, from_out, scale)
    for_query, for_key, for_value, _ = found
    for_bias = None if bias is None else _summed_to(for_bias.reshape(B, N, S, T), bias.shape)
    return for_query.reshape(query.shape), for_key, for_value, for_bias


def _add_block(
    out_query: Array, out_key: Array, out_value: Array, out_bias: Array | None, block: "ScoreBlock",
    weights: Array, query: Array, key: Array, value: Array, grad: Array, scale: float,
) -> None:  # fmt: skip
    """Adds one block's gradients; heads and steps as `block_weights` has them."""
    heads, steps, keys = block.heads, block.steps, block.keys
    scores, values = mix_vjp(weights, value[:, heads, None, keys], grad[:, heads, :, steps])
    queries, by_key = scores_vjp(query[:, heads, :, steps], key[:, heads, None, keys], scores, scale=scale)
    out_query[:, heads, :, steps] = queries
    out_key[:, heads, keys] += by_key.sum(axis=2)
    out_value[:, heads, keys] += values.sum(axis=2)
    if out_bias is not None:
        out_bias[:, heads, :, steps, keys] = scores


def mix_vjp(weights: Array, value: Array, grad: Array) -> tuple[Array, Array]:
    """The gradients of scores and value, from that of softmax(scores) @ value, whose weights are given.

    Shapes   weights (..., S, T), value (..., T, H), grad (..., S, H) -> (..., S, T), (..., T, H)
    Source   torch 2.13.0 scaled_dot_product_attention, backward
    """
    return softmax_vjp(weights, grad @ value.swapaxes(-1, -2)), weights.swapaxes(-1, -2) @ grad


def scores_vjp(query: Array, key: Array, grad: Array, *, scale: float) -> tuple[Array, Array]:
    """The gradients of query and key, from that of query @ key transposed * scale.

    Shapes   query (..., S, H), key (..., T, H), grad (..., S, T) -> (..., S, H), (..., T, H)
    Source   torch 2.13.0 scaled_dot_product_attention, backward
    """
    return (grad @ key) * scale, (grad.swapaxes(-1, -2) @ query) * scale


def block_weights(
    query: Array, key: Array, bias: Array | None, block: "ScoreBlock", *, scale: float, causal: bool
) -> Array:
    """The softmax of one block's scores.

    Shapes   query (B, K, N / K, S, H), key (B, K, T, H), bias (B, K, N / K, S, T)
             -> (B, heads, N / K, steps, keys) of the block
    Source   torch 2.13.0 scaled_dot_product_attention
    """
    xp = array_module(query, key, bias)
    heads, steps, keys, later = block.heads, block.steps, block.keys, key.shape[2] - query.shape[3]
    scores = (query[:, heads, :, steps] @ key.transpose(0, 1, 3, 2)[:, heads, None, :, keys]) * scale
    if bias is not None:
        scores = scores + bias[:, heads, :, steps, keys]
    if causal:
        mask = causal_mask(xp, steps.start + later, steps.stop + later, block.n_keys, dtype=scores.dtype)
        scores = xp.where(mask < 0, mask, scores)  # not added: an unseen score that is infinite changes nothing
    return softmax(scores)


def _summed_to(grad: Array, shape: tuple[int, ...]) -> Array:
    """The gradient of an array of that shape, from the gradient of what it was broadcast to."""
    widened = (1,) * (grad.ndim - len(shape)) + shape
    axes = tuple(i for i, n in enumerate(widened) if n == 1 and grad.shape[i] > 1)
    return (grad.sum(axis=axes, keepdims=True) if axes else grad).reshape(shape)


def relative_attention(
    query: Array, key: Array, value: Array, embedding: Array, *, scale: float, left_span: int
) -> Array:
    """softmax over keys of (query . key + query . embedding[clip(distance) + left_span]) * scale, times value.

    Shapes   query, key, value (B, N, S, H), embedding (left_span + 1 + right_span, H) -> (B, N, S, H)
    Numerics both terms are scaled; blocks of queries hold whole rows, so they change no sum
    Source   transformers 5.23.0 _apply_relative_key_position_encoding
    """
    xp = array_module(query, key, value, embedding)
    B, N, S, _ = query.shape
    out = xp.empty(query.shape, dtype=query.dtype)
    for block in ScoreBlock.cover(N, B, S, S, causal=False):
        heads, steps = block.heads, block.steps
        part = query[:, heads, steps]
        bias = spread_distances((part @ embedding.T) * scale, steps.start, S, left_span)
        out[:, heads, steps] = attention(part, key[:, heads], value[:, heads], scale=scale, bias=bias)
    return out


def relative_attention_vjp(
    query: Array, key: Array, value: Array, embedding: Array, grad: Array, *, scale: float, left_span: int
) -> tuple[Array, Array, Array, Array]:
    """The gradients of query, key, value and embedding, from that of relative_attention of them.

    Shapes   query, key, value, grad (B, N, S, H), embedding (n distances, H) -> each as its own
    Source   transformers 5.23.0 _apply_relative_key_position_encoding, backward
    """
    xp = array_module(query, key, value, embedding, grad)
    B, N, S, H = query.shape
    for_query, for_key, for_value, for_embedding = map(xp.zeros_like, (query, key, value, embedding))
    for block in ScoreBlock.cover(N, B, S, S, causal=False):
        heads, steps = block.heads, block.steps
        part = query[:, heads, steps]
        bias = spread_distances((part @ embedding.T) * scale, steps.start, S, left_span)
        found = attention_vjp(part, key[:, heads], value[:, heads], grad[:, heads, steps], scale=scale, bias=bias)
        products = spread_distances_vjp(found[3], steps.start, embedding.shape[0], left_span) * scale
        for_query[:, heads, steps] = found[0] + products @ embedding
        for_key[:, heads] += found[1]
        for_value[:, heads] += found[2]
        for_embedding += products.reshape(-1, products.shape[-1]).T @ part.reshape(-1, H)
    return for_query, for_key, for_value, for_embedding


def split_heads(x: Array, n_heads: int) -> Array:
    """Channels split into heads, the head axis moved before the tokens.

    Shapes   x (B, S, N * H) -> (B, N, S, H); the head is the slow index of the channels
    Source   transformers 5.23.0 LlamaAttention
    """
    B, S, D = x.shape
    return x.reshape(B, S, n_heads, D // n_heads).transpose(0, 2, 1, 3)


def merge_heads(x: Array) -> Array:
    """The inverse of split_heads.

    Shapes   x (B, N, S, H) -> (B, S, N * H)
    Source   transformers 5.23.0 LlamaAttention
    """
    B, N, S, H = x.shape
    return x.transpose(0, 2, 1, 3).reshape(B, S, N * H)


def causal_mask(xp: Any, start: int, stop: int, n_keys: int, *, dtype: Any) -> Array:
    """0 where the key is at or before the query, -inf after it, for query rows [start, stop).

    Shapes   -> (stop - start, n_keys)
    Source   torch 2.13.0 scaled_dot_product_attention(is_causal=True)
    """
    rows = xp.arange(start, stop)[:, None]
    columns = xp.arange(n_keys)[None, :]
    return xp.where(columns > rows, -xp.inf, 0.0).astype(dtype)


def spread_distances(products: Array, start: int, n_keys: int, left_span: int) -> Array:
    """Values per clipped distance laid out per key: out[i, r] = products[i, clip(r - start - i, -left, right) + left].

    Shapes   products (..., Q, left_span + 1 + right_span) of the queries from step `start` -> (..., Q, n_keys)
    Numerics copies only. Column r is kept at r + left_span of a wider row, so that every diagonal lies inside and is
             one slice of the flattened rows
    Source   transformers 5.23.0 _apply_relative_key_position_encoding
    """
    xp = array_module(products)
    *outer, n_queries, n_distances = products.shape
    width = n_keys + n_distances - 1
    steps = start + left_span + xp.arange(n_queries)[:, None]
    is_later = xp.arange(width)[None, :] > steps
    wide = xp.where(is_later, products[..., -1:], products[..., :1]).reshape(*outer, n_queries * width)
    for j in range(n_distances):
        wide[..., start + j :: width + 1] = products[..., j]
    return wide.reshape(*outer, n_queries, width)[..., left_span : left_span + n_keys]


def spread_distances_vjp(grad: Array, start: int, n_distances: int, left_span: int) -> Array:
    """The gradient of products, from that of spread_distances(products): the keys of each distance added up.

    Shapes   grad (..., Q, n_keys) of the queries from step `start` -> (..., Q, n_distances)
    Source   transformers 5.23.0 _apply_relative_key_position_encoding, backward
    """
    xp = array_module(grad)
    n_queries, n_keys = grad.shape[-2:]
    distances = xp.arange(n_keys)[None, :] - (start + xp.arange(n_queries)[:, None])
    clipped = xp.clip(distances, -left_span, n_distances - 1 - left_span) + left_span
    return xp.stack([xp.sum(grad * (clipped == j), axis=-1) for j in range(n_distances)], axis=-1)


@dataclass(frozen=True)
class ScoreBlock:
    """Some key/value heads, some query steps, and how many keys these can see."""

    heads: slice
    steps: slice
    n_keys: int

    @property
    def keys(self) -> slice:
        """Those keys."""
        return slice(0, self.n_keys)

    @classmethod
    def cover(
        cls, n_kv_heads: int, group: int, n_steps: int, n_keys: int, *, causal: bool, most: int | None = None
    ) -> "Iterator[ScoreBlock]":
        """All heads and steps in blocks of whole rows: many rows of few heads, since BLAS is slow on few rows.

        `group` queries share a key/value head and step. Causal blocks leave out the keys after their last step. A block
        has at most `most` scores, BLOCK_SCORES by default, or one row.
        """
        most = BLOCK_SCORES if most is None else min(most, BLOCK_SCORES)
        rows = max(1, min(n_steps, most // max(1, group * n_keys)))
        heads = max(1, most // max(1, group * rows * n_keys))
        for first in range(0, n_kv_heads, heads):
            for start in range(0, n_steps, rows):
                stop = min(start + rows, n_steps)
                n_seen = min(n_keys, max(1, stop + n_keys - n_steps)) if causal else n_keys
                yield cls(slice(first, min(first + heads, n_kv_heads)), slice(start, stop), n_seen)

    def n_scores(self, group: int) -> int:
        """Scores of the block where `group` queries share a key/value head and step."""
        n_heads: int = self.heads.stop - self.heads.start
        n_steps: int = self.steps.stop - self.steps.start
        return n_heads * group * n_steps * self.n_keys
