"""A stack of layers, resident in memory or built one at a time: the same code, bit for bit the same numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Layer = TypeVar("Layer")


@dataclass(frozen=True, eq=False)
class LayerStack(Generic[Layer]):
    """Iterating yields layer 0, 1, ...; a streamed layer is built when reached and dropped after."""

    build: Callable[[int], Layer]
    n_layers: int
    resident: tuple[Layer, ...] | None

    @classmethod
    def load(cls, build: Callable[[int], Layer], n_layers: int, *, streaming: bool = False) -> "LayerStack[Layer]":
        """Builds every layer once, so that bad weights fail here; keeps them unless `streaming`."""
        if not streaming:
            return cls(build, n_layers, tuple(build(i) for i in range(n_layers)))
        for i in range(n_layers):
            build(i)
        return cls(build, n_layers, None)

    def __len__(self) -> int:
        return self.n_layers

    def __iter__(self) -> Iterator[Layer]:
        for i in range(self.n_layers):
            yield self.resident[i] if self.resident is not None else self.build(i)
