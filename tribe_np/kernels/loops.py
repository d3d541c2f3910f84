"""Loop bodies of the CPU kernels, in plain Python: numba_set compiles them, tests also run them as they are.

A body writes into `out`, which is apart from its inputs unless it says so, and checks nothing: numba_set.py does.
All arrays of a call share one float dtype and are C-contiguous. Sums over a row are kept in float64; everything
else is in the arrays' dtype, so results differ from the reference in `tribe_np.ops` by rounding only.
`prange` marks rows that are independent; here it is `range`, numba_set puts numba.prange in its place.
"""

import math

from tribe_np.protocols import Array

prange = range


def softmax_loops(x: Array, out: Array) -> None:
    """Body of ops.activation.softmax.

    Shapes   x (R, S), out (R, S); S >= 1
    Numerics a NaN, or a row of only -inf, gives a row of NaN as in the reference
    Source   torch 2.13.0 torch.softmax
    """
    for row in prange(x.shape[0]):
        largest = x[row, 0]
        for s in range(1, x.shape[1]):
            largest = max(largest, x[row, s])
        total = 0.0
        for s in range(x.shape[1]):
            out[row, s] = math.exp(x[row, s] - largest)
            total += out[row, s]
        divisor = x.dtype.type(total)
        for s in range(x.shape[1]):
            out[row, s] = out[row, s] / divisor


def gelu_loops(x: Array, out: Array) -> None:
    """Body of ops.activation.gelu.

    Shapes   x (n,), out (n,)
    Numerics math.erf: the C library's, in the array's dtype when compiled
    Source   torch 2.13.0 nn.GELU(approximate="none")
    """
    half, one, root = x.dtype.type(0.5), x.dtype.type(1.0), x.dtype.type(0.7071067811865476)
    for i in prange(x.shape[0]):
        out[i] = half * x[i] * (one + math.erf(x[i] * root))


def silu_gate_loops(gate: Array, up: Array, out: Array) -> None:
    """Body of ops.activation.silu_gate.

    Shapes   gate (n,), up (n,), out (n,)
    Numerics exp of a non-positive argument only
    Source   transformers 5.23.0 LlamaMLP
    """
    one = gate.dtype.type(1.0)
    for i in prange(gate.shape[0]):
        decay = math.exp(-abs(gate[i]))
        rising = one if gate[i] >= 0 else decay
        out[i] = gate[i] * (rising / (one + decay)) * up[i]


def layer_norm_loops(x: Array, weight: Array, bias: Array, eps: float, out: Array) -> None:
    """Body of ops.norm.layer_norm.

    Shapes   x (R, D), weight (D,), bias (D,), out (R, D)
    Numerics two passes; eps is added to the variance
    Source   torch 2.13.0 nn.LayerNorm
    """
    n = x.shape[1]
    for row in prange(x.shape[0]):
        total = 0.0
        for d in range(n):
            total += x[row, d]
        mean = total / n
        squares = 0.0
        for d in range(n):
            squares += (x[row, d] - mean) * (x[row, d] - mean)
        inverse = 1.0 / math.sqrt(squares / n + eps)
        for d in range(n):
            out[row, d] = x.dtype.type((x[row, d] - mean) * inverse) * weight[d] + bias[d]


def rms_norm_loops(x: Array, weight: Array, eps: float, out: Array) -> None:
    """Body of ops.norm.rms_norm.

    Shapes   x (R, D), weight (D,), out (R, D)
    Numerics eps is added to the mean square, inside the root
    Source   transformers 5.23.0 LlamaRMSNorm
    """
    n = x.shape[1]
    for row in prange(x.shape[0]):
        squares = 0.0
        for d in range(n):
            value = float(x[row, d])
            squares += value * value
        inverse = x.dtype.type(1.0 / math.sqrt(squares / n + eps))
        for d in range(n):
            out[row, d] = weight[d] * (x[row, d] * inverse)


def scale_norm_loops(x: Array, gain: Array, eps: float, out: Array) -> None:
    """Body of ops.norm.scale_norm.

    Shapes   x (R, D), gain (1,), out (R, D)
    Numerics divides by max(length, eps): an all-zero token stays zero
    Source   x-transformers 1.27.20 ScaleNorm
    """
    n = x.shape[1]
    for row in prange(x.shape[0]):
        squares = 0.0
        for d in range(n):
            value = float(x[row, d])
            squares += value * value
        factor = x.dtype.type(math.sqrt(n) / max(math.sqrt(squares), eps))
        for d in range(n):
            out[row, d] = x[row, d] * factor * gain[0]


def rotate_half_loops(x: Array, cos: Array, sin: Array, out: Array) -> None:
    """Body of ops.rotary.rotate_half.

    Shapes   x (P, S, H), cos (S, R), sin (S, R), out (P, S, H); R even, R <= H
    Numerics channel j is paired with j + R/2
    Source   transformers 5.23.0 apply_rotary_pos_emb
    """
    half = cos.shape[1] // 2
    for row in prange(x.shape[0] * x.shape[1]):
        p, s = row // x.shape[1], row % x.shape[1]
        for j in range(half):
            first, second = x[p, s, j], x[p, s, j + half]
            out[p, s, j] = first * cos[s, j] - second * sin[s, j]
            out[p, s, j + half] = second * cos[s, j + half] + first * sin[s, j + half]
        for j in range(2 * half, x.shape[2]):
            out[p, s, j] = x[p, s, j]


def depthwise_causal_loops(x: Array, weight: Array, out: Array) -> None:
    """Body of ops.conv.depthwise_causal.

    Shapes   x (P, S, D), weight (W, D), out (P, S, D): the weight transposed, so that channels run innermost
    Numerics adds taps oldest first in the arrays' dtype
    Source   transformers 5.23.0 Wav2Vec2BertConvolutionModule
    """
    width = weight.shape[0]
    for row in prange(x.shape[0] * x.shape[1]):
        p, s = row // x.shape[1], row % x.shape[1]
        for d in range(x.shape[2]):
            out[p, s, d] = 0
        for w in range(max(0, width - 1 - s), width):
            for d in range(x.shape[2]):
                out[p, s, d] = out[p, s, d] + weight[w, d] * x[p, s + w - (width - 1), d]


def attention_weights_loops(scores: Array, bias: Array, scale: float, n_seen: int, out: Array) -> None:
    """The part of ops.attention.attention between its two products: softmax(scores * scale + bias), row by row.

    Shapes   scores (B, N, S, T), bias broadcast to the same (any strides), out the same; `out` may be `scores`
    Numerics query row s sees the first n_seen + s keys, the others get exactly 0; n_seen >= T: no causal mask
    Source   torch 2.13.0 scaled_dot_product_attention
    """
    n_batch, n_heads, n_rows, n_keys = scores.shape
    factor = scores.dtype.type(scale)
    for row in prange(n_batch * n_heads * n_rows):
        b, n, s = row // (n_heads * n_rows), row // n_rows % n_heads, row % n_rows
        n_open = min(n_keys, max(0, n_seen + s))
        largest = scores.dtype.type(-math.inf)
        for t in range(n_open):
            out[b, n, s, t] = scores[b, n, s, t] * factor + bias[b, n, s, t]
            largest = max(largest, out[b, n, s, t])
        total = 0.0
        for t in range(n_open):
            out[b, n, s, t] = math.exp(out[b, n, s, t] - largest)
            total += out[b, n, s, t]
        divisor = scores.dtype.type(total)
        for t in range(n_open):
            out[b, n, s, t] = out[b, n, s, t] / divisor
        for t in range(n_open, n_keys):
            out[b, n, s, t] = 0 if n_open > 0 else math.nan
