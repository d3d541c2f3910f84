"""Loop bodies of the CPU kernels, in plain Python: numba_set compiles them, tests also run them as they are.

A body writes into `out`, which is apart from its inputs unless it says so, and checks nothing: numba_set.py does.
All arrays of a call share one float dtype and are C-contiguous. Sums over a row are kept in float64; everything
else is in the arrays' dtype, so results differ from the reference in `tribe_np.ops` by rounding only.
`prange` marks rows that are independent; here it is `range`, numba_set puts numba.prange in its place, which is
`range` again in the bodies of attention (numba_set.IN_WORKERS).
"""

import math

from tribe_np.protocols import Array

prange = range


def gelu_loops(x: Array, out: Array) -> None:
    """Body of ops.activation.gelu.

    Shapes   x (n,), out (n,)
    Numerics math.erf: the C library's, in the array's dtype when compiled
    Source   torch 2.13.0 nn.GELU(approximate="none")
    """
    half, one, root = x.dtype.type(0.5), x.dtype.type(1.0), x.dtype.type(0.7071067811865476)
    for i in prange(x.shape[0]):
        out[i] = half * x[i] * (one + math.erf(x[i] * root))


def silu_loops(x: Array, out: Array) -> None:
    """Body of ops.activation.silu.

    Shapes   x (n,), out (n,)
    Numerics exp of a non-positive argument only
    Source   torch 2.13.0 nn.SiLU
    """
    one = x.dtype.type(1.0)
    for i in prange(x.shape[0]):
        decay = math.exp(-abs(x[i]))
        out[i] = x[i] * ((one if x[i] >= 0 else decay) / (one + decay))


def glu_loops(x: Array, out: Array) -> None:
    """Body of ops.activation.glu.

    Shapes   x (R, 2D), out (R, D)
    Numerics exp of a non-positive argument only
    Source   torch 2.13.0 nn.GLU
    """
    one, width = x.dtype.type(1.0), out.shape[1]
    for row in prange(x.shape[0]):
        for d in range(width):
            gate = x[row, d + width]
            decay = math.exp(-abs(gate))
            out[row, d] = x[row, d] * ((one if gate >= 0 else decay) / (one + decay))


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


def layer_norm_loops(x: Array, weight: Array, bias: Array, eps: float, largest: float, out: Array) -> None:
    """Body of ops.norm.layer_norm.

    Shapes   x (R, D), weight (D,), bias (D,), out (R, D)
    Numerics two passes; eps is added to the variance. A sum above `largest`, the dtype's, is infinite as the
             reference's is: 0 where squares overflow, NaN where the mean or a difference to it does
    Source   torch 2.13.0 nn.LayerNorm
    """
    n = x.shape[1]
    for row in prange(x.shape[0]):
        total = 0.0
        for d in range(n):
            total += x[row, d]
        mean = total / n if abs(total) <= largest else math.nan
        squares = 0.0
        for d in range(n):
            squares += (x[row, d] - mean) * (x[row, d] - mean)
        inverse = 1.0 / math.sqrt(squares / n + eps)
        for d in range(n):
            out[row, d] = x.dtype.type((x[row, d] - mean) * inverse) * weight[d] + bias[d]
        if squares > largest:
            for d in range(n):
                nothing = x.dtype.type(0.0 if abs(x[row, d] - mean) <= largest else math.nan)
                out[row, d] = nothing * weight[d] + bias[d]


def rms_norm_loops(x: Array, weight: Array, eps: float, largest: float, out: Array) -> None:
    """Body of ops.norm.rms_norm.

    Shapes   x (R, D), weight (D,), out (R, D)
    Numerics eps is added to the mean square, inside the root; a sum of squares above `largest`, the dtype's, is
             infinite as the reference's is, and the row 0
    Source   transformers 5.23.0 LlamaRMSNorm
    """
    n = x.shape[1]
    for row in prange(x.shape[0]):
        squares = 0.0
        for d in range(n):
            value = float(x[row, d])
            squares += value * value
        if squares > largest:
            squares = math.inf
        inverse = x.dtype.type(1.0 / math.sqrt(squares / n + eps))
        for d in range(n):
            out[row, d] = weight[d] * (x[row, d] * inverse)


def scale_norm_loops(x: Array, gain: Array, eps: float, largest: float, out: Array) -> None:
    """Body of ops.norm.scale_norm.

    Shapes   x (R, D), gain (1,), out (R, D)
    Numerics divides by max(length, eps): an all-zero token stays zero; a sum of squares above `largest`, the dtype's,
             is infinite as the reference's is, and the row 0
    Source   x-transformers 1.27.20 ScaleNorm
    """
    n = x.shape[1]
    for row in prange(x.shape[0]):
        squares = 0.0
        for d in range(n):
            value = float(x[row, d])
            squares += value * value
        if squares > largest:
            squares = math.inf
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


def rotate_adjacent_loops(x: Array, cos: Array, sin: Array, out: Array) -> None:
    """Body of ops.rotary.rotate_adjacent.

    Shapes   x (P, S, H), cos (S, R), sin (S, R), out (P, S, H); R even, R <= H
    Numerics channel 2a is paired with 2a + 1
    Source   transformers 5.23.0 VJEPA2RopeAttention.apply_rotary_embeddings
    """
    half = cos.shape[1] // 2
    for row in prange(x.shape[0] * x.shape[1]):
        p, s = row // x.shape[1], row % x.shape[1]
        for a in range(half):
            first, second = x[p, s, 2 * a], x[p, s, 2 * a + 1]
            out[p, s, 2 * a] = first * cos[s, 2 * a] - second * sin[s, 2 * a]
            out[p, s, 2 * a + 1] = second * cos[s, 2 * a + 1] + first * sin[s, 2 * a + 1]
        for j in range(2 * half, x.shape[2]):
            out[p, s, j] = x[p, s, j]


def attention_weights_loops(out: Array, factor: float, n_open: int, n_steps: int, out_totals: Array) -> None:
    """Between the two products of attention: exp((score - largest of the row) * factor), in place, and row sums.

    Shapes   out (R, T): the scores, out_totals (R,); row r belongs to query step r % n_steps of its head
    Numerics a row sees its first n_open + (r % n_steps) keys, the others get exactly 0; without any, and for a row
             with a NaN or +inf or of only -inf, the total is NaN
    Source   torch 2.13.0 scaled_dot_product_attention
    """
    for row in prange(out.shape[0]):
        n_seen = min(out.shape[1], max(0, n_open + row % n_steps))
        largest = -math.inf
        is_whole = True
        for t in range(n_seen):
            largest = max(largest, out[row, t])
            is_whole = is_whole and not math.isnan(out[row, t])
        is_whole = is_whole and math.isfinite(largest)
        total = 0.0
        for t in range(n_seen):
            out[row, t] = math.exp((out[row, t] - largest) * factor) if is_whole else 0.0
            total += out[row, t]
        for t in range(n_seen, out.shape[1]):
            out[row, t] = 0
        out_totals[row] = total if is_whole else math.nan


def add_distances_loops(out: Array, products: Array, start: int, n_steps: int, left_span: int) -> None:
    """The distance terms of ops.attention.relative_attention, added in place along the diagonals.

    Shapes   out (R, T): the scores, products (R, left_span + 1 + right_span); row r is query step start + r % n_steps
    Source   transformers 5.23.0 _apply_relative_key_position_encoding
    """
    n_keys, n_distances = out.shape[1], products.shape[1]
    for row in prange(out.shape[0]):
        offset = left_span - start - row % n_steps  # of a key's step, to its distance
        first = min(n_keys, max(0, -offset))
        stop = min(n_keys, max(0, n_distances - offset))
        for t in range(first):
            out[row, t] += products[row, 0]
        for t in range(first, stop):
            out[row, t] += products[row, t + offset]
        for t in range(stop, n_keys):
            out[row, t] += products[row, n_distances - 1]
