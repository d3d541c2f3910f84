"""CPU kernels: the loop bodies of loops.py, compiled by Numba, behind the signatures of the reference.

An entry takes NumPy arrays of one float dtype (float32 or float64) and raises ShapeError for anything else: nothing
falls back silently. A non-contiguous input is copied into C order first. Matrix products stay with BLAS. No fastmath:
results do not depend on the number of threads. Compiled code is cached on disk by Numba, so only the first ever call
compiles.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np

from tribe_np.errors import ShapeError
from tribe_np.kernels import loops, narrow_loops
from tribe_np.kernels.record import KernelSet
from tribe_np.ops.attention import BLOCK_SCORES
from tribe_np.optional import require
from tribe_np.protocols import Array

Compiler = Callable[[Callable[..., None]], Callable[..., None]]


@cache
def numba_set() -> KernelSet:
    """The compiled set; nothing is compiled before an entry is called.

    Unless the environment says otherwise, Numba's OpenMP threads sleep when they have nothing to do: awake, they take
    the cores from the BLAS threads of the next matrix product (the brain encoder on two cores: 0.35 s, not 0.50 s).
    Raises   MissingDependencyError without Numba
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when the first kernel runs
    numba = require("numba", extra="numba", why="--kernels numba")
    return loop_set("numba", lambda body: _compiled(numba, body))


def _compiled(numba: Any, body: Callable[..., None]) -> Callable[..., None]:
    """The body with numba.prange in the place of its prange, compiled on first call."""
    assert isinstance(body, FunctionType)
    parallel = FunctionType(body.__code__, {**body.__globals__, "prange": numba.prange}, body.__name__)
    parallel.__module__, parallel.__qualname__ = body.__module__, body.__qualname__  # Numba finds the source by them
    try:
        compiled: Callable[..., None] = numba.njit(parallel=True, cache=True)(parallel)
    except RuntimeError:  # no writable folder for the cache: compile in every process instead
        compiled = numba.njit(parallel=True)(parallel)
    return compiled


def loop_set(name: str, compiler: Compiler) -> KernelSet:
    """The set whose bodies went through `compiler`; the identity gives the same kernels in plain Python, for tests."""
    made = LoopEntries(
        *[
            compiler(body)
            for body in (
                loops.softmax_loops,
                loops.gelu_loops,
                narrow_loops.gelu_float32_loops,
                loops.silu_gate_loops,
                loops.layer_norm_loops,
                loops.rms_norm_loops,
                loops.scale_norm_loops,
                loops.rotate_half_loops,
                loops.depthwise_causal_loops,
                loops.attention_weights_loops,
            )
        ]
    )
    return KernelSet(
        name=name,
        softmax=made.softmax,
        gelu=made.gelu,
        silu_gate=made.silu_gate,
        layer_norm=made.layer_norm,
        rms_norm=made.rms_norm,
        scale_norm=made.scale_norm,
        rotate_half=made.rotate_half,
        depthwise_causal=made.depthwise_causal,
        attention=made.attention,
    )


def _checked(kernel: str, *arrays: Array) -> list[np.ndarray]:
    """The arrays in C order, after checking that all are NumPy's and of one float dtype."""
    for array in arrays:
        if not isinstance(array, np.ndarray):
            raise ShapeError(f"numba {kernel}: needs NumPy arrays, got {type(array).__name__}; use --kernels reference")
        if array.dtype not in (np.float32, np.float64) or array.dtype != arrays[0].dtype:
            found = ", ".join(str(getattr(a, "dtype", type(a).__name__)) for a in arrays)
            raise ShapeError(f"numba {kernel}: needs one dtype, float32 or float64, got {found}")
    return [np.ascontiguousarray(array).reshape(array.shape) for array in arrays]


def _expect(kernel: str, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ShapeError(f"numba {kernel}: {name} must have shape {shape}, got {array.shape}")


def _stacked(kernel: str, x: np.ndarray, n_axes: int) -> np.ndarray:
    """x with all but the last n_axes axes merged into one.

    Raises   ShapeError when x has too few axes or an empty last one
    """
    if x.ndim < n_axes or x.shape[-1] == 0:
        raise ShapeError(f"numba {kernel}: needs {n_axes} axes or more and a last one that is not empty, got {x.shape}")
    tail = x.shape[x.ndim - n_axes :]
    return x.reshape(int(np.prod(x.shape[: x.ndim - n_axes])), *tail)


@dataclass(frozen=True)
class LoopEntries:
    """Checks, flattens, allocates the output and calls one body; the contracts are those of `tribe_np.ops`."""

    _softmax: Callable[..., None]
    _gelu: Callable[..., None]
    _gelu_float32: Callable[..., None]
    _silu_gate: Callable[..., None]
    _layer_norm: Callable[..., None]
    _rms_norm: Callable[..., None]
    _scale_norm: Callable[..., None]
    _rotate_half: Callable[..., None]
    _depthwise_causal: Callable[..., None]
    _attention_weights: Callable[..., None]

    def softmax(self, x: Array) -> Array:
        """ops.activation.softmax."""
        (x,) = _checked("softmax", x)
        out = np.empty_like(x)
        self._softmax(_stacked("softmax", x, 1), _stacked("softmax", out, 1))
        return out

    def gelu(self, x: Array) -> Array:
        """ops.activation.gelu."""
        (x,) = _checked("gelu", x)
        out = np.empty_like(x)
        body = self._gelu_float32 if x.dtype == np.float32 else self._gelu
        body(x.reshape(-1), out.reshape(-1))
        return out

    def silu_gate(self, gate: Array, up: Array) -> Array:
        """ops.activation.silu_gate."""
        gate, up = _checked("silu_gate", gate, up)
        _expect("silu_gate", "up", up, gate.shape)
        out = np.empty_like(gate)
        self._silu_gate(gate.reshape(-1), up.reshape(-1), out.reshape(-1))
        return out

    def layer_norm(self, x: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float) -> Array:
        """ops.norm.layer_norm; an absent weight is 1, an absent bias 0."""
        (x,) = _checked("layer_norm", x)
        width = x.shape[-1:]
        weight = np.ones(width, x.dtype) if weight is None else weight
        bias = np.zeros(width, x.dtype) if bias is None else bias
        x, weight, bias = _checked("layer_norm", x, weight, bias)
        _expect("layer_norm", "weight", weight, width)
        _expect("layer_norm", "bias", bias, width)
        out = np.empty_like(x)
        self._layer_norm(_stacked("layer_norm", x, 1), weight, bias, float(eps), _stacked("layer_norm", out, 1))
        return out

    def rms_norm(self, x: Array, weight: Array, *, eps: float) -> Array:
        """ops.norm.rms_norm."""
        x, weight = _checked("rms_norm", x, weight)
        _expect("rms_norm", "weight", weight, x.shape[-1:])
        out = np.empty_like(x)
        self._rms_norm(_stacked("rms_norm", x, 1), weight, float(eps), _stacked("rms_norm", out, 1))
        return out

    def scale_norm(self, x: Array, gain: Array, *, eps: float = 1e-12) -> Array:
        """ops.norm.scale_norm."""
        x, gain = _checked("scale_norm", x, gain)
        _expect("scale_norm", "gain", gain, (1,))
        out = np.empty_like(x)
        self._scale_norm(_stacked("scale_norm", x, 1), gain, float(eps), _stacked("scale_norm", out, 1))
        return out

    def rotate_half(self, x: Array, cos: Array, sin: Array) -> Array:
        """ops.rotary.rotate_half."""
        x, cos, sin = _checked("rotate_half", x, cos, sin)
        stacked = _stacked("rotate_half", x, 2)
        n_turning = cos.shape[-1] if cos.ndim == 2 else -1
        if n_turning % 2 or not 0 <= n_turning <= x.shape[-1]:
            raise ShapeError(f"numba rotate_half: cos {cos.shape} does not fit x {x.shape}")
        _expect("rotate_half", "cos", cos, (x.shape[-2], n_turning))
        _expect("rotate_half", "sin", sin, cos.shape)
        out = np.empty_like(x)
        self._rotate_half(stacked, cos, sin, _stacked("rotate_half", out, 2))
        return out

    def depthwise_causal(self, x: Array, weight: Array) -> Array:
        """ops.conv.depthwise_causal."""
        x, weight = _checked("depthwise_causal", x, weight)
        stacked = _stacked("depthwise_causal", x, 2)
        _expect("depthwise_causal", "weight", weight, (x.shape[-1], weight.shape[-1]))
        out = np.empty_like(x)
        taps = np.ascontiguousarray(weight.T)
        self._depthwise_causal(stacked, taps, _stacked("depthwise_causal", out, 2))
        return out

    def attention(
        self, query: Array, key: Array, value: Array, *, scale: float, bias: Array | None = None, causal: bool = False
    ) -> Array:
        """ops.attention.attention: both products by BLAS, one pass over the scores between them."""
        query, key, value = _checked("attention", query, key, value)
        bias = np.zeros((1, 1, 1, 1), query.dtype) if bias is None else _checked("attention", query, bias)[1]
        if query.ndim != 4 or key.ndim != 4 or key.shape[1] == 0:
            raise ShapeError(
                f"attention: needs query (B, N, S, H) and key (B, K, T, H), got {query.shape}, {key.shape}"
            )
        (B, N, S, H), (K, T) = query.shape, key.shape[1:3]
        _expect("attention", "key", key, (B, K, T, H))
        _expect("attention", "value", value, (B, K, T, value.shape[-1]))
        if N % K:
            raise ShapeError(f"attention: {N} query heads are no multiple of {K} key/value heads")
        bias = np.broadcast_to(bias, (B, N, S, T))
        key_t, values = key.transpose(0, 1, 3, 2)[:, :, None], value[:, :, None]
        out = np.empty((B, N, S, value.shape[-1]), query.dtype)
        rows = max(1, BLOCK_SCORES // max(1, B * N * T))
        for start in range(0, S, rows):
            part = query[:, :, start : start + rows]
            n_rows = part.shape[2]
            scores = (part.reshape(B, K, N // K, n_rows, H) @ key_t).reshape(B, N, n_rows, T)
            n_seen = start + T - S + 1 if causal else T
            self._attention_weights(scores, bias[:, :, start : start + rows], float(scale), n_seen, scores)
            mixed = scores.reshape(B, K, N // K, n_rows, T) @ values
            out[:, :, start : start + rows] = mixed.reshape(B, N, n_rows, value.shape[-1])
        return out
