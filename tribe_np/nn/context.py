"""What a forward pass carries along: the kernels, the tap, and the path of the layer that is running."""

from contextvars import ContextVar
from dataclasses import dataclass, replace

from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.protocols import Array, Tap

ACTIVE_TAP: ContextVar[Tap | None] = ContextVar("tribe_np_tap", default=None)
"""The tap set by `tribe_np.trace`: the only ambient state, read once by each public call."""


@dataclass(frozen=True)
class Context:
    """Handed to every layer as `ctx`; immutable, so a layer cannot change what its siblings see."""

    kernels: KernelSet = REFERENCE
    tap: Tap | None = None
    path: str = ""

    def see(self, name: str, array: Array) -> None:
        """Show an intermediate to the tap, if there is one, under path.name; a tap copies and cannot change values."""
        if self.tap is not None:
            self.tap(f"{self.path}.{name}" if self.path else name, array)

    def at(self, *parts: str | int) -> "Context":
        """The context of a sub-layer: the path extended by `parts`."""
        if self.tap is None:
            return self
        return replace(self, path=".".join([*([self.path] if self.path else []), *map(str, parts)]))


def open_context(model: str, kernels: KernelSet) -> Context:
    """The context of one public call of `model` (the prefix of its tap names); reads the ambient tap once."""
    return Context(kernels=kernels, tap=ACTIVE_TAP.get(), path=model)
