"""What a backward pass carries along: the forward pass's intermediates, and the tap that is shown their gradients.

A layer with a backward pass has a method `vjp` (vector-Jacobian product). It takes what the layer was called with and
the gradient of what it returned, and returns the gradient of its input and those of its weights, by the names that
these have in the checkpoint below the layer. What lies between is not computed again: the forward pass shows its
intermediates to a tap, and `keeping` keeps them, by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from tribe_np.nn.context import Context, Listener
from tribe_np.protocols import Array

Named: TypeAlias = dict[str, Array]  # gradients of weights, by their names in the checkpoint

GRADIENT = "gradient"
"""Before the names of a model's intermediates: a trace hears their gradients as `gradient.encoder.layers.0.query`."""


@dataclass(frozen=True)
class Backward:
    """Handed to every layer's `vjp` as `back`; immutable, as `Context` is."""

    kept: Mapping[str, Array]  # the intermediates, by their names below the model's prefix
    ctx: Context  # shows gradients; its path is `gradient.` and the model's prefix
    path: str = ""  # of the layer, below that
    wants_weights: bool = True  # False: gradients of inputs alone, at half the cost

    def took(self, name: str) -> Array:
        """The intermediate that the layer showed as `name`."""
        return self.kept[self._full(name)]

    def see(self, name: str, gradient: Array) -> Array:
        """`gradient` itself, after showing it to the tap under the name of the intermediate that it belongs to."""
        return self.ctx.see(self._full(name), gradient)

    def at(self, *parts: str | int) -> "Backward":
        """What a sub-layer is handed: the path extended by `parts`."""
        return replace(self, path=self._full(".".join(map(str, parts))))

    def silent(self) -> "Backward":
        """The same without a tap."""
        return replace(self, ctx=Context(self.ctx.kernels))

    def _full(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def keeping(ctx: Context) -> tuple[Context, dict[str, Array]]:
    """A context for a forward pass that shows what it shows to `ctx`, and keeps it, by the name below its path."""
    kept: dict[str, Array] = {}

    def keep(name: str, array: Array) -> None:
        ctx.see(name, array)  # what an edit puts in its place is not what this pass goes on with
        kept[name] = array

    return Context(ctx.kernels, (Listener(keep),)), kept


def under(prefix: str | int, gradients: Named) -> Named:
    """The same gradients with the names that they have one level up."""
    return {f"{prefix}.{name}": gradient for name, gradient in gradients.items()}
