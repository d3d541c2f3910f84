"""Everything that a run of a kit's model depends on.

A mistake, a precision, an order of summation are all a change of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.nn.context import Edit
from tribe_np.protocols import Device, Tap
from tribe_np.runtime import Runtime


@dataclass(frozen=True, eq=False)
class Setup:
    """Everything that a run of a kit's model depends on; `dataclasses.replace` makes another.

    Fields   model a name of the catalogue of kit models; config as config.json; weights by upstream's names; inputs by
             the kit's; edits from a pattern of tap names to what the pass goes on with instead, in order; taps hear
             what it goes on with in the end, so that a later edit can be made of earlier intermediates; layers (first,
             stop) that are run alone, from the input "stream" where others come before them; device as a Runtime has
             it: an array module puts weights and inputs into arrays of its own
    """

    model: str
    config: Mapping[str, Any]
    weights: Mapping[str, np.ndarray]
    inputs: Mapping[str, np.ndarray]
    kernels: KernelSet = REFERENCE
    edits: tuple[tuple[str, Edit], ...] = ()
    taps: tuple[tuple[str, Tap], ...] = ()
    precision: str = "float64"
    layers: tuple[int, int] | None = None
    device: Device = "cpu"

    @property
    def runtime(self) -> Runtime:
        """How the model is to be built."""
        return Runtime(self.precision, self.device, self.kernels)
