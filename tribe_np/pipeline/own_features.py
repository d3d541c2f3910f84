"""Features that somebody brings along, in windows of the length that the brain encoder was trained on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.errors import ShapeError
from tribe_np.pipeline.config import DataConfig
from tribe_np.timeline.features import n_steps
from tribe_np.timeline.segments import Segment


@dataclass(frozen=True, eq=False)
class OwnWindow:
    """One input of the encoder, {modality: (G, F, T)}, and the segments of its rows that lie before the end."""

    features: Mapping[str, np.ndarray]
    segments: tuple[Segment, ...]


def own_windows(features: Mapping[str, Any], data: DataConfig) -> list[OwnWindow]:
    """Windows one after the other, the last filled up with zeros.

    Shapes   features {modality: (G, F, T) or (F, T)}
    Raises   ShapeError for something else, or numbers of steps that differ
    """
    if not isinstance(features, Mapping) or not features:
        raise ShapeError('features must map modalities to arrays, such as {"audio": array (G, F, T)}')
    arrays = {modality: _whole(modality, array) for modality, array in features.items()}
    lengths = {modality: array.shape[-1] for modality, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ShapeError(f"features must share one number of steps, got {lengths}")
    total, size = next(iter(lengths.values())), n_steps(data.duration_trs * data.tr, data.frequency)
    rows = math.ceil(total / (data.tr * data.frequency) - 1e-9)
    windows = []
    for number in range(math.ceil(total / size)):
        cut = {m: _filled(x[..., number * size : (number + 1) * size], size) for m, x in arrays.items()}
        first = number * data.duration_trs
        segments = tuple(
            Segment(row * data.tr, data.tr, "default", offset=(row - first) * data.tr)
            for row in range(first, min(first + data.duration_trs, rows))
        )
        windows.append(OwnWindow(cut, segments))
    return windows


def _whole(modality: str, given: Any) -> np.ndarray:
    array: np.ndarray = np.asarray(given)
    if array.ndim not in (2, 3) or 0 in array.shape or array.dtype.kind not in "fiu":
        got = f"{array.dtype} {array.shape}"
        raise ShapeError(f"features[{modality!r}] must be a filled array of numbers (G, F, T) or (F, T), got {got}")
    return array if array.ndim == 3 else array.reshape(1, *array.shape)


def _filled(array: np.ndarray, size: int) -> np.ndarray:
    """Shapes   array (G, F, T) -> (G, F, size), zeros after its last step."""
    missing = size - array.shape[-1]
    return array if missing == 0 else np.pad(array, ((0, 0), (0, 0), (0, missing)))
