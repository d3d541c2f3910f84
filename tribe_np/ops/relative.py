"""Attention with an embedding for each clipped distance between query and key (Shaw et al. 2018).

The distance term of a query is its product with one row of a small table. No (S, S, head_dim) tensor is gathered: the
products with all distances are taken once and laid out along the diagonals, block by block of queries.
"""

from tribe_np.backend import array_module
from tribe_np.ops.attention import Block, attention
from tribe_np.protocols import Array


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
    for block in Block.cover(N, B, S, S, causal=False):
        heads, steps = block.heads, block.steps
        part = query[:, heads, steps]
        bias = spread_distances((part @ embedding.T) * scale, steps.start, S, left_span)
        out[:, heads, steps] = attention(part, key[:, heads], value[:, heads], scale=scale, bias=bias)
    return out


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
