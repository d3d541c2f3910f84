"""Loop bodies for float32 alone, without calls: the compiler turns them into vector instructions (see loops.py).

A call to the C library's erf or exp in the body keeps a loop scalar. Here both are polynomials of the seventh digit,
which float32 can tell from nothing better; float64 keeps the bodies of loops.py. `prange` is as there.
"""

import numpy as np

from tribe_np.protocols import Array

prange = range
f32, i32 = np.float32, np.int32
SIGN, MAGNITUDE = i32(31), i32(0x7FFFFFFF)
LEAST = i32(-0x80000000)
LOWEST = i32(-0x7F800001)  # -inf among the flipped bits; below it lies only NaN with a sign


def exp_falling(y: np.float32) -> np.float32:
    """exp(y) of a float32 y <= 0; numba_set.py compiles it into the bodies that name it.

    Numerics halves of ln 2 in two parts and a polynomial, relative error below 2e-7; 0 below -87, and for NaN:
             callers bring a NaN back by other means
    Source   Cephes expf
    """
    z = y if y > f32(-87.0) else f32(-87.0)
    n = np.floor(z * f32(1.44269504) + f32(0.5))
    f = (z - n * f32(0.693359375)) + n * f32(2.12194440e-4)
    e = f32(1.9875691500e-4) * f + f32(1.3981999507e-3)
    e = e * f + f32(8.3334519073e-3)
    e = e * f + f32(4.1665795894e-2)
    e = e * f + f32(1.6666665459e-1)
    e = e * f + f32(5.0000001201e-1)
    e = e * f * f + f + f32(1.0)
    result: np.float32 = e * i32((i32(n) + i32(127)) * i32(8388608)).view(f32)  # 2 ** n by its bits
    return result if y > f32(-87.0) else f32(0.0)


def gelu_float32_loops(x: Array, out: Array) -> None:
    """Body of ops.activation.gelu for float32: x Phi(x), with the tail of Phi to full relative precision.

    Shapes   x (n,), out (n,)
    Numerics Phi(-a) = t exp(P(t) - a^2 / 2) / 2 with t = 1 / (1 + a / sqrt 8), relative error below 1e-6 down to the
             smallest float32; no 1 + erf, which loses the tail
    Source   P: Chebyshev fit of erfc as in Press et al., Numerical Recipes 6.2 (1.2e-7)
    """
    one, half = f32(1.0), f32(0.5)
    for i in prange(x.shape[0]):
        z = abs(x[i]) * f32(0.70710678)
        t = one / (one + half * z)
        p = f32(0.17087277) * t + f32(-0.82215223)
        p = p * t + f32(1.48851587)
        p = p * t + f32(-1.13520398)
        p = p * t + f32(0.27886807)
        p = p * t + f32(-0.18628806)
        p = p * t + f32(0.09678418)
        p = p * t + f32(0.37409196)
        p = p * t + f32(1.00002368)
        p = p * t + f32(-1.26551223)
        tail = half * t * exp_falling(p - z * z)
        out[i] = x[i] * (one - tail if x[i] >= 0 else tail)


def silu_float32_loops(x: Array, out: Array) -> None:
    """Body of ops.activation.silu for float32.

    Shapes   x (n,), out (n,)
    Source   torch 2.13.0 nn.SiLU
    """
    one = f32(1.0)
    for i in prange(x.shape[0]):
        decay = exp_falling(-abs(x[i]))
        out[i] = x[i] * ((one if x[i] >= 0 else decay) / (one + decay))


def silu_gate_float32_loops(gate: Array, up: Array, out: Array) -> None:
    """Body of ops.activation.silu_gate for float32.

    Shapes   gate (n,), up (n,), out (n,)
    Source   transformers 5.23.0 LlamaMLP
    """
    one = f32(1.0)
    for i in prange(gate.shape[0]):
        decay = exp_falling(-abs(gate[i]))
        out[i] = gate[i] * ((one if gate[i] >= 0 else decay) / (one + decay)) * up[i]


def glu_float32_loops(x: Array, out: Array) -> None:
    """Body of ops.activation.glu for float32.

    Shapes   x (R, 2D), out (R, D)
    Numerics a NaN gate gives NaN through the last factor
    Source   torch 2.13.0 nn.GLU
    """
    one, width = f32(1.0), out.shape[1]
    for row in prange(x.shape[0]):
        for d in range(width):
            gate = x[row, d + width]
            decay = exp_falling(-abs(gate))
            share = (one if gate >= 0 else decay) / (one + decay)
            out[row, d] = x[row, d] * (gate if np.isnan(gate) else share)


def attention_weights_float32_loops(out: Array, factor: float, n_open: int, n_steps: int, out_totals: Array) -> None:
    """loops.attention_weights_loops for float32, with powers of two: `factor` holds the 1 / ln 2.

    Shapes   out (R, T): the scores, out_totals (R,)
    Numerics the largest score is found among the bits, whose order as integers is that of the numbers once negative
             ones are flipped, so that a NaN comes out above or, with a sign, below all others; below 2^-126 of the
             largest a weight is 0. Sums are split into lanes
    Source   Cephes exp2f
    """
    # the compiler takes `bits` and `out` for different memory: no store may come before `largest` is known
    bits, unit = out.view(np.int32), f32(factor)
    for row in prange(out.shape[0]):
        n_seen = min(out.shape[1], max(0, n_open + row % n_steps))
        top, bottom = LEAST, MAGNITUDE
        for t in range(n_seen):
            place = bits[row, t] ^ ((bits[row, t] >> SIGN) & MAGNITUDE)
            top = max(top, place)
            bottom = min(bottom, place)
        largest = i32(top ^ ((top >> SIGN) & MAGNITUDE)).view(f32)
        is_whole = n_seen > 0 and bottom >= LOWEST and abs(largest) < f32(np.inf)  # False for NaN
        if not is_whole:
            largest = f32(0.0)
            n_seen = 0
        total = f32(0.0)
        for t in range(n_seen):
            y = (out[row, t] - largest) * unit
            n = np.rint(y if y > f32(-127.0) else f32(-127.0))
            f = (y if y > f32(-127.0) else f32(-127.0)) - n
            e = f32(1.535336188e-4) * f + f32(1.339887440e-3)
            e = e * f + f32(9.618437357e-3)
            e = e * f + f32(5.550332471e-2)
            e = e * f + f32(2.402264791e-1)
            e = e * f + f32(6.931472028e-1)
            e = e * f + f32(1.0)
            weight = e * i32((i32(n) + i32(127)) * i32(8388608)).view(f32)  # 2 ** n by its bits; 0 for n = -127
            out[row, t] = weight
            total += weight
        for t in range(n_seen, out.shape[1]):
            out[row, t] = f32(0.0)
        out_totals[row] = total if is_whole else f32(np.nan)
