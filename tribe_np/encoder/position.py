"""Positions that the released model does not use: xpos, T5's bucketed bias, ALiBi's slopes."""

import math

import numpy as np

from tribe_np.backend import array_module, to_device
from tribe_np.nn.context import Context
from tribe_np.ops.rotary import rotary_tables
from tribe_np.protocols import Array

N_BUCKETS = 32
MAX_DISTANCE = 128
XPOS_SCALE_BASE = 512


def xpos_tables(
    inv_freq: Array, scale: Array, n_positions: int, ctx: Context
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Rotary tables of the queries and of the keys, whose lengths xpos grows and shrinks with the position.

    Shapes   inv_freq (R/2,), scale (R/2,) -> ((cos, sin), (cos, sin)), each (S, R)
    Numerics scale to the power (position - S // 2) / 512, its inverse for the keys
    Source   x-transformers 1.27.20 RotaryEmbedding(use_xpos=True), Attention.forward
    """
    xp, see = array_module(inv_freq, scale), ctx.see_table
    scale = see("scale", scale)
    cos, sin = rotary_tables(inv_freq, n_positions)
    power = (xp.arange(n_positions, dtype=scale.dtype) - n_positions // 2) / XPOS_SCALE_BASE
    lengths = scale[None, :] ** power[:, None]
    lengths = xp.concatenate([lengths, lengths], axis=-1)
    query = see("query_cos", cos * lengths), see("query_sin", sin * lengths)
    return query, (see("key_cos", cos / lengths), see("key_sin", sin / lengths))


def relative_buckets(n_positions: int, *, causal: bool) -> np.ndarray:
    """Bucket of each (query, key) distance: exact for near keys, logarithmic up to 128, then all in the last.

    Shapes   -> (S, S) int64, on the host: whole numbers that every device must agree on
    Numerics the logarithm in float32, then truncated, as upstream does
    Source   x-transformers 1.27.20 RelativePositionBias._relative_position_bucket
    """
    positions = np.arange(n_positions)
    behind = positions[:, None] - positions[None, :]
    n_buckets = N_BUCKETS if causal else N_BUCKETS // 2
    ahead = 0 if causal else np.where(behind < 0, n_buckets, 0)
    distance = np.maximum(behind, 0) if causal else np.abs(behind)
    n_exact = n_buckets // 2
    ratio = np.maximum(distance, 1).astype(np.float32) / np.float32(n_exact)
    fraction = np.log(ratio) / np.float32(math.log(MAX_DISTANCE / n_exact))
    far = n_exact + (fraction * np.float32(n_buckets - n_exact)).astype(np.int64)
    return np.asarray(ahead + np.where(distance < n_exact, distance, np.minimum(far, n_buckets - 1)))


def relative_bias(table: Array, n_positions: int, ctx: Context, *, causal: bool, head_dim: int) -> Array:
    """T5's bias of each (query, key) pair, one table for all layers.

    Shapes   table (32, N) -> (N, S, S), same dtype and module
    Numerics the table's entry times the square root of head_dim
    Source   x-transformers 1.27.20 RelativePositionBias
    """
    xp = array_module(table)
    buckets = ctx.see_table("buckets", to_device(relative_buckets(n_positions, causal=causal), xp))
    return ctx.see_table("bias", xp.take(table, buckets, axis=0).transpose(2, 0, 1) * head_dim**0.5)


def relative_bias_vjp(grad: Array, *, causal: bool, head_dim: int) -> Array:
    """The gradient of T5's table, from that of relative_bias(table): each bucket's pairs added up.

    Shapes   grad (N, S, S) -> (32, N), same dtype and module
    Source   x-transformers 1.27.20 RelativePositionBias, backward
    """
    xp = array_module(grad)
    n_heads, n_positions, _ = grad.shape
    buckets = to_device(relative_buckets(n_positions, causal=causal).reshape(1, -1), xp)
    is_in = (buckets == xp.arange(N_BUCKETS)[:, None]).astype(grad.dtype)
    return is_in @ grad.reshape(n_heads, -1).T * head_dim**0.5


def alibi_slopes(n_heads: int) -> list[float]:
    """Slope of each head: a geometric series; other counts interleave the series of twice the power of two below.

    Source   x-transformers 1.27.20 AlibiPositionalBias._get_slopes
    """
    power = 2 ** math.floor(math.log2(n_heads))
    slopes = _slope_series(power)
    return slopes if power == n_heads else slopes + _slope_series(2 * power)[0::2][: n_heads - power]


def _slope_series(n_heads: int) -> list[float]:
    start = 2 ** (-(2 ** -(math.log2(n_heads) - 3)))
    return [start * start**k for k in range(n_heads)]


def alibi_bias(like: Array, n_heads: int, n_positions: int, ctx: Context) -> Array:
    """ALiBi's bias of each (query, key) pair: minus the distance times the head's slope, on both sides.

    Shapes   -> (N, S, S), dtype and module of `like`
    Numerics slopes are rounded to float32 (upstream's buffer), then widened
    Source   x-transformers 1.27.20 AlibiPositionalBias
    """
    xp = array_module(like)
    slopes = np.asarray(alibi_slopes(n_heads), np.float32).astype(like.dtype)
    slopes = ctx.see_table("slopes", to_device(slopes, xp))
    positions = xp.arange(n_positions, dtype=like.dtype)
    distance = xp.abs(positions[None, :] - positions[:, None])
    return ctx.see_table("bias", -distance[None] * slopes[:, None, None])
