"""Loop bodies for float32 alone, without calls: the compiler turns them into vector instructions (see loops.py).

A call to the C library's erf or exp in the body keeps a loop scalar. Here both are polynomials of the seventh digit,
which float32 can tell from nothing better; float64 keeps the bodies of loops.py.
"""

import numpy as np

from tribe_np.protocols import Array

prange = range
f32 = np.float32


def gelu_float32_loops(x: Array, out: Array) -> None:
    """Body of ops.activation.gelu for float32: x Phi(x), with the tail of Phi to full relative precision.

    Shapes   x (n,), out (n,)
    Numerics Phi(-a) = t exp(P(t) - a^2 / 2) / 2 with t = 1 / (1 + a / sqrt 8), relative error below 1e-6 down to the
             smallest float32; no 1 + erf, which loses the tail. exp by halves of ln 2 in two parts and a polynomial
    Source   P: Chebyshev fit of erfc as in Press et al., Numerical Recipes 6.2 (1.2e-7); exp: Cephes expf
    """
    one, half, least = f32(1.0), f32(0.5), f32(-87.0)
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
        y = p - z * z
        y = y if y > least else least  # NaN too: it comes back with x[i] below
        n = np.floor(y * f32(1.44269504) + half)
        f = (y - n * f32(0.693359375)) + n * f32(2.12194440e-4)
        e = f32(1.9875691500e-4) * f + f32(1.3981999507e-3)
        e = e * f + f32(8.3334519073e-3)
        e = e * f + f32(4.1665795894e-2)
        e = e * f + f32(1.6666665459e-1)
        e = e * f + f32(5.0000001201e-1)
        e = e * f * f + f + one
        power = np.int32((np.int32(n) + np.int32(127)) * np.int32(8388608)).view(f32)  # 2 ** n by its bits
        tail = half * t * e * power
        out[i] = x[i] * (one - tail if x[i] >= 0 else tail)
