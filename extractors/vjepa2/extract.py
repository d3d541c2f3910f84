"""Clips into video features: hidden states averaged over all tokens, then over the states of each layer group."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from extractors.common.finite import finite_states
from extractors.common.layers import LayerSelection
from extractors.common.token_means import token_mean_features
from extractors.vjepa2.model import VJepa2Model
from tribe_np.protocols import Array


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
    Raises   NotFiniteError, naming the layer, at the first state with NaN or infinity
    Source   neuralset 0.0.2 HuggingFaceVideo._get_data, HuggingFaceMixin._aggregate_tokens, _aggregate_layers
    """

    def states(clip: np.ndarray) -> Iterator[tuple[int, Array]]:
        pixels = model.processor.normalize(clip) if shrunk else model.processor(clip)
        running = model.iterate_states(pixels[None], model.context(), final_norm=final_norm)
        return finite_states(
            running, model="video", first="patch_embeddings", layers="layer", n_layers=model.config.n_layers,
            final_norm=final_norm,
        )  # fmt: skip

    return token_mean_features(
        clips,
        states,
        selection=selection,
        n_states=model.config.n_states,
        model_dim=model.config.model_dim,
        dtype=model.runtime.dtype,
        progress=progress,
    )
