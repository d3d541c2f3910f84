"""Clips into video features: hidden states averaged over all tokens, then over the states of each layer group."""

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
from extractors.vjepa2.model import VJepa2Model
from tribe_np.nn.context import Context
from tribe_np.nn.stages import SILENT, open_stage


def video_features(
    model: VJepa2Model,
    clips: Iterable[np.ndarray],
    *,
    selection: LayerSelection,
    final_norm: bool,
    progress: Callable[[int, int], object] | None = None,
    prepared: bool = False,
) -> np.ndarray:
    """Features of one chunk, a column per clip; `progress` is called with the clips done and in all (0: not known).

    Shapes   clips: each (n_video_frames, height, width, 3) uint8 -> (G, F, n_clips) on the host, in the model's dtype
    Numerics token mean of each needed state, then the group's mean; no clips give (G, F, 0)
    `prepared` says that each clip is pixels already, what `model.processor` gives: (n_video_frames, 3, *crop_size).
    Raises   NotFiniteError, naming the layer, at the first state with NaN or infinity
    Source   neuralset 0.0.2 HuggingFaceVideo._get_data, HuggingFaceMixin._aggregate_tokens, _aggregate_layers
    """

    numbers = count()

    def of_clip(clip: np.ndarray) -> np.ndarray:
        pixels = clip if prepared else model.processor(clip)
        ctx = open_stage("video.0", next(numbers))
        return clip_features(model, pixels, selection=selection, final_norm=final_norm, ctx=ctx)

    return feature_columns(model, clips, of_clip, selection=selection, progress=progress)


def clip_features(
    model: VJepa2Model, pixels: np.ndarray, *, selection: LayerSelection, final_norm: bool, ctx: Context = SILENT
) -> np.ndarray:
    """Features of one clip: pixels -> hidden states (1, S, D) -> their means over all tokens (D,) -> layer groups.

    Shapes   pixels (n_video_frames, 3, height, width) -> (G, F) with F = D, on the host, in the model's dtype
    Raises   NotFiniteError as `video_features`
    Source   neuralset 0.0.2 HuggingFaceMixin._aggregate_tokens, _aggregate_layers
    """
    pixels = ctx.see("pixels", pixels)
    states = finite_states(
        model.iterate_states(pixels[None], model.context(), final_norm=final_norm), model="video",
        first="patch_embeddings", layers="layer", n_layers=model.config.n_layers, final_norm=final_norm,
    )  # fmt: skip
    features = group_features(states, mean_over_tokens, selection=selection, n_states=model.config.n_states, ctx=ctx)
    seen: np.ndarray = ctx.see("features", finite_features(features, model="video"))
    return seen
