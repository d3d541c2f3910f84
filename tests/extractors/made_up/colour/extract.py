"""Film into the colour of each step of the grid, from clips or from single pictures."""

from collections.abc import Iterable

import numpy as np

from colour.model import ColourModel
from extractors.common.layer_groups import LayerSelection, feature_columns, group_features


def clip_features(
    model: ColourModel, clips: Iterable[np.ndarray], *, selection: LayerSelection, final_norm: bool, prepared: bool
) -> np.ndarray:
    """Shapes   clips: each (3,) -> (G, F, clips)."""
    assert prepared

    def of_clip(colour: np.ndarray) -> np.ndarray:
        states = model.iterate_states(colour[None])
        return group_features(states, lambda x: x[0], selection=selection, n_states=model.config.n_states)

    return feature_columns(model, clips, of_clip, selection=selection, progress=None)


def picture_features(model: ColourModel, frames: Iterable[np.ndarray], *, selection: LayerSelection) -> np.ndarray:
    """Shapes   frames: each (height, width, 3) uint8 -> (G, F, T)."""
    processor = model.processor
    clips = (processor.normalize([processor.shrink(video_frame)]) for video_frame in frames)
    return clip_features(model, clips, selection=selection, final_norm=True, prepared=True)
