"""The swappable array module: which one an array belongs to, and the only transfers between host and device.

The array decides (SciPy's rule): every op starts with ``xp = array_module(x, ...)``. Mixing modules is an error,
never a silent copy. A device is "cpu" (NumPy), "cuda" (CuPy), or any module-like object with the same names.
"""

import re
import sys
from typing import Any

import numpy as np
import scipy.special

from tribe_np.errors import ConfigError, MissingDependencyError, ShapeError
from tribe_np.optional import require
from tribe_np.protocols import Array, Device

PRECISIONS = {"float32": np.float32, "float64": np.float64}


def array_module(*arrays: Array) -> Any:
    """The module (numpy, cupy, ...) that all given arrays belong to; None and Python numbers are ignored.

    Raises   ShapeError when arrays of two modules are mixed, or nothing given is an array
    """
    found: Any = None
    for array in arrays:
        if array is None or isinstance(array, (int, float, bool)):
            continue
        module = _module_of(array)
        if found is not None and module is not found:
            raise ShapeError(
                f"arrays of two modules are mixed: {module_name(found)} and {module_name(module)}; "
                "move them with to_device or to_host first"
            )
        found = module
    if found is None:
        raise ShapeError(f"no array given, got {[type(array).__name__ for array in arrays]}")
    return found


def _module_of(array: Array) -> Any:
    if isinstance(array, (np.ndarray, np.generic)):
        return np
    root = type(array).__module__.partition(".")[0]
    if root == "cupy":
        return sys.modules["cupy"]
    namespace = getattr(array, "__array_namespace__", None)
    if namespace is None:
        raise ShapeError(f"not an array of a known module: {type(array).__name__}; pass a NumPy or CuPy array")
    return namespace()


def module_name(module: Any) -> str:
    """What an array module is called, as cache keys and run.json have it: "numpy", "cupy"."""
    return str(getattr(module, "__name__", type(module).__name__))


def dtype_of(precision: str) -> Any:
    """The NumPy dtype of a `precision` option.

    Raises   ConfigError for a name that is not implemented
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    return PRECISIONS[precision]


def cupy_module(number: int | None = None) -> Any:
    """CuPy, with a device to run on; with a number, that device is the current one of this thread from here on.

    Raises   MissingDependencyError: three messages, for not installed, not importable, and no device; ConfigError for
             a number that no device has
    """
    try:
        cupy = require("cupy", extra="cuda12", why="--device cuda")
    except MissingDependencyError as error:
        raise MissingDependencyError(f"{error} (or tribe_np[cuda13]). Or use --device cpu") from error
    try:
        n_devices = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise MissingDependencyError(
            f"--device cuda: CuPy finds no usable CUDA driver ({error}). Use --device cpu"
        ) from error
    if n_devices == 0:
        raise MissingDependencyError("--device cuda: CuPy is installed but finds no CUDA device. Use --device cpu")
    if number is not None:
        if number >= n_devices:
            raise ConfigError(f"device cuda:{number}: this machine has {n_devices}; the first is cuda:0")
        cupy.cuda.Device(number).use()
    return cupy


def device_module(device: Device) -> Any:
    """The array module of a device: "cpu", "cuda", "cuda:1", "auto" (cuda where it works), or a module given as such.

    Raises   ConfigError for another name; MissingDependencyError for cuda where it does not work
    """
    if device == "cpu":
        return np
    if isinstance(device, str) and (device == "cuda" or re.fullmatch(r"cuda:[0-9]{1,3}", device)):
        return cupy_module(int(device[5:]) if device[5:] else None)
    if device == "auto":
        try:
            return cupy_module()
        except MissingDependencyError:
            return np
    if hasattr(device, "asarray"):
        return device
    raise ConfigError(f"device must be auto, cpu, cuda or cuda:N, got {device!r:.60}")


def to_device(array: Array, device: Device) -> Array:
    """`array` (host or already there) on the device; a host array on "cpu" is returned as it is, without a copy."""
    return device_module(device).asarray(array)


def to_host(array: Array) -> np.ndarray:
    """`array` as a NumPy array: the only way back from a device."""
    if isinstance(array, np.ndarray):
        return array
    module = _module_of(array)
    if module is np:
        return np.asarray(array)
    return np.asarray(module.asnumpy(array))


def erf(x: Array) -> Array:
    """Elementwise error function, same shape, dtype and module (NumPy has none: SciPy's, or CuPy's copy of it)."""
    xp = array_module(x)
    if xp is np:
        return scipy.special.erf(x)
    if module_name(xp) == "cupy":
        return require("cupyx.scipy.special", extra="cuda12", why="--device cuda").erf(x)
    return xp.special.erf(x)
