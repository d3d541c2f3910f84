"""What a forward pass carries along: the kernels, the tap, and the path of the layer that is running.

The tap that `trace` sets is the one thing that a caller sets around a call instead of handing it in. A pass meets
other state of the process as well, none of which belongs to a model: compiled kernels and tables remembered by their
arguments (only time depends on them), CuPy's current device, and the threads of BLAS and Numba. Attention lends itself
the threads of BLAS while it runs (`kernels.workers`). Their number may change how a sum is rounded, and nothing else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from tribe_np.backend import array_module
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.protocols import Array, Tap


class Listening(NamedTuple):
    """A tap, and which names it hears."""

    tap: Tap
    pattern: str  # shell style


LISTENING: ContextVar[Listening | None] = ContextVar("tribe_np_tap", default=None)
"""Set by `tribe_np.trace`, read once by each public call."""


@dataclass(frozen=True)
class Context:
    """Handed to every layer as `ctx`; immutable, so a layer cannot change what its siblings see."""

    kernels: KernelSet = REFERENCE
    tap: Tap | None = None
    path: str = ""
    pattern: str = "*"  # of the names that the tap hears

    def see(self, name: str, array: Array) -> Array:
        """`array` itself, after showing it to the tap, if there is one, under path.name.

        So a formula names what it computes: `query = ctx.see("query", self.to_q(x))`.
        """
        if self.tap is not None:
            full = f"{self.path}.{name}" if self.path else name
            if fnmatchcase(full, self.pattern):
                self.tap(full, array)
        return array

    def at(self, *parts: str | int) -> "Context":
        """The context of a sub-layer: the path extended by `parts`."""
        if self.tap is None:
            return self
        return replace(self, path=".".join([*([self.path] if self.path else []), *map(str, parts)]))

    @contextmanager
    def joined(self, n_parts: int, *, axis: int) -> Iterator["Context"]:
        """A context for steps that run once per part; at its end the tap sees each intermediate once, in one piece.

        Numerics shows what the parts computed, one after the other along `axis`: a trace changes no bit
        """
        if self.tap is None or n_parts == 1:
            yield self
            return
        pieces: dict[str, list[Array]] = {}
        yield replace(self, tap=lambda name, array: pieces.setdefault(name, []).append(array.copy()))
        for name, arrays in pieces.items():
            self.tap(name, array_module(*arrays).concatenate(arrays, axis=axis))


def open_context(model: str, kernels: KernelSet) -> Context:
    """The context of one public call of `model` (the prefix of its tap names); reads the ambient tap once."""
    listening = LISTENING.get()
    if listening is None:
        return Context(kernels, path=model)
    return Context(kernels, listening.tap, model, listening.pattern)
