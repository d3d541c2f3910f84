"""Clips into video features: hidden states averaged over all tokens, then over the states of each layer group."""

from collections.abc import Callable, Iterable, Sized

import numpy as np

from extractors.common.layers import LayerSelection
from extractors.vjepa2.model import VJepa2Model
from tribe_np.backend import array_module, to_host
from tribe_np.nn.context import open_context


def video_features(
    model: VJepa2Model,
    clips: Iterable[np.ndarray],
    *,
    selection: LayerSelection,
    final_norm: bool,
    progress: Callable[[int, int], object] | None = None,
    shrunk: bool = False,
) -> np.ndarray:
    """Features of one chunk, a column per clip; `progress` is called with the clips done and in all (0: not known).

    Shapes   clips: each (n_video_frames, height, width, 3) uint8 -> (G, F, n_clips) on the host, in the model's dtype
    Numerics token mean of each needed state, then the group's mean; no clips give (G, F, 0)
    `shrunk` says that the frames went through `model.processor.shrink` already (as they were decoded, say).
    Source   neuralset 0.0.2 HuggingFaceVideo._get_data, HuggingFaceMixin._aggregate_tokens, _aggregate_layers
    """
    needed = selection.needed(model.config.n_states)
    columns = []
    for clip in clips:
        pixels = model.processor.normalize(clip) if shrunk else model.processor(clip)
        ctx = open_context("vjepa2", model.kernels)
        means = {}
        for number, state in model.iterate_states(pixels[None], ctx, final_norm=final_norm):
            if number in needed:
                means[number] = array_module(state).mean(state[0], axis=0)
        columns.append(to_host(selection.aggregate(means.items(), model.config.n_states)))
        if progress is not None:
            progress(len(columns), len(clips) if isinstance(clips, Sized) else 0)
    if not columns:
        n_groups = len(selection.groups(model.config.n_states))
        return np.zeros((n_groups, model.config.model_dim, 0), model.dtype)
    return np.stack(columns, axis=-1)
