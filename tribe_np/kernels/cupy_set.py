"""GPU kernels: the CUDA sources of kernels/cuda behind the signatures of the reference.

Sources are compiled by CuPy on first call, one module per kernel and dtype. Rotation and attention stay the
reference's: array operations and library products already fill the device. An entry takes CuPy arrays of one float
dtype (float32 or float64) and raises ShapeError for anything else.
"""

from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from typing import Any

from tribe_np.backend import cupy_module
from tribe_np.errors import ShapeError
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.protocols import Array

THREADS = 256
REALS = {"float32": "float", "float64": "double"}


@dataclass(frozen=True)
class Launch:
    """Blocks of a launch and threads of a block."""

    blocks: int
    threads: int


def row_launch(n_rows: int) -> Launch:
    """One block a row."""
    return Launch(n_rows, THREADS)


def element_launch(n_elements: int) -> Launch:
    """One thread an element; the last block may be partly idle."""
    return Launch(-(-n_elements // THREADS), THREADS)


def source(kernel: str) -> str:
    """CUDA source of a kernel, with the block reductions in front."""
    folder = resources.files("tribe_np.kernels") / "cuda"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in ("block.cuh", f"{kernel}.cu"))


def compile_options(dtype: str) -> tuple[str, ...]:
    """Options for one dtype; no fast maths."""
    return (f"-DREAL={REALS[dtype]}", f"-DTHREADS={THREADS}", "--std=c++14")


@cache
def cupy_set() -> KernelSet:
    """The set for the current CUDA device; nothing is compiled before an entry is called.

    Raises   MissingDependencyError without CuPy or without a device
    """
    cupy = cupy_module()
    return KernelSet(
        name="cupy",
        softmax=partial(_softmax, cupy),
        gelu=partial(_gelu, cupy),
        silu=REFERENCE.silu,
        silu_gate=partial(_silu_gate, cupy),
        glu=REFERENCE.glu,
        layer_norm=partial(_layer_norm, cupy),
        rms_norm=partial(_rms_norm, cupy),
        scale_norm=partial(_scale_norm, cupy),
        rotate_half=REFERENCE.rotate_half,
        rotate_adjacent=REFERENCE.rotate_adjacent,
        depthwise_causal=partial(_depthwise_causal, cupy),
        attention=REFERENCE.attention,
        relative_attention=REFERENCE.relative_attention,
    )


@cache
def _function(cupy: Any, kernel: str, dtype: str) -> Any:
    return cupy.RawModule(code=source(kernel), options=compile_options(dtype)).get_function(kernel)


def _checked(cupy: Any, kernel: str, *arrays: Array) -> list[Array]:
    for array in arrays:
        if not isinstance(array, cupy.ndarray):
            raise ShapeError(f"cupy {kernel}: needs CuPy arrays, got {type(array).__name__}; move it with to_device")
        if array.dtype.name not in REALS or array.dtype != arrays[0].dtype:
            found = ", ".join(str(getattr(a, "dtype", type(a).__name__)) for a in arrays)
            raise ShapeError(f"cupy {kernel}: needs one dtype, float32 or float64, got {found}")
    return [cupy.ascontiguousarray(array).reshape(array.shape) for array in arrays]


def _expect(kernel: str, name: str, array: Array, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ShapeError(f"cupy {kernel}: {name} must have shape {shape}, got {array.shape}")


def _launch(cupy: Any, kernel: str, launch: Launch, out: Array, arguments: tuple[Any, ...]) -> Array:
    if out.size:
        _function(cupy, kernel, out.dtype.name)((launch.blocks,), (launch.threads,), arguments)
    return out


def _over_rows(cupy: Any, kernel: str, x: Array, *arguments: Any) -> Array:
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ShapeError(f"cupy {kernel}: needs a last axis that is not empty, got shape {x.shape}")
    out, n = cupy.empty_like(x), x.shape[-1]
    return _launch(cupy, kernel, row_launch(x.size // n), out, (x, *arguments, out, cupy.int64(n)))


def _softmax(cupy: Any, x: Array) -> Array:
    (x,) = _checked(cupy, "softmax", x)
    return _over_rows(cupy, "softmax", x)


def _gelu(cupy: Any, x: Array) -> Array:
    (x,) = _checked(cupy, "gelu", x)
    out = cupy.empty_like(x)
    return _launch(cupy, "gelu", element_launch(x.size), out, (x, out, cupy.int64(x.size)))


def _silu_gate(cupy: Any, gate: Array, up: Array) -> Array:
    gate, up = _checked(cupy, "silu_gate", gate, up)
    _expect("silu_gate", "up", up, gate.shape)
    out = cupy.empty_like(gate)
    return _launch(cupy, "silu_gate", element_launch(out.size), out, (gate, up, out, cupy.int64(out.size)))


def _layer_norm(cupy: Any, x: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float) -> Array:
    (x,) = _checked(cupy, "layer_norm", x)
    weight = cupy.ones(x.shape[-1:], x.dtype) if weight is None else weight
    bias = cupy.zeros(x.shape[-1:], x.dtype) if bias is None else bias
    x, weight, bias = _checked(cupy, "layer_norm", x, weight, bias)
    _expect("layer_norm", "weight", weight, x.shape[-1:])
    _expect("layer_norm", "bias", bias, x.shape[-1:])
    return _over_rows(cupy, "layer_norm", x, weight, bias, cupy.float64(eps))


def _rms_norm(cupy: Any, x: Array, weight: Array, *, eps: float) -> Array:
    x, weight = _checked(cupy, "rms_norm", x, weight)
    _expect("rms_norm", "weight", weight, x.shape[-1:])
    return _over_rows(cupy, "rms_norm", x, weight, cupy.float64(eps))


def _scale_norm(cupy: Any, x: Array, gain: Array, *, eps: float = 1e-12) -> Array:
    x, gain = _checked(cupy, "scale_norm", x, gain)
    _expect("scale_norm", "gain", gain, (1,))
    return _over_rows(cupy, "scale_norm", x, gain, cupy.float64(eps))


def _depthwise_causal(cupy: Any, x: Array, weight: Array) -> Array:
    x, weight = _checked(cupy, "depthwise_causal", x, weight)
    if x.ndim < 2 or weight.ndim < 1:
        raise ShapeError(f"cupy depthwise_causal: x must have shape (..., S, D), got {x.shape}")
    _expect("depthwise_causal", "weight", weight, (x.shape[-1], weight.shape[-1]))
    out = cupy.empty_like(x)
    sizes = [cupy.int64(n) for n in (*x.shape[-2:], weight.shape[1], x.size)]
    return _launch(cupy, "depthwise_causal", element_launch(x.size), out, (x, weight, out, *sizes))
