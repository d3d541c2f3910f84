"""Loudness: a number per step, spread over D channels, then x + tanh(W x + b) in each layer."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from extractors.common.model import FolderModel, LayerStack, open_weights
from loudness.config import LoudnessConfig
from tribe_np.backend import array_module
from tribe_np.nn.layers import Linear
from tribe_np.protocols import Array, Weights
from tribe_np.runtime import Runtime


@dataclass(frozen=True, eq=False)
class Layer:
    """x + tanh(W x + b)."""

    linear: Linear

    @classmethod
    def from_weights(cls, weights: Weights, D: int) -> "Layer":
        """The layer's weights."""
        return cls(Linear(weights.take("weight", (D, D)), weights.take("bias", (D,))))

    def __call__(self, x: Array) -> Array:
        """Shapes   x (S, D) -> (S, D)."""
        return x + array_module(x).tanh(self.linear(x))


@dataclass(frozen=True, eq=False, repr=False)
class LoudnessModel(FolderModel):
    """The model in a folder."""

    tap_prefix: ClassVar[str] = "loudness"

    gain: Array  # (D,)

    @classmethod
    def load(cls, folder: str | Path, runtime: Runtime) -> Self:
        """See FolderModel."""
        config = LoudnessConfig.from_folder(folder)
        weights = open_weights(folder, runtime, lambda name: name)
        gain = weights.take("gain", (config.model_dim,))
        layers = LayerStack.load(
            lambda i: Layer.from_weights(weights.at("layers", i), config.model_dim), config.n_layers,
            streaming=runtime.streaming,
        )  # fmt: skip
        weights.finish(ignore={})
        return cls(config, layers, runtime, gain)

    def iterate_states(self, loudness: Array) -> Iterator[tuple[int, Array]]:
        """Shapes   loudness (S,) -> states (S, D)."""
        ctx = self.context()
        x = ctx.see("embedded", loudness[:, None] * self.gain)
        yield 0, x
        for i, layer in enumerate(self.layers):
            x = ctx.at("layers", i).see("output", layer(x))
            yield i + 1, x
