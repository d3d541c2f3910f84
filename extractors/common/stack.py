"""A stack of layers, resident in memory or built one at a time: the same code, bit for bit the same numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Layer = TypeVar("Layer", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class LayerStack(Generic[Layer]):
    """Iterating yields layer 0, 1, ... to be called; a streamed one is built when it is called and gone after."""

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

    @property
    def place(self) -> str:
        """Where the weights of the layers are."""
        return "in the file, read layer by layer" if self.resident is None else "in memory"

    def __len__(self) -> int:
        return self.n_layers

    def __iter__(self) -> Iterator[Callable[..., Any]]:
        for i in range(self.n_layers):
            yield self.resident[i] if self.resident is not None else _Streamed(self.build, i)


@dataclass(frozen=True, eq=False)
class _Streamed:
    """Stands for a layer. It holds no weights, so that a loop's variable does not keep one layer beside the next."""

    build: Callable[[int], Callable[..., Any]]
    number: int

    def __call__(self, *arguments: Any) -> Any:
        return self.build(self.number)(*arguments)
