"""How a model is to be run: in which arithmetic, where, with which kernels. One value instead of four arguments."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.backend import device_module, dtype_of, module_name, to_device
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.protocols import Array, Device


@dataclass(frozen=True)
class Runtime:
    """How to run a model: every model is loaded with one, and a run of several models passes it on.

    Fields   precision "float32" or "float64"; device a name or an array module; kernels the hot operations; streaming
             reads each layer's weights when it is reached, instead of keeping them (the same numbers); headers_only
             reads none: a model built so tells, in milliseconds and without memory, whether a folder fits its
             configuration, and is not to be run
    """

    precision: str = "float32"
    device: Device = "cpu"
    kernels: KernelSet = REFERENCE
    streaming: bool = False
    headers_only: bool = False

    @property
    def dtype(self) -> Any:
        """The NumPy dtype of the precision.

        Raises   ConfigError for an unknown one
        """
        return dtype_of(self.precision)

    def place(self, array: Array) -> Array:
        """The array on the device."""
        return to_device(array, self.device)

    @property
    def is_on_host(self) -> bool:
        """Whether arrays are NumPy's."""
        return device_module(self.device) is np

    @property
    def device_name(self) -> str:
        """The array module's name; see `module_name`."""
        return module_name(device_module(self.device))
