"""The kernel set of a name and a device."""

from tribe_np.backend import device_module, module_name
from tribe_np.errors import ConfigError, MissingDependencyError
from tribe_np.kernels.cupy_set import cupy_set
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.kernels.numba_set import numba_set
from tribe_np.protocols import Device

NAMES = ("reference", "numba", "cupy", "auto")


def kernel_set(name: str, device: Device = "cpu") -> KernelSet:
    """The kernels to build a model with.

    "reference" runs anywhere, "numba" on the CPU, "cupy" on a CUDA device. "auto" takes what is faster on the device
    and installed: CuPy's on CUDA; on the CPU Numba's; else the reference.

    Raises   ConfigError for an unknown name, or one that does not run on the device;
             MissingDependencyError when the named package is not installed
    """
    if name not in NAMES:
        raise ConfigError(f"kernels must be one of {', '.join(NAMES)}, got {name!r}")
    if name == "reference":
        return REFERENCE
    where = module_name(device_module(device))
    if name == "auto":
        return _automatic(where)
    if where != {"numba": "numpy", "cupy": "cupy"}[name]:
        raise ConfigError(f"kernels {name!r} do not run on device {device!r}; use reference or auto")
    return numba_set() if name == "numba" else cupy_set()


def _automatic(where: str) -> KernelSet:
    if where == "cupy":
        return cupy_set()
    if where != "numpy":
        return REFERENCE
    try:
        return numba_set()
    except MissingDependencyError:
        return REFERENCE
