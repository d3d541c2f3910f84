"""Pictures into image features: hidden states averaged over all tokens, then over the states of each layer group."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from extractors.common.finite import finite_states
from extractors.common.layers import LayerSelection
from extractors.common.token_means import token_mean_features
from extractors.dinov2.model import DinoV2Model
from tribe_np.protocols import Array


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

    def states(video_frame: np.ndarray) -> Iterator[tuple[int, Array]]:
        running = model.iterate_states(model.processor(video_frame)[None], model.context())
        n_layers = model.config.n_layers
        return finite_states(running, model="image", first="embeddings", layers="layer", n_layers=n_layers)

    return token_mean_features(
        frames,
        states,
        selection=selection,
        n_states=model.config.n_states,
        model_dim=model.config.model_dim,
        dtype=model.runtime.dtype,
        progress=progress,
    )
