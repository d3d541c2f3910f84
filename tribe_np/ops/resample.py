"""Band-limited resampling of sound by a rational factor: a windowed sinc for every output phase."""

import math
from typing import Any

import numpy as np

from tribe_np.backend import array_module
from tribe_np.errors import ShapeError
from tribe_np.protocols import Array, See

N_ZEROS = 24  # zero crossings kept on each side of the sinc
ROLLOFF = 0.945  # cut-off as a fraction of the lower Nyquist frequency
LANES, TURN, RUN = 8, 4, 16  # how torch adds up a row
BLOCK_TAPS = 4_000_000  # gathered samples, or filter taps, per block: 16 MB in float32
WIDE_ENOUGH = 32  # columns of a matrix product from which it runs at full speed


def resample(x: Array, old_rate: int, new_rate: int, *, dtype: Any = np.float32, see: See | None = None) -> Array:
    """Sound at another sampling rate.

    Shapes   x (..., L) -> (..., resampled_length(L)), same module, in `dtype`
    Units    rates in Hz, whole numbers
    Numerics edges are replicated; filters and sums in float32, whatever the precision of the model; equal rates
             return x as it is. Blocks over output periods change no sum. With a `dtype` of float64 the float32 filters
             are applied in it
    `see` is shown the filters (phases, taps).
    Raises   ShapeError for rates that are not positive whole numbers, or an empty x
    Source   julius 0.2.8 ResampleFrac (zeros 24, rolloff 0.945)
    """
    xp = array_module(x)
    old, new = reduced_rates(old_rate, new_rate)
    if x.shape[-1] == 0:
        raise ShapeError("resample: the sound has no samples")
    if old == new:
        return x
    n_out = resampled_length(x.shape[-1], old_rate, new_rate)
    if n_out == 0:
        raise ShapeError(f"resample: {x.shape[-1]} samples at {old_rate} Hz are too short to give one at {new_rate} Hz")
    rows = x.reshape(-1, x.shape[-1]).astype(dtype)
    phases = max(1, BLOCK_TAPS // (2 * half_width(old, new) + old))  # all of them, unless the rates are odd
    parts = []
    for start in range(0, new, phases):
        filters = sinc_filters(old, new, start, min(start + phases, new), xp=xp)
        parts.append(_filtered(rows, filters if see is None else see("filters", filters), old, new, n_out))
    return xp.concatenate(parts, axis=-1).reshape(rows.shape[0], -1)[:, :n_out].reshape(*x.shape[:-1], n_out)


def _filtered(rows: Array, filters: Array, old: int, new: int, n_out: int) -> Array:
    """The given phases of every output period: out[c, m, p] = sum over k of rows[c, m old + k - width] filters[p, k].

    Shapes   rows (C, L), filters (P, K) -> (C, n_periods, P); samples beyond an edge are the edge's
    """
    xp = array_module(rows, filters)
    n_phases, n_taps = filters.shape
    # a period of few samples would be a product of few columns: several periods share one window, zeros between
    repeats = max(1, WIDE_ENOUGH // n_phases)
    bank = xp.zeros((n_taps + (repeats - 1) * old, repeats * n_phases), dtype=rows.dtype)
    for i in range(repeats):
        bank[i * old : i * old + n_taps, i * n_phases : (i + 1) * n_phases] = filters.T
    n_groups = -(-n_out // (new * repeats))
    block = max(1, BLOCK_TAPS // (bank.shape[0] * rows.shape[0]))
    parts = []
    for start in range(0, n_groups, block):
        groups = xp.arange(start, min(start + block, n_groups))
        taps = groups[:, None] * (old * repeats) + xp.arange(bank.shape[0])[None, :] - half_width(old, new)
        windows = rows[:, xp.clip(taps, 0, rows.shape[1] - 1)]  # clipped indices replicate the edges
        parts.append((windows.reshape(-1, bank.shape[0]) @ bank).reshape(rows.shape[0], -1, n_phases))
    return xp.concatenate(parts, axis=1)[:, : -(-n_out // new)]


def sinc_filters(old: int, new: int, start: int, stop: int, *, xp: Any = np) -> Array:
    """A Hann-windowed sinc of sum 1 for each output phase in [start, stop); rates without common factor.

    Shapes   -> (stop - start, 2 half_width + old) float32
    Numerics float32 in upstream's order of operations: float64 would differ from upstream by 6.5e-6 at 44.1 kHz. Sine
             and cosine are the nearest float32, as 95 % of torch's are; the sum's order is torch's. What is left of the
             difference is all that empty mel bins are made of, for recordings below 16 kHz
    Source   julius 0.2.8 ResampleFrac._init_kernels
    """
    scale = min(old, new) * ROLLOFF
    width = half_width(old, new)
    taps = xp.arange(-width, width + old).astype(np.float32)[None, :]
    # a Python number per phase, rounded once to float32
    phases = xp.asarray([-i / new for i in range(start, stop)]).astype(np.float32)[:, None]
    angle = xp.clip((phases + taps / old) * scale, -N_ZEROS, N_ZEROS) * math.pi
    at_zero = angle == 0
    sine = xp.sin(angle.astype(np.float64)).astype(np.float32)
    cosine = xp.cos((angle / N_ZEROS / 2).astype(np.float64)).astype(np.float32)
    filters = xp.where(at_zero, 1, sine / xp.where(at_zero, 1, angle)).astype(np.float32) * (cosine * cosine)
    return filters / _sums(filters)[:, None]


def _sums(filters: Array) -> Array:
    """The float32 sum of each row (n, K), K < 8192, in the order in which torch adds a contiguous row.

    Source   torch 2.13.0 aten/native/cpu/SumKernel.cpp: 8 lanes, four of them in turn, runs of 16
    """
    xp = array_module(filters)
    n, n_taps = filters.shape
    n_vectors = n_taps // LANES
    n_turns = n_vectors // TURN
    vectors = filters[:, : n_vectors * LANES].reshape(n, n_vectors, LANES)
    turns = vectors[:, : n_turns * TURN].reshape(n, n_turns, TURN, LANES)
    runs = rest = xp.zeros((n, TURN, LANES), dtype=np.float32)
    for i in range(n_turns):
        rest = rest + turns[:, i]
        if i % RUN == RUN - 1:
            runs, rest = runs + rest, rest * 0
    turned = rest + runs
    lanes = _one_by_one(turned[:, 0], vectors[:, n_turns * TURN :], turned[:, 1:])
    return _one_by_one(xp.zeros((n,), dtype=np.float32), filters[:, n_vectors * LANES :], lanes)


def _one_by_one(total: Array, *parts: Array) -> Array:
    """`total` with the columns of every part added, from left to right."""
    for part in parts:
        for i in range(part.shape[1]):
            total = total + part[:, i]
    return total


def half_width(old: int, new: int) -> int:
    """Taps on each side of an output period's first sample.

    Source   julius 0.2.8 ResampleFrac._init_kernels
    """
    return math.ceil(N_ZEROS * old / (min(old, new) * ROLLOFF))


def resampled_length(n_samples: int, old_rate: int, new_rate: int) -> int:
    """Samples after resampling; upstream rounds the quotient to float32 before the floor, which can add one.

    44100 Hz, 2646011 samples -> 960004 at 16 kHz (the exact floor is 960003)
    Source   julius 0.2.8 ResampleFrac.forward
    """
    old, new = reduced_rates(old_rate, new_rate)
    return n_samples if old == new else math.floor(np.float32(new * n_samples / old))


def reduced_rates(old_rate: int, new_rate: int) -> tuple[int, int]:
    """Both rates divided by their greatest common divisor.

    Raises   ShapeError for rates that are not positive whole numbers
    Source   julius 0.2.8 ResampleFrac.__init__
    """
    for rate in (old_rate, new_rate):
        if rate != int(rate) or rate <= 0:
            raise ShapeError(f"resample: sampling rates must be positive whole numbers of Hz, got {rate}")
    divisor = math.gcd(int(old_rate), int(new_rate))
    return int(old_rate) // divisor, int(new_rate) // divisor
