"""Scaled dot-product attention, blocked over query rows so that no S x S matrix of all heads is ever held."""

from typing import Any

from tribe_np.backend import array_module
from tribe_np.errors import ShapeError
from tribe_np.ops.activation import softmax
from tribe_np.protocols import Array

BLOCK_SCORES = 4_000_000  # scores per query block: 16 MB in float32, stays near the cache


def attention(
    query: Array, key: Array, value: Array, *, scale: float, bias: Array | None = None, causal: bool = False
) -> Array:
    """softmax(query . key * scale + bias) . value, with grouped key/value heads.

    Shapes   query (B, N, S, H), key (B, K, T, H), value (B, K, T, H), bias broadcastable to (B, N, S, T)
             -> (B, N, S, H); query head n reads key/value head n // (N / K); same dtype and module
    Numerics whole rows at a time: blocks over queries change no sum. Causal: keys after the query (aligned at the
             end when T > S) are excluded
    Raises   ShapeError when N is no multiple of K
    Source   torch 2.13.0 scaled_dot_product_attention; transformers 5.23.0 eager_attention_forward
    """
    xp = array_module(query, key, value, bias)
    B, N, S, H = query.shape
    K, T = key.shape[1], key.shape[2]
    if N % K:
        raise ShapeError(f"attention: {N} query heads are no multiple of {K} key/value heads")
    grouped = query.reshape(B, K, N // K, S, H)
    key_t = key.transpose(0, 1, 3, 2)[:, :, None]
    value = value[:, :, None]
    out = xp.empty((B, K, N // K, S, H), dtype=query.dtype)
    rows = max(1, BLOCK_SCORES // max(1, B * N * T))
    for start in range(0, S, rows):
        stop = min(start + rows, S)
        scores = (grouped[:, :, :, start:stop] @ key_t) * scale
        if bias is not None:
            scores = scores + _bias_rows(bias, start, stop, (B, N, S, T)).reshape(B, K, N // K, stop - start, T)
        if causal:
            scores = scores + causal_mask(xp, start + T - S, stop + T - S, T, dtype=scores.dtype)
        out[:, :, :, start:stop] = softmax(scores) @ value
    return out.reshape(B, N, S, H)


def causal_mask(xp: Any, start: int, stop: int, n_keys: int, *, dtype: Any) -> Array:
    """0 where the key is at or before the query, -inf after it, for query rows [start, stop).

    Shapes   -> (stop - start, n_keys)
    Source   torch 2.13.0 scaled_dot_product_attention(is_causal=True)
    """
    rows = xp.arange(start, stop)[:, None]
    columns = xp.arange(n_keys)[None, :]
    return xp.where(columns > rows, -xp.inf, 0.0).astype(dtype)


def _bias_rows(bias: Array, start: int, stop: int, shape: tuple[int, ...]) -> Array:
    xp = array_module(bias)
    whole = xp.broadcast_to(bias, shape)
    return whole[:, :, start:stop]


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
