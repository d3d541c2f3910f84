"""What a backward pass of the encoder returns, how it takes modalities apart, and what training leaves out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from tribe_np.backend import array_module, to_device, to_host
from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.protocols import Array


@dataclass(frozen=True, eq=False)
class Gradients:
    """Gradients of one number that a prediction was reduced to, on the model's device, in its dtype."""

    features: Mapping[str, Array]  # each modality's, in the shape in which it was given
    weights: Mapping[str, Array]  # by the checkpoint's names and in its shapes; empty when they were not asked for

    def on_host(self) -> "Gradients":
        """The same as NumPy arrays."""
        features, weights = ({name: to_host(x) for name, x in part.items()} for part in (self.features, self.weights))
        return Gradients(features, weights)


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What training replaces by zeros: whole modalities of some examples, and single steps."""

    modalities: Mapping[str, np.ndarray] = field(default_factory=dict)  # (B,) booleans, after the projector
    steps: np.ndarray | None = None  # (B, S) booleans, after the modalities are put together

    @classmethod
    def drawn(
        cls,
        config: EncoderConfig,
        build_args: BuildArgs,
        features: Mapping[str, Array],
        generator: np.random.Generator,
    ) -> "LeftOut":
        """A draw with the probabilities of the configuration.

        Shapes   features {modality: (B, G, F, T) or (B, F, T)}
        Numerics one uniform number a modality and example, then one an example and step: upstream's order
        Source   tribev2 7239908 model.FmriEncoderModel.aggregate_features
        """
        lost: dict[str, np.ndarray] = {}
        known = build_args.feature_dims
        n_windows, *_, n_steps = next(features[m].shape for m in known if m in features)
        if config.modality_dropout > 0:
            projected = [m for m, dims in known.items() if dims is not None and m in features]
            lost = {m: generator.random(n_windows) < config.modality_dropout for m in projected}
        if config.temporal_dropout <= 0:
            return cls(lost)
        if config.extractor_aggregation == "stack":
            n_steps = sum(features[m].shape[-1] if m in features else n_steps for m in known)
        return cls(lost, generator.random((n_windows, n_steps)) < config.temporal_dropout)

    def part(self, windows: slice) -> "LeftOut":
        """What is left out of some windows."""
        return LeftOut(
            {modality: lost[windows] for modality, lost in self.modalities.items()},
            None if self.steps is None else self.steps[windows],
        )

    def without(self, modality: str, x: Array) -> Array:
        """Shapes   x (B, T, D) -> (B, T, D), zero in the examples that lack the modality; also of a gradient."""
        lost = self.modalities.get(modality)
        return x if lost is None else _kept(x, lost[:, None, None])

    def without_steps(self, x: Array) -> Array:
        """Shapes   x (B, S, D) -> (B, S, D), zero in the steps that are left out; also of a gradient."""
        return x if self.steps is None else _kept(x, self.steps[..., None])


def shares(arrays: Mapping[str, Array], config: EncoderConfig, build_args: BuildArgs) -> dict[str, tuple[slice, ...]]:
    """Where each modality of the checkpoint lies in (B, S, D) when they are put together.

    Shapes   arrays {modality: (B, G, F, T)}
    """
    known = build_args.feature_dims
    if config.extractor_aggregation == "sum":
        return dict.fromkeys(known, (slice(None),))
    n_steps = next(iter(arrays.values())).shape[-1]
    is_stack = config.extractor_aggregation == "stack"
    sizes = [config.hidden // len(known)] * len(known)
    if is_stack:
        sizes = [arrays[modality].shape[-1] if modality in arrays else n_steps for modality in known]
    before = (slice(None),) * (1 if is_stack else 2)
    stops = accumulate(sizes)
    return {m: (*before, slice(stop - size, stop)) for m, size, stop in zip(known, sizes, stops, strict=True)}


def joined_groups_vjp(grad: Array, shape: tuple[int, ...], config: EncoderConfig) -> Array:
    """The gradient of features (B, G, F, T), which is `shape`, from that of joined_groups of them.

    Shapes   grad (B, T, G * F), or (B, T, F) for the mean over groups -> (B, G, F, T)
    """
    grad = grad.transpose(0, 2, 1)
    if config.layer_aggregation == "mean":
        return array_module(grad).repeat(grad[:, None] / shape[1], shape[1], axis=1)
    return grad.reshape(shape)


def _kept(x: Array, lost: np.ndarray) -> Array:
    return x * to_device((~lost).astype(x.dtype), array_module(x))
