"""Colour: red, green and blue spread over D channels, then x + tanh(W x + b) in each layer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from colour.config import ColourConfig
from extractors.common.model import FolderModel, LayerStack, open_weights
from tribe_np.backend import array_module
from tribe_np.nn.layers import Linear
from tribe_np.protocols import Array, Weights
from tribe_np.runtime import Runtime


class ColourProcessor:
    """What the pipeline asks of a model that reads film."""

    def shrink(self, video_frame: np.ndarray) -> np.ndarray:
        """Shapes   video_frame (height, width, 3) uint8 -> (3,): its mean colour."""
        return video_frame.mean(axis=(0, 1))

    def normalize(self, frames: Iterable[np.ndarray]) -> np.ndarray:
        """Shapes   frames of (3,) -> (3,): the mean of the clip, 0 to 1."""
        return np.mean(list(frames), axis=0) / 255


@dataclass(frozen=True, eq=False)
class Layer:
    """x + tanh(W x + b)."""

    linear: Linear

    @classmethod
    def from_weights(cls, weights: Weights, D: int) -> "Layer":
        """The layer's weights."""
        return cls(Linear.from_weights(weights, D, D, bias=True))

    def __call__(self, x: Array) -> Array:
        """Shapes   x (B, D) -> (B, D)."""
        return x + array_module(x).tanh(self.linear(x))


@dataclass(frozen=True, eq=False, repr=False)
class ColourModel(FolderModel):
    """The model in a folder."""

    tap_prefix: ClassVar[str] = "colour"

    embed: Linear
    processor: ColourProcessor

    @classmethod
    def load(cls, folder: str | Path, runtime: Runtime) -> Self:
        """See FolderModel."""
        config = ColourConfig.from_folder(folder)
        weights = open_weights(folder, runtime, lambda name: name)
        embed = Linear.from_weights(weights.at("embed"), 3, config.model_dim, bias=False)
        layers = LayerStack.load(
            lambda i: Layer.from_weights(weights.at("layers", i), config.model_dim), config.n_layers,
            streaming=runtime.streaming,
        )  # fmt: skip
        weights.finish(ignore={})
        return cls(config, layers, runtime, embed, ColourProcessor())

    def iterate_states(self, colours: Array) -> Iterator[tuple[int, Array]]:
        """Shapes   colours (B, 3) -> states (B, D)."""
        ctx = self.context()
        x = ctx.see("embedded", self.embed(self.runtime.place(colours).astype(self.runtime.dtype)))
        yield 0, x
        for i, layer in enumerate(self.layers):
            x = ctx.at("layers", i).see("output", layer(x))
            yield i + 1, x
