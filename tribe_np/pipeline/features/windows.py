"""Features of events into the arrays that the brain encoder takes: one for each modality, with a row per window."""

from collections.abc import Mapping, Sequence

import numpy as np

from tribe_np.errors import EventsError
from tribe_np.pipeline.config import ExtractorConfig
from tribe_np.pipeline.store.event_features import EventKey, event_key
from tribe_np.timeline.events import Event
from tribe_np.timeline.features import FeatureGrid, window_features
from tribe_np.timeline.segments import Window

Items = Mapping[EventKey, FeatureGrid]
"""Features of every event of one modality."""


def one_window(
    items: Items, events: Sequence[Event], start: float, duration: float, config: ExtractorConfig
) -> np.ndarray:
    """Features of one modality over a stretch of a timeline, from those of `events` that have any.

    Shapes   -> (G, F, T), or (F, T) where upstream has no axis of layer groups
    Raises   EventsError when there are none and the checkpoint does not allow that
    """
    grids = [items[key] for key in map(event_key, events) if key in items]
    first = next(iter(items.values()))
    if not grids and not config.allow_missing:
        raise EventsError(
            f"no {config.modality} event between {start} and {start + duration} s, and allow_missing is false"
        )
    shape = first.data.shape[:-1] if first.frequency else first.data.shape
    features = window_features(grids, start, duration, config.frequency, shape, aggregation=config.aggregation)
    return features.astype(first.data.dtype, copy=False)  # a window without events has zeros of float32


def stacked(items: Items, windows: Sequence[Window], config: ExtractorConfig) -> np.ndarray:
    """Features of one modality in several windows.

    Shapes   -> (B, G, F, T) or (B, F, T)
    Raises   EventsError for windows of different shapes, and as `one_window`
    """
    parts = [one_window(items, w.events, w.start, w.duration, config) for w in windows]
    if len({part.shape for part in parts}) > 1:  # cat and stack: the number of events decides
        raise EventsError(
            f"windows hold different numbers of {config.modality} events, which aggregation {config.aggregation!r} "
            "turns into features of different shapes"
        )
    return np.stack(parts)
