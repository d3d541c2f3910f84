"""CPU kernels: the loop bodies of loops.py, compiled by Numba, behind the signatures of the reference.

An entry takes NumPy arrays of one float dtype (float32 or float64) and raises ShapeError for anything else: nothing
falls back silently. A non-contiguous input is copied into C order first. Matrix products stay with BLAS. Fast maths
only as SPLIT_SUMS says; a row is one thread's, so results do not depend on how many there are. Compiled code is cached
on disk by Numba, so only the first ever call compiles.
"""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np

from tribe_np.errors import ShapeError
from tribe_np.kernels import loops, narrow_loops
from tribe_np.kernels.blocked_attention import BlockedAttention, Terms
from tribe_np.kernels.kernel_set import KernelSet
from tribe_np.ops.attention import attention_logits
from tribe_np.optional import require
from tribe_np.protocols import Array

Body = Callable[..., None]  # of loops.py or narrow_loops.py: arrays and numbers in, the last array filled
Compiler = Callable[[str, Body], Body]


@cache
def numba_set() -> KernelSet:
    """The compiled set; nothing is compiled before an entry is called.

    Unless the environment says otherwise, Numba's OpenMP threads sleep when they have nothing to do: awake, they take
    the cores from the BLAS threads of the next matrix product (the brain encoder on two cores: 0.35 s, not 0.50 s).
    Raises   MissingDependencyError without Numba
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when the first kernel runs
    numba = require("numba", extra="numba", why="--kernels numba")
    return loop_set("numba", lambda name, body: _compiled(numba, name, body))


# A change here needs one in the body's file too: Numba's cache on disk does not look at these options.
SPLIT_SUMS = ("layer_norm", "rms_norm", "scale_norm", "attention_weights", "attention_weights_float32")
"""Bodies whose sums the compiler may split into lanes, fusing multiplications with additions: other rounding, the same
on any number of threads. Never in exp_falling, whose exactness rests on the order; NaN and infinity keep their meaning
everywhere."""
IN_WORKERS = ("attention_weights", "attention_weights_float32", "add_distances")
"""Bodies that attention runs on threads of ours (workers.py), without Python's lock: not parallel themselves, not in
`softmax` either, which only the encoder's residual attention needs."""


def _compiled(numba: Any, name: str, body: Body) -> Body:
    """The body with numba.prange in the place of its prange, compiled on first call."""
    assert isinstance(body, FunctionType)
    helper = numba.njit(inline="always")(narrow_loops.exp_falling)
    compilable = FunctionType(
        body.__code__, {**body.__globals__, "prange": numba.prange, "exp_falling": helper}, body.__name__
    )
    compilable.__module__, compilable.__qualname__ = (
        body.__module__,
        body.__qualname__,
    )  # Numba finds the source by them
    runs = {"nogil": True} if name in IN_WORKERS else {"parallel": True}
    options = runs | {"fastmath": {"reassoc", "contract"} if name in SPLIT_SUMS else False}
    has_home = os.path.isabs(os.path.expanduser("~"))  # else Numba would make a folder "~" where the user stands
    try:
        compiled: Body = numba.njit(cache=has_home, **options)(compilable)
    except RuntimeError:  # no writable folder for the cache: compile in every process instead
        compiled = numba.njit(**options)(compilable)
    return compiled


def loop_set(name: str, compiler: Compiler) -> KernelSet:
    """The set whose bodies went through `compiler`; the identity gives the same kernels in plain Python, for tests.

    `compiler` is called with a body's name and the body.
    """
    bodies = {
        name.removesuffix("_loops"): body
        for module in (loops, narrow_loops)
        for name, body in vars(module).items()
        if name.endswith("_loops")
    }
    made = LoopEntries({name: compiler(name, body) for name, body in bodies.items()})
    return KernelSet(
        name=name,
        softmax=made.softmax,
        gelu=made.gelu,
        silu=made.silu,
        silu_gate=made.silu_gate,
        glu=made.glu,
        layer_norm=made.layer_norm,
        rms_norm=made.rms_norm,
        scale_norm=made.scale_norm,
        rotate_half=made.rotate_half,
        rotate_adjacent=made.rotate_adjacent,
        depthwise_causal=made.depthwise_causal,
        attention=made.attention,
        relative_attention=made.relative_attention,
        attention_logits=attention_logits,
    )


def _checked(kernel: str, *arrays: Array) -> list[np.ndarray]:
    """The arrays in C order, after checking that all are NumPy's and of one float dtype."""
    _check(kernel, *arrays)
    return [np.ascontiguousarray(array).reshape(array.shape) for array in arrays]


def _check(kernel: str, *arrays: Array) -> None:
    for array in arrays:
        if not isinstance(array, np.ndarray):
            raise ShapeError(f"numba {kernel}: needs NumPy arrays, got {type(array).__name__}; use --kernels reference")
        if array.dtype not in (np.float32, np.float64) or array.dtype != arrays[0].dtype:
            found = ", ".join(str(getattr(a, "dtype", type(a).__name__)) for a in arrays)
            raise ShapeError(f"numba {kernel}: needs one dtype, float32 or float64, got {found}")


def _expect(kernel: str, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ShapeError(f"numba {kernel}: {name} must have shape {shape}, got {array.shape}")


def _largest(array: np.ndarray) -> float:
    """The largest number of its dtype."""
    return float(np.finfo(array.dtype).max)


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

    bodies: Mapping[str, Body]  # by name; name_float32 where float32 has its own

    def body(self, name: str, dtype: Any) -> Body:
        """The body for arrays of that dtype."""
        return self.bodies.get(f"{name}_{np.dtype(dtype).name}", self.bodies[name])

    def softmax(self, x: Array) -> Array:
        """ops.activation.softmax."""
        (x,) = _checked("softmax", x)
        out = x.copy()
        rows = _stacked("softmax", out, 1)
        totals = np.empty(len(rows), x.dtype)
        blocked = self._blocked(x.dtype)
        blocked.weights(rows, blocked.unit, rows.shape[1], 1, totals)
        rows /= totals[:, None]
        return out

    def gelu(self, x: Array) -> Array:
        """ops.activation.gelu."""
        return self._elementwise("gelu", x)

    def silu(self, x: Array) -> Array:
        """ops.activation.silu."""
        return self._elementwise("silu", x)

    def _elementwise(self, name: str, x: Array) -> Array:
        (x,) = _checked(name, x)
        out = np.empty_like(x)
        self.body(name, x.dtype)(x.reshape(-1), out.reshape(-1))
        return out

    def silu_gate(self, gate: Array, up: Array) -> Array:
        """ops.activation.silu_gate."""
        gate, up = _checked("silu_gate", gate, up)
        _expect("silu_gate", "up", up, gate.shape)
        out = np.empty_like(gate)
        self.body("silu_gate", gate.dtype)(gate.reshape(-1), up.reshape(-1), out.reshape(-1))
        return out

    def glu(self, x: Array) -> Array:
        """ops.activation.glu."""
        (x,) = _checked("glu", x)
        stacked = _stacked("glu", x, 1)
        if x.shape[-1] % 2:
            raise ShapeError(f"numba glu: the last axis must be even, got shape {x.shape}")
        out = np.empty((*x.shape[:-1], x.shape[-1] // 2), x.dtype)
        self.body("glu", x.dtype)(stacked, _stacked("glu", out, 1))
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
        self.body("layer_norm", x.dtype)(
            _stacked("layer_norm", x, 1), weight, bias, float(eps), _largest(x), _stacked("layer_norm", out, 1)
        )
        return out

    def rms_norm(self, x: Array, weight: Array, *, eps: float) -> Array:
        """ops.norm.rms_norm."""
        x, weight = _checked("rms_norm", x, weight)
        _expect("rms_norm", "weight", weight, x.shape[-1:])
        out = np.empty_like(x)
        self.body("rms_norm", x.dtype)(
            _stacked("rms_norm", x, 1), weight, float(eps), _largest(x), _stacked("rms_norm", out, 1)
        )
        return out

    def scale_norm(self, x: Array, gain: Array, *, eps: float = 1e-12) -> Array:
        """ops.norm.scale_norm."""
        x, gain = _checked("scale_norm", x, gain)
        _expect("scale_norm", "gain", gain, (1,))
        out = np.empty_like(x)
        self.body("scale_norm", x.dtype)(
            _stacked("scale_norm", x, 1), gain, float(eps), _largest(x), _stacked("scale_norm", out, 1)
        )
        return out

    def rotate_half(self, x: Array, cos: Array, sin: Array) -> Array:
        """ops.rotary.rotate_half."""
        return self._rotate("rotate_half", x, cos, sin)

    def rotate_adjacent(self, x: Array, cos: Array, sin: Array) -> Array:
        """ops.rotary.rotate_adjacent."""
        return self._rotate("rotate_adjacent", x, cos, sin)

    def _rotate(self, name: str, x: Array, cos: Array, sin: Array) -> Array:
        x, cos, sin = _checked(name, x, cos, sin)
        stacked = _stacked(name, x, 2)
        n_turning = cos.shape[-1] if cos.ndim == 2 else -1
        if n_turning % 2 or not 0 <= n_turning <= x.shape[-1]:
            raise ShapeError(f"numba {name}: cos {cos.shape} does not fit x {x.shape}")
        _expect(name, "cos", cos, (x.shape[-2], n_turning))
        _expect(name, "sin", sin, cos.shape)
        out = np.empty_like(x)
        self.body(name, x.dtype)(stacked, cos, sin, _stacked(name, out, 2))
        return out

    def depthwise_causal(self, x: Array, weight: Array) -> Array:
        """ops.conv.depthwise_causal."""
        x, weight = _checked("depthwise_causal", x, weight)
        stacked = _stacked("depthwise_causal", x, 2)
        _expect("depthwise_causal", "weight", weight, (x.shape[-1], weight.shape[-1]))
        out = np.empty_like(x)
        taps = np.ascontiguousarray(weight.T)
        self.body("depthwise_causal", x.dtype)(stacked, taps, _stacked("depthwise_causal", out, 2))
        return out

    def attention(
        self, query: Array, key: Array, value: Array, *, scale: float, bias: Array | None = None, causal: bool = False
    ) -> Array:
        """ops.attention.attention."""
        _check("attention", query, key, value, *([] if bias is None else [bias]))
        return self._blocked(query.dtype)(query, key, value, Terms(scale, bias=bias, causal=causal))

    def relative_attention(
        self, query: Array, key: Array, value: Array, embedding: Array, *, scale: float, left_span: int
    ) -> Array:
        """ops.attention.relative_attention."""
        _check("relative_attention", query, key, value, embedding)
        _expect("relative_attention", "key", key, query.shape)
        if embedding.ndim != 2 or not 0 <= left_span < embedding.shape[0]:
            raise ShapeError(f"relative_attention: embedding {embedding.shape} has no row {left_span} of distance 0")
        _expect("relative_attention", "embedding", embedding, (embedding.shape[0], query.shape[-1]))
        terms = Terms(scale, embedding=embedding, left_span=left_span)
        return self._blocked(query.dtype)(query, key, value, terms)

    def _blocked(self, dtype: Any) -> BlockedAttention:
        return BlockedAttention(
            self.body("attention_weights", dtype),
            self.body("add_distances", dtype),
            unit=math.log2(math.e) if dtype == np.float32 else 1.0,
        )
