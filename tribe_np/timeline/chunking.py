"""Long sounds and films cut into chunks of about a minute, which is what the audio and video models are given.

The released weights were trained on these chunks, so the rule is upstream's, oddities included: `max_duration` is the
grid of the cuts, not a bound (125 s gives 60 + 65), and two rows of one timeline spoil each other's cuts.
"""

import math
from bisect import bisect_left, bisect_right
from dataclasses import replace
from itertools import pairwise

import numpy as np

from tribe_np.errors import ConfigError, EventsError
from tribe_np.timeline.events import Event, Events

MAX_CUTS = 100_000  # of one timeline: 69 days


LONGEST_CHUNK, SHORTEST_CHUNK = 60.0, 30.0  # seconds: upstream's


def chunk_events(
    events: Events, event_type: str, *, max_duration: float = LONGEST_CHUNK, min_duration: float = SHORTEST_CHUNK
) -> Events:
    """The standardised table with every row of `event_type` cut on a `max_duration` grid from its start.

    Units    seconds
    Numerics a cut survives when its distances to the neighbouring candidates, to the row's start and to its end, are
             each at least `min_duration` after rounding to about a tenth of a sample (44,100 Hz: 6 decimals)
    Raises   EventsError for a row without a frequency, or a table that is not in order; ConfigError for a type that
             has no file position, or durations that are not positive
    Source   neuralset 0.0.2 events.transforms.chunking.ChunkEvents, etypes.BaseSplittableEvent._split
    """
    if event_type not in ("Audio", "Video"):
        raise ConfigError(f"only Audio and Video can be cut into chunks, not {event_type!r}")
    if not (0 < max_duration < math.inf and 0 <= min_duration < math.inf):
        raise ConfigError(f"chunks need max_duration > 0 and min_duration >= 0, got {max_duration} and {min_duration}")
    events = events.standardized()
    chunks: list[Event] = []
    on = events.by_timeline()
    for timeline in sorted(on):  # by name: rows that are cut can change which timeline is seen first
        rows = on[timeline].of_type(event_type)
        if sum(1 + row.duration / max_duration for row in rows) > MAX_CUTS:
            raise EventsError(f"the {event_type} rows would be cut into over {MAX_CUTS} chunks; is a time wrong?")
        candidates = sorted(time for row in rows for time in cut_grid(row, max_duration))
        for row in rows:
            near = slice(bisect_left(candidates, row.start), bisect_right(candidates, row.stop))
            chunks += cut(row, candidates[near], min_duration)
    kept = [row for row in events if row.type != event_type]
    return Events([*kept, *chunks]).standardized()


def cut_grid(row: Event, max_duration: float) -> list[float]:
    """Candidate cuts in seconds on the timeline, the row's start among them."""
    n_cuts = math.ceil((row.stop - row.start) / max_duration - 1e-9)
    return [row.start + index * max_duration for index in range(n_cuts)]


def cut(row: Event, candidates: list[float], min_duration: float) -> list[Event]:
    """The row in parts; one part when no candidate survives.

    Raises   EventsError for a row without a frequency
    """
    if not row.frequency:
        raise EventsError(f"{row.type} {row.filepath}: no frequency, which rounds the cuts; it is read from the file")
    times = sorted({time - row.start for time in candidates if 0 < time - row.start < row.duration})
    if min_duration and times:
        decimals = max(0, 1 - math.floor(math.log10(1 / row.frequency)))
        before = np.round(np.diff(times, prepend=0), decimals)
        after = np.round(np.diff(times, append=row.duration), decimals)
        long_enough = (before >= min_duration) & (after >= min_duration)  # against all candidates, kept or not
        times = [time for time, keep in zip(times, long_enough, strict=True) if keep]
    edges = [0.0, *times, row.duration]
    return [
        replace(row, start=row.start + left, duration=right - left, offset=row.offset + left)
        for left, right in pairwise(edges)
    ]
