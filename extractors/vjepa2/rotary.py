"""V-JEPA 2's three-dimensional rotary positions, odd as they are.

A head's channels are three equal parts (depth, row, column) and a rest that passes. Within a part the *angle* of
channel e is that of frequency e mod (part / 2), as in the half layout, but its *partner* is the adjacent channel, as
in the interleaved layout. So the two members of a pair turn by different angles: this is no rotation, lengths change,
and scores depend on absolute positions. The weights were trained with it; it must stay.
"""

from typing import Any

from tribe_np.protocols import Array

THETA = 10000.0
"""The base of the frequencies; a literal in the source, no configuration key."""


def part_dim(head_dim: int) -> int:
    """Channels of each of the three parts: the even number at or below a third of the head.

    Source   transformers 5.23.0 VJEPA2RopeAttention.__init__
    """
    return 2 * ((head_dim // 3) // 2)


def grid_positions(xp: Any, n_tokens: int, grid_size: int) -> tuple[Array, Array, Array]:
    """(depth, row, column) of each token, counted on the configured grid whatever the size of the input.

    Shapes   -> three (S,) integer arrays
    Source   transformers 5.23.0 VJEPA2RopeAttention.get_position_ids
    """
    tokens = xp.arange(n_tokens)
    within = tokens % (grid_size * grid_size)
    return tokens // (grid_size * grid_size), within // grid_size, within % grid_size


def position_tables(xp: Any, n_tokens: int, grid_size: int, head_dim: int, *, dtype: Any) -> tuple[Array, Array]:
    """Cosines and sines of every token and turning channel.

    Shapes   -> cos (S, 3 * part), sin (S, 3 * part) in `dtype`
    Numerics frequencies 1 / 10000^(2m / part) and angles are computed in `dtype`
    Source   transformers 5.23.0 rotate_queries_or_keys
    """
    half = part_dim(head_dim) // 2
    exponents = xp.arange(half, dtype=dtype) / max(half, 1)
    omega = 1.0 / THETA**exponents
    angles = []
    for positions in grid_positions(xp, n_tokens, grid_size):
        turn = positions.astype(dtype)[:, None] * omega[None, :]
        angles += [turn, turn]
    angles = xp.concatenate(angles, axis=-1)
    return xp.cos(angles), xp.sin(angles)
