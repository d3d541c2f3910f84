"""Features of events, read when a window needs them: with a cache, those of an hour are not all in memory at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tribe_np.errors import CheckpointError
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.timeline.events import Event
from tribe_np.timeline.features import FeatureGrid

EventKey = tuple[object, ...]


def event_key(event: Event) -> EventKey:
    """What an event's features and place depend on: rows with equal keys have equal features."""
    place = (event.type, event.timeline, event.start, event.duration)
    return (*place, event.text, event.context) if event.type == "Word" else (*place, event.filepath, event.offset)


@dataclass(frozen=True, eq=False)
class EventFeatures:
    """The features of one event on the time axis: an array, or, with a cache, its place in the file of an entry."""

    stored: np.ndarray | TensorEntry
    frequency: float
    start: float
    duration: float
    keeps_group_axis: bool = True  # else (1, F, ...) is stored, and (F, ...) is what upstream has

    def grid(self) -> FeatureGrid:
        """The features themselves.

        Raises   CheckpointError when the cache's file has gone meanwhile
        """
        data = self.stored.read() if isinstance(self.stored, TensorEntry) else self.stored
        data = data if self.keeps_group_axis else data[0]
        return FeatureGrid(data, self.frequency, self.start, self.duration)


class FeatureItems(Mapping[EventKey, FeatureGrid]):
    """The features of every event of one modality, by `event_key`; `again` makes them once more if their files go."""

    def __init__(
        self, kept: Mapping[EventKey, EventFeatures], again: Callable[[], dict[EventKey, EventFeatures]] | None = None
    ) -> None:
        self.kept = kept
        self.again = again

    def __getitem__(self, key: EventKey) -> FeatureGrid:
        try:
            return self.kept[key].grid()
        except CheckpointError:  # somebody emptied the cache
            if self.again is None:
                raise
            self.kept = self.again()
            return self.kept[key].grid()

    def __contains__(self, key: object) -> bool:  # without reading
        return key in self.kept

    def __iter__(self) -> Iterator[EventKey]:
        return iter(self.kept)

    def __len__(self) -> int:
        return len(self.kept)
