"""Shapes of the things that packages hand to one another; typing only.

`Array` is any array of the swappable module (NumPy, CuPy, or a stand-in that implements the same names), so it
cannot be a single static type.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

Array: TypeAlias = Any
Device: TypeAlias = Any  # "cpu", "cuda", or an array module
See: TypeAlias = Callable[[str, Array], Array]
"""`Context.see` for those who know no context: shows an array by name and gives what to go on with."""


class Tap(Protocol):
    """Whoever listens to a forward pass (`tribe_np.trace`)."""

    def __call__(self, name: str, array: Array, /) -> None:
        """Called with each named intermediate when it has been computed.

        The array is the model's own: a tap copies what it keeps, and changes nothing.
        """


class Weights(Protocol):
    """A lazily read tree of named arrays: names and shapes are known before any byte is read.

    `take` marks a tensor as used and returns it in the tree's dtype on the tree's device; `finish` fails on
    tensors that nobody took.
    """

    def at(self, *parts: str | int) -> "Weights":
        """The subtree below a dotted prefix."""

    def has(self, name: str) -> bool:
        """Whether the tensor is there."""

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor from the header; CheckpointError when it is missing."""

    def take(self, name: str, shape: tuple[int, ...], columns: Any = None) -> Array:
        """The tensor, or host indices `columns` of its last axis; CheckpointError when missing, misshapen, with NaN."""

    def skip(self, name: str, shape: tuple[int, ...]) -> None:
        """Marks a tensor of any dtype as used, without reading it; CheckpointError when missing or of another shape."""

    def rows(self, name: str, shape: tuple[int, ...]) -> Callable[[Any], Array]:
        """A function from host indices to rows of a table that stays in its file; CheckpointError as for `take`."""

    def finish(self, ignore: Mapping[str, str]) -> None:
        """CheckpointError when tensors are left over, other than names that start with a key of `ignore`."""
