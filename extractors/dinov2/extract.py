"""Pictures into image features: hidden states averaged over all tokens, then over the states of each layer group."""

from collections.abc import Callable, Iterable, Sized

import numpy as np

from extractors.common.layers import LayerSelection
from extractors.dinov2.model import DinoV2Model
from tribe_np.backend import array_module, to_host
from tribe_np.nn.context import open_context


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
    Source   neuralset 0.0.2 HuggingFaceImage, HuggingFaceMixin._aggregate_tokens, _aggregate_layers
    """
    needed = selection.needed(model.config.n_states)
    columns = []
    for frame in frames:
        pixels, means = model.processor(frame), {}
        for number, state in model.iterate_states(pixels[None], open_context("dinov2", model.kernels)):
            if number in needed:
                means[number] = array_module(state).mean(state[0], axis=0)
            if number == max(needed):
                break
        columns.append(to_host(selection.aggregate(means.items(), model.config.n_states)))
        if progress is not None:
            progress(len(columns), len(frames) if isinstance(frames, Sized) else 0)
    if not columns:
        return np.zeros((len(selection.groups(model.config.n_states)), model.config.model_dim, 0), model.dtype)
    return np.stack(columns, axis=-1)
