"""Pictures into image features: hidden states averaged over all tokens, then over the states of each layer group."""

from collections.abc import Callable, Iterable
from itertools import count

import numpy as np

from extractors.common.layer_groups import (
    LayerSelection,
    feature_columns,
    finite_features,
    finite_states,
    group_features,
    mean_over_tokens,
)
from extractors.dinov2.model import DinoV2Model
from tribe_np.nn.context import Context
from tribe_np.nn.stages import SILENT, open_stage


def image_features(
    model: DinoV2Model,
    frames: Iterable[np.ndarray],
    *,
    selection: LayerSelection,
    progress: Callable[[int, int], object] | None = None,
) -> np.ndarray:
    """Features of one chunk, a column per picture; `progress` is called with the pictures done and in all (0: unknown).

    Shapes   frames: each (height, width, 3) uint8 -> (G, F, n) on the host, in the model's dtype
    Numerics token mean (class token included) of each needed state, then the group's mean; layers above are not run
    Raises   NotFiniteError, naming the layer, at the first state with NaN or infinity
    Source   neuralset 0.0.2 HuggingFaceImage, HuggingFaceMixin._aggregate_tokens, _aggregate_layers
    """

    numbers = count()

    def of_picture(video_frame: np.ndarray) -> np.ndarray:
        ctx = open_stage("image.0", next(numbers))
        return picture_features(model, model.processor(ctx.see("picture", video_frame)), selection=selection, ctx=ctx)

    return feature_columns(model, frames, of_picture, selection=selection, progress=progress)


def picture_features(
    model: DinoV2Model, pixels: np.ndarray, *, selection: LayerSelection, ctx: Context = SILENT
) -> np.ndarray:
    """Features of one picture: pixels -> hidden states (1, S, D) -> their means over all tokens (D,) -> layer groups.

    Shapes   pixels (3, height, width) -> (G, F) with F = D, on the host, in the model's dtype
    Raises   NotFiniteError as `image_features`
    Source   neuralset 0.0.2 HuggingFaceMixin._aggregate_tokens, _aggregate_layers
    """
    pixels = ctx.see("pixels", pixels)
    states = finite_states(
        model.iterate_states(pixels[None], model.context()), model="image", first="embeddings", layers="layer",
        n_layers=model.config.n_layers,
    )  # fmt: skip
    features = group_features(states, mean_over_tokens, selection=selection, n_states=model.config.n_states, ctx=ctx)
    seen: np.ndarray = ctx.see("features", finite_features(features, model="image"))
    return seen
