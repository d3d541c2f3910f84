"""What a backward pass of the encoder returns, and what training leaves out of a forward pass."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tribe_np.backend import array_module, to_device
from tribe_np.encoder.config import EncoderConfig
from tribe_np.protocols import Array


@dataclass(frozen=True, eq=False)
class Gradients:
    """Gradients of one number that a prediction was reduced to, on the model's device, in its dtype."""

    features: Mapping[str, Array]  # each modality's, in the shape in which it was given
    weights: Mapping[str, Array]  # by the checkpoint's names and in its shapes; empty when they were not asked for


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What training replaces by zeros: whole modalities of some examples, and single steps."""

    modalities: Mapping[str, np.ndarray] = field(default_factory=dict)  # (B,) booleans, after the projector
    steps: np.ndarray | None = None  # (B, S) booleans, after the modalities are put together

    @classmethod
    def drawn(
        cls, config: EncoderConfig, modalities: list[str], shape: tuple[int, int], generator: np.random.Generator
    ) -> "LeftOut":
        """A draw with the probabilities of the configuration; `shape` is (B, S), as put together.

        Numerics one uniform number a modality and example, then one a step: in upstream's order
        Source   tribev2 7239908 model.FmriEncoderModel.aggregate_features
        """
        lost: dict[str, np.ndarray] = {}
        if config.modality_dropout > 0:
            lost = {m: generator.random(shape[0]) < config.modality_dropout for m in modalities}
        steps = generator.random(shape) < config.temporal_dropout if config.temporal_dropout > 0 else None
        return cls(lost, steps)

    def without(self, modality: str, x: Array) -> Array:
        """Shapes   x (B, T, D) -> (B, T, D), zero in the examples that lack the modality; also of a gradient."""
        lost = self.modalities.get(modality)
        return x if lost is None else _kept(x, lost[:, None, None])

    def without_steps(self, x: Array) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D), zero in the steps that are left out; also of a gradient."""
        return x if self.steps is None else _kept(x, self.steps[..., None])


def _kept(x: Array, lost: np.ndarray) -> Array:
    return x * to_device((~lost).astype(x.dtype), array_module(x))
