"""What the models share: how one is read from its folder, and a stack of layers, resident or built one at a time."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np

from extractors.common.config import ModelConfig
from tribe_np.card import Card
from tribe_np.formats.weights import WeightTree, open_folder
from tribe_np.kernels.kernel_set import KernelSet
from tribe_np.nn.context import Context, open_context
from tribe_np.protocols import Device
from tribe_np.runtime import Runtime

Layer = TypeVar("Layer", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class LayerStack(Generic[Layer]):
    """Iterating yields layer 0, 1, ... to be called; a streamed one is built when it is called and gone after.

    Both ways run the same code and give the same numbers, bit for bit.
    """

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


def open_weights(folder: str | Path, runtime: Runtime, rename: Callable[[str], str]) -> WeightTree:
    """The weights of a folder, read as `runtime` says; `rename` maps each stored name to the model's own.

    Raises   CheckpointError as `open_folder`
    """
    return open_folder(
        folder, dtype=runtime.dtype, place=runtime.place, headers_only=runtime.headers_only, rename=rename
    )


@dataclass(frozen=True, eq=False, repr=False)
class FolderModel(Card):
    """A model that a HuggingFace folder holds; each model adds its own weights to these fields."""

    tap_prefix: ClassVar[str]  # of the names of its intermediates
    stored_prefix: ClassVar[str] = ""  # of its tensors' names in the file of a model that has a head

    config: ModelConfig
    layers: LayerStack[Any]
    runtime: Runtime

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        *,
        precision: str = Runtime.precision,
        device: Device = Runtime.device,
        kernels: KernelSet = Runtime.kernels,
        streaming: bool = Runtime.streaming,
    ) -> Self:
        """The model in a folder, to be run as `Runtime` says; see `load`."""
        return cls.load(folder, Runtime(precision, device, kernels, streaming))

    @classmethod
    @abstractmethod
    def load(cls, folder: str | Path, runtime: Runtime) -> Self:
        """The model in a folder with config.json, safetensors weights and whatever else it needs.

        Raises   CheckpointError for files that are missing or damaged; ConfigError for what is not implemented
        """

    @classmethod
    def own_name(cls, stored: str) -> str:
        """The model's own name of a tensor, from the one in a file."""
        return stored.removeprefix(cls.stored_prefix)

    def facts(self) -> dict[str, object]:
        """See Card."""
        config, runtime = self.config, self.runtime
        sizes = {"layers": config.n_layers, "width": config.model_dim, "heads": config.n_heads}
        how = {"dtype": np.dtype(runtime.dtype).name, "kernels": runtime.kernels.name}
        return {**sizes, "weights": self.layers.place, **how}

    def context(self) -> Context:
        """The context of one public call, for `iterate_states`."""
        return open_context(self.tap_prefix, self.runtime.kernels)
