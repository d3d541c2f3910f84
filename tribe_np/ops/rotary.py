"""Rotary position embedding: channels turned in pairs, halves apart or adjacent."""

from typing import Any

from tribe_np.backend import array_module
from tribe_np.protocols import Array


def rotary_tables(inv_freq: Array, n_positions: int, *, start: float = 0.0, dtype: Any = None) -> tuple[Array, Array]:
    """Cosines and sines of position * inverse frequency, the half table repeated twice.

    Shapes   inv_freq (H/2,) -> cos (S, H), sin (S, H), in `dtype` or inv_freq's
    Numerics the angle is the product in the table's dtype, before cos and sin
    Source   x-transformers 1.27.20 RotaryEmbedding; transformers 5.23.0 LlamaRotaryEmbedding
    """
    xp = array_module(inv_freq)
    inv_freq = inv_freq.astype(inv_freq.dtype if dtype is None else dtype)
    positions = xp.arange(n_positions, dtype=inv_freq.dtype) + float(start)  # a Python number keeps the dtype
    angles = positions[:, None] * inv_freq[None, :]
    angles = xp.concatenate([angles, angles], axis=-1)
    return xp.cos(angles), xp.sin(angles)


def rotate_half(x: Array, cos: Array, sin: Array) -> Array:
    """The first R channels of each head turned by their position's angles; the rest pass.

    Shapes   x (..., S, H), cos (S, R), sin (S, R), R <= H -> (..., S, H), same dtype and module
    Numerics channel j is paired with j + R/2: a cos - b sin, b cos + a sin
    Source   x-transformers 1.27.20 apply_rotary_pos_emb; transformers 5.23.0 apply_rotary_pos_emb
    """
    xp = array_module(x, cos, sin)
    rotated_dim = cos.shape[-1]
    turning, passing = x[..., :rotated_dim], x[..., rotated_dim:]
    first, second = turning[..., : rotated_dim // 2], turning[..., rotated_dim // 2 :]
    turned = turning * cos + xp.concatenate([-second, first], axis=-1) * sin
    return turned if passing.shape[-1] == 0 else xp.concatenate([turned, passing], axis=-1)


def rotate_half_vjp(grad: Array, cos: Array, sin: Array) -> Array:
    """The gradient of x, from that of rotate_half(x, cos, sin): each pair turned back.

    Shapes   grad (..., S, H), cos (S, R), sin (S, R), R <= H -> (..., S, H), same dtype and module
    Numerics linear in x, so that x is not needed; the tables are stored buffers and get no gradient
    Source   x-transformers 1.27.20 apply_rotary_pos_emb, backward
    """
    xp = array_module(grad, cos, sin)
    rotated_dim = cos.shape[-1]
    turned, passing = grad[..., :rotated_dim], grad[..., rotated_dim:]
    crossed = turned * sin
    first, second = crossed[..., : rotated_dim // 2], crossed[..., rotated_dim // 2 :]
    turning = turned * cos + xp.concatenate([second, -first], axis=-1)
    return turning if passing.shape[-1] == 0 else xp.concatenate([turning, passing], axis=-1)


def rotate_adjacent(x: Array, cos: Array, sin: Array) -> Array:
    """Adjacent channels mixed by their positions' tables; channels beyond the tables pass.

    Shapes   x (..., S, H), cos (S, R), sin (S, R), R even, R <= H -> (..., S, H), same dtype and module
    Numerics out[2a] = x[2a] cos[2a] - x[2a+1] sin[2a]; out[2a+1] = x[2a+1] cos[2a+1] + x[2a] sin[2a+1]
    Source   transformers 5.23.0 rotate_queries_or_keys, VJEPA2RopeAttention.apply_rotary_embeddings
    """
    xp = array_module(x, cos, sin)
    turning, passing = x[..., : cos.shape[-1]], x[..., cos.shape[-1] :]
    partner = xp.stack([-turning[..., 1::2], turning[..., 0::2]], axis=-1).reshape(turning.shape)
    turned = turning * cos + partner * sin
    return xp.concatenate([turned, passing], axis=-1)


def rotate_adjacent_vjp(grad: Array, cos: Array, sin: Array) -> Array:
    """The gradient of x, from that of rotate_adjacent(x, cos, sin).

    Shapes   grad (..., S, H), cos (S, R), sin (S, R), R even, R <= H -> (..., S, H), same dtype and module
    Source   transformers 5.23.0 VJEPA2RopeAttention.apply_rotary_embeddings, backward
    """
    xp = array_module(grad, cos, sin)
    turned, passing = grad[..., : cos.shape[-1]], grad[..., cos.shape[-1] :]
    crossed = turned * sin
    partner = xp.stack([crossed[..., 1::2], -crossed[..., 0::2]], axis=-1).reshape(turned.shape)
    return xp.concatenate([turned * cos + partner, passing], axis=-1)
