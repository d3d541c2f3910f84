"""Sound into the loudness of each step of the grid."""

import numpy as np

from extractors.common.layer_groups import LayerSelection
from loudness.model import LoudnessModel
from tribe_np.backend import to_host
from tribe_np.timeline.features import to_index


def loudness_features(
    model: LoudnessModel,
    samples: np.ndarray,
    rate: int,
    duration: float,
    *,
    selection: LayerSelection,
    frequency: float = 2.0,
) -> np.ndarray:
    """Shapes   samples (N, C) -> (G, F, T)."""
    T, n_states = to_index(duration, frequency), model.config.n_states
    parts = np.array_split(samples.mean(axis=1), T)
    loudness = np.array([np.sqrt(np.mean(part**2)) for part in parts], model.runtime.dtype)
    states = model.iterate_states(model.runtime.place(loudness))
    picked = selection.pick(states, n_states, subselect=False)
    return np.ascontiguousarray(to_host(selection.aggregate(picked, n_states, subselect=False)).transpose(0, 2, 1))
