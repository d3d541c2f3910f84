"""GPU kernels: the CUDA sources of kernels/cuda behind the signatures of the reference.

Sources are compiled by CuPy on first call, one module per kernel and dtype. Rotation and attention stay the
reference's: array operations and library products already fill the device. An entry takes CuPy arrays of one float
dtype (float32 or float64) and raises ShapeError for anything else.
"""

from dataclasses import dataclass, replace
from functools import cache
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
    made = CudaEntries(cupy_module())
    return replace(
        REFERENCE,
        name="cupy",
        softmax=made.softmax,
        gelu=made.gelu,
        silu_gate=made.silu_gate,
        layer_norm=made.layer_norm,
        rms_norm=made.rms_norm,
        scale_norm=made.scale_norm,
        depthwise_causal=made.depthwise_causal,
    )


@cache
def _function(cupy: Any, kernel: str, dtype: str) -> Any:
    return cupy.RawModule(code=source(kernel), options=compile_options(dtype)).get_function(kernel)


@dataclass(frozen=True)
class CudaEntries:
    """Checks, allocates the output and launches one kernel; the contracts are those of `tribe_np.ops`."""

    cupy: Any

    def softmax(self, x: Array) -> Array:
        """ops.activation.softmax."""
        (x,) = self._checked("softmax", x)
        return self._over_rows("softmax", x)

    def gelu(self, x: Array) -> Array:
        """ops.activation.gelu."""
        (x,) = self._checked("gelu", x)
        out = self.cupy.empty_like(x)
        return self._launch("gelu", element_launch(x.size), out, (x, out, self.cupy.int64(x.size)))

    def silu_gate(self, gate: Array, up: Array) -> Array:
        """ops.activation.silu_gate."""
        gate, up = self._checked("silu_gate", gate, up)
        _expect("silu_gate", "up", up, gate.shape)
        out = self.cupy.empty_like(gate)
        return self._launch("silu_gate", element_launch(out.size), out, (gate, up, out, self.cupy.int64(out.size)))

    def layer_norm(self, x: Array, weight: Array | None = None, bias: Array | None = None, *, eps: float) -> Array:
        """ops.norm.layer_norm; an absent weight is 1, an absent bias 0."""
        (x,) = self._checked("layer_norm", x)
        weight = self.cupy.ones(x.shape[-1:], x.dtype) if weight is None else weight
        bias = self.cupy.zeros(x.shape[-1:], x.dtype) if bias is None else bias
        x, weight, bias = self._checked("layer_norm", x, weight, bias)
        _expect("layer_norm", "weight", weight, x.shape[-1:])
        _expect("layer_norm", "bias", bias, x.shape[-1:])
        return self._over_rows("layer_norm", x, weight, bias, self.cupy.float64(eps))

    def rms_norm(self, x: Array, weight: Array, *, eps: float) -> Array:
        """ops.norm.rms_norm."""
        x, weight = self._checked("rms_norm", x, weight)
        _expect("rms_norm", "weight", weight, x.shape[-1:])
        return self._over_rows("rms_norm", x, weight, self.cupy.float64(eps))

    def scale_norm(self, x: Array, gain: Array, *, eps: float = 1e-12) -> Array:
        """ops.norm.scale_norm."""
        x, gain = self._checked("scale_norm", x, gain)
        _expect("scale_norm", "gain", gain, (1,))
        return self._over_rows("scale_norm", x, gain, self.cupy.float64(eps))

    def depthwise_causal(self, x: Array, weight: Array) -> Array:
        """ops.conv.depthwise_causal."""
        x, weight = self._checked("depthwise_causal", x, weight)
        if x.ndim < 2 or weight.ndim < 1:
            raise ShapeError(f"cupy depthwise_causal: x must have shape (..., S, D), got {x.shape}")
        _expect("depthwise_causal", "weight", weight, (x.shape[-1], weight.shape[-1]))
        out = self.cupy.empty_like(x)
        sizes = [self.cupy.int64(n) for n in (*x.shape[-2:], weight.shape[1], x.size)]
        return self._launch("depthwise_causal", element_launch(x.size), out, (x, weight, out, *sizes))

    def _checked(self, kernel: str, *arrays: Array) -> list[Array]:
        for array in arrays:
            if not isinstance(array, self.cupy.ndarray):
                raise ShapeError(
                    f"cupy {kernel}: needs CuPy arrays, got {type(array).__name__}; move it with to_device"
                )
            if array.dtype.name not in REALS or array.dtype != arrays[0].dtype:
                found = ", ".join(str(getattr(a, "dtype", type(a).__name__)) for a in arrays)
                raise ShapeError(f"cupy {kernel}: needs one dtype, float32 or float64, got {found}")
        return [self.cupy.ascontiguousarray(array).reshape(array.shape) for array in arrays]

    def _launch(self, kernel: str, launch: Launch, out: Array, arguments: tuple[Any, ...]) -> Array:
        if out.size:
            _function(self.cupy, kernel, out.dtype.name)((launch.blocks,), (launch.threads,), arguments)
        return out

    def _over_rows(self, kernel: str, x: Array, *arguments: Any) -> Array:
        if x.ndim == 0 or x.shape[-1] == 0:
            raise ShapeError(f"cupy {kernel}: needs a last axis that is not empty, got shape {x.shape}")
        out, n = self.cupy.empty_like(x), x.shape[-1]
        return self._launch(kernel, row_launch(x.size // n), out, (x, *arguments, out, self.cupy.int64(n)))


def _expect(kernel: str, name: str, array: Array, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ShapeError(f"cupy {kernel}: {name} must have shape {shape}, got {array.shape}")
