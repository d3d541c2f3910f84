"""How a timeline is cut: chunks for the sound and film models, windows for the encoder, segments for the predictions.

A chunk is about a minute of a sound or film. The released weights were trained on such chunks, so the rule is
upstream's, oddities included: `max_duration` is the grid of the cuts, not a bound (125 s gives 60 + 65), and two rows
of one timeline spoil each other's cuts.

A window is one encoder input of `duration_trs` TRs; a segment is one TR of it, one row of the predictions. Windows
start at the earliest event of their timeline, not at 0, and are always full: the last one runs past the end.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from tribe_np.card import Card
from tribe_np.errors import ConfigError, EventsError
from tribe_np.timeline.events import KNOWN_TYPES, SEEN_OR_HEARD, Event, Events
from tribe_np.timeline.features import to_index

MAX_CUTS = 100_000  # of one timeline: 69 days
LONGEST_CHUNK, SHORTEST_CHUNK = 60.0, 30.0  # seconds: upstream's
MIN_BUCKET = 50  # upstream: event types with fewer events on a timeline share one bucket
MAX_WINDOWS = 100_000
MAX_SEGMENTS = 2_000_000  # 23 days at a TR of 1 s


def chunk_events(
    events: Events,
    event_type: str,
    *,
    max_duration: float = LONGEST_CHUNK,
    min_duration: float = SHORTEST_CHUNK,
    drops_short: bool = False,
) -> Events:
    """The standardised table with every row of `event_type` cut on a `max_duration` grid from its start.

    Units    seconds
    Numerics a cut survives when its distances to the neighbouring candidates, to the row's start and to its end, are
             each at least `min_duration` after rounding to about a tenth of a sample (44,100 Hz: 6 decimals).
             `drops_short` is neuralset 0.4's rule: see `tile_row`
    Raises   EventsError for a row without a frequency, a table that is not in order, or one of which nothing is left;
             ConfigError for a type that has no file position, or durations that are not positive
    Source   neuralset 0.0.2 events.transforms.chunking.ChunkEvents, etypes.BaseSplittableEvent._split
    """
    if event_type not in SEEN_OR_HEARD:
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
            tiled = drops_short and tile_row(row, max_duration, min_duration)
            chunks += cut_row(row, candidates[near], min_duration) if tiled is False else tiled
    kept = [row for row in events if row.type != event_type]
    if len(events) and not kept and not chunks:
        raise EventsError(
            f"neuralset 0.4 drops a sound or film under {min_duration:g} s, and nothing is left of the stimulus; give "
            "a longer one, or leave out compat"
        )
    return Events([*kept, *chunks]).standardized()


def tile_row(row: Event, max_duration: float, min_duration: float) -> list[Event]:
    """The row in parts of `max_duration`; a shorter one at its end is lost unless it lasts `min_duration`.

    Units    seconds
    Numerics cuts lie at whole samples of the row (a film of 29.97 Hz is cut at 59.993 s)
    Raises   EventsError for a row without a frequency
    Source   neuralset 0.4.0 events.transforms.chunking.ChunkEvents (tiling "max"), etypes.BaseSplittableEvent._split
    """
    cuts = [index * max_duration for index in range(1, int(row.duration / max_duration + 1e-6) + 1)]
    if cuts and row.duration - cuts[-1] <= 1e-6:
        cuts.pop()
    if cuts and not row.frequency:
        raise _without_frequency(row)
    times = sorted({to_index(row.start + time - row.start, row.frequency) / row.frequency for time in cuts})
    parts = _parts(row, [time for time in times if 0 < time < row.duration])
    return [part for part in parts if part.duration >= min_duration - 1e-6]


def cut_grid(row: Event, max_duration: float) -> list[float]:
    """Candidate cuts in seconds on the timeline, the row's start among them."""
    n_cuts = math.ceil((row.stop - row.start) / max_duration - 1e-9)
    return [row.start + index * max_duration for index in range(n_cuts)]


def cut_row(row: Event, candidates: list[float], min_duration: float) -> list[Event]:
    """The row in parts; one part when no candidate survives.

    Raises   EventsError for a row without a frequency
    """
    if not row.frequency:
        raise _without_frequency(row)
    times = sorted({time - row.start for time in candidates if 0 < time - row.start < row.duration})
    if min_duration and times:
        decimals = max(0, 1 - math.floor(math.log10(1 / row.frequency)))
        before = np.round(np.diff(times, prepend=0), decimals)
        after = np.round(np.diff(times, append=row.duration), decimals)
        long_enough = (before >= min_duration) & (after >= min_duration)  # against all candidates, kept or not
        times = [time for time, keep in zip(times, long_enough, strict=True) if keep]
    return _parts(row, times)


def _without_frequency(row: Event) -> EventsError:
    return EventsError(
        f"{row.type} {row.filepath}: no frequency, which cutting it needs; complete_events reads it from the file"
    )


def _parts(row: Event, times: list[float]) -> list[Event]:
    edges = [0.0, *times, row.duration]
    return [
        replace(row, start=row.start + left, duration=right - left, offset=row.offset + left)
        for left, right in pairwise(edges)
    ]


@dataclass(frozen=True, repr=False)
class Segment(Card):
    """One TR of the stimulus, one row of the predictions.

    Units    start, duration, offset: seconds; offset is the place in its window
    Numerics events: all that overlap [start, start + duration), the timeline's CategoricalEvent included, in
             upstream's order
    Source   neuralset 0.0.2 segments.Segment (ns_events)
    """

    start: float
    duration: float
    timeline: str
    events: tuple[Event, ...] = ()
    offset: float = 0.0
    store: "EventStore | None" = field(default=None, compare=False)  # of all events, for `copy`

    @property
    def stop(self) -> float:
        """Seconds; start + duration."""
        return self.start + self.duration

    @property
    def n_events(self) -> int:
        """Number of events that overlap the segment."""
        return len(self.events)

    @property
    def ns_events(self) -> list[Event]:
        """The events under upstream's name, a new list each time."""
        return list(self.events)

    def copy(self, offset: float = 0.0, duration: float | None = None) -> "Segment":
        """The segment that begins `offset` seconds later, with the events there; as long as this one by default.

        Raises   ConfigError for a segment that was made by hand: it knows no events but its own
        Source   neuralset 0.0.2 segments.Segment.copy
        """
        if self.store is None:
            raise ConfigError(
                "this segment was made by hand and knows only its own events; only one from predict can be moved"
            )
        start, duration = self.start + offset, self.duration if duration is None else duration
        held = self.store.within(self.timeline, start, duration)
        return replace(self, start=start, duration=duration, events=held, offset=self.offset + offset)

    def facts(self) -> dict[str, object]:
        """See Card."""
        counts = Counter(event.type for event in self.events)
        held = ", ".join(f"{n} {kind}" for kind, n in counts.items()) or "no events"
        return {"seconds": f"{self.start:g} to {self.stop:g}", "timeline": self.timeline, "events": held}

    def __repr__(self) -> str:
        seconds, timeline, held = self.facts().values()
        return f"Segment({seconds} s of {timeline!r}: {held})"


@dataclass(frozen=True)
class Window:
    """One encoder input, with the segments of it that are kept.

    Shapes   kept_rows: for each segment of `kept` its index along the R TRs of the window
    """

    start: float
    duration: float
    timeline: str
    events: tuple[Event, ...]
    kept: tuple[Segment, ...]
    kept_rows: tuple[int, ...]


def plan(
    events: Events,
    *,
    duration_trs: int,
    overlap_trs: int = 0,
    tr: float = 1.0,
    drop_incomplete: bool = False,
    remove_empty: bool = True,
) -> list[Window]:
    """All windows of a table in upstream's order (timelines as first seen, then time), with their kept segments.

    Units    tr: seconds
    Numerics segments at arange(0, width - 0.01, tr); kept where an event overlaps them, or all without `remove_empty`.
             With an overlap, shared rows appear once in each window
    Raises   EventsError for a table that cannot be used, no window at all, or a timeline shorter than a window when
             incomplete ones are dropped; ConfigError for sizes that give no stride
    Source   tribev2 main.Data.get_loaders and demo_utils.TribeModel.predict; neuralset 0.0.2 segments.list_segments
    """
    events = add_triggers(events.standardized())
    store = EventStore(events)
    width, stride = duration_trs * tr, (duration_trs - overlap_trs) * tr
    windows: list[Window] = []
    for trigger in events.of_type("CategoricalEvent"):
        starts = list_windows(trigger.start, trigger.stop, stride=stride, width=width, drop_incomplete=drop_incomplete)
        if (len(windows) + len(starts)) * duration_trs > MAX_SEGMENTS:
            raise EventsError(f"the events would need over {MAX_SEGMENTS} rows of {tr:g} s; is a time wrong?")
        for start in starts:
            whole = Segment(start, width, trigger.timeline, store.within(trigger.timeline, start, width), store=store)
            windows.append(split(whole, store, tr, remove_empty))
    if not windows:
        raise EventsError(
            "the events last 0 s: nothing to predict; TribeModel.complete_events reads durations from the files"
        )
    return windows


def split(whole: Segment, store: "EventStore", tr: float, remove_empty: bool) -> Window:
    """The window of a segment of `duration_trs` TRs, cut into segments of one TR."""
    kept, kept_rows = [], []
    for row, offset in enumerate(np.arange(0, whole.duration - 1e-2, tr).tolist()):
        start = whole.start + offset
        held = store.within(whole.timeline, start, tr)
        if held or not remove_empty:
            kept_rows.append(row)
            kept.append(replace(whole, start=start, duration=tr, events=held, offset=offset))
    return Window(whole.start, whole.duration, whole.timeline, whole.events, tuple(kept), tuple(kept_rows))


def add_triggers(events: Events) -> Events:
    """The standardised table with one CategoricalEvent per timeline, from its first start to its last stop.

    Its windows cover the timeline, and since it is itself an event, every segment before the end holds one: silent
    gaps are kept.
    Source   tribev2 main.Data.get_loaders
    """
    triggers = []
    for timeline, on in events.by_timeline().items():
        rows = on.rows
        start = min(row.start for row in rows)
        duration = max(row.stop for row in rows) - start
        triggers.append(Event("CategoricalEvent", start, duration, timeline, rows[0].subject, extra={"split": "all"}))
    return Events([*events, *triggers]).standardized()


def list_windows(start: float, stop: float, *, stride: float, width: float, drop_incomplete: bool) -> list[float]:
    """Start times of the windows over [start, stop), in seconds.

    Raises   EventsError when incomplete windows are dropped and none is complete, or for an absurd number of windows;
             ConfigError for a stride or width that is not positive
    Source   neuralset 0.0.2 segments._prepare_strided_windows
    """
    if not (0 < stride < math.inf and 0 < width < math.inf):
        raise ConfigError(f"windows need a stride and a width above 0 s, got {stride} and {width} (overlap too large?)")
    span = (stop - width if drop_incomplete else stop) - start
    if span < -1e-10:
        raise EventsError(
            f"the stimulus lasts {stop - start:g} s, shorter than a window of {width:g} s: none is complete"
        )
    if not span / stride < MAX_WINDOWS:
        raise EventsError(
            f"events from {start:g} s to {stop:g} s would need over {MAX_WINDOWS} windows; is a time wrong?"
        )
    n_windows = math.floor(span / stride + 1e-9) + 1 if drop_incomplete else math.ceil(span / stride - 1e-9)
    return [start + index * stride for index in range(max(0, n_windows))]


class EventStore:
    """The events of every timeline in the order in which features are summed.

    Numerics a type with 50 or more events on the timeline forms a bucket of its own, all rarer ones share a last one;
             each is sorted by start, ties in table order. Unknown types are left out
    Source   neuralset 0.0.2 segments._EventStore
    """

    def __init__(self, events: Events) -> None:
        self._buckets = {
            timeline: buckets(rows.of_type(*KNOWN_TYPES).rows) for timeline, rows in events.by_timeline().items()
        }

    def within(self, timeline: str, start: float, duration: float) -> tuple[Event, ...]:
        """Events that overlap [start, start + duration): start before its end and stop after its start, both strict."""
        return tuple(
            event for bucket in self._buckets.get(timeline, []) for event in bucket.within(start, start + duration)
        )


@dataclass(frozen=True, eq=False)
class Bucket:
    """Events of one timeline sorted by start, with what a search needs (neuralset 0.0.2 segments._EventBucket)."""

    events: list[Event]
    starts: np.ndarray
    stops: np.ndarray
    longest: float

    def within(self, start: float, stop: float) -> Iterator[Event]:
        """The events that overlap [start, stop), by start."""
        first = int(np.searchsorted(self.starts, start - self.longest))  # earlier ones have ended, rounding included
        last = int(np.searchsorted(self.starts, stop))
        for index in np.flatnonzero(self.stops[first:last] > start):
            yield self.events[first + int(index)]


def buckets(rows: tuple[Event, ...]) -> list[Bucket]:
    """Buckets of one timeline's events: frequent types first, in order of appearance."""
    by_type: dict[str, list[Event]] = {}
    for row in rows:
        by_type.setdefault(row.type, []).append(row)
    groups = [typed for typed in by_type.values() if len(typed) >= MIN_BUCKET]
    rare = [row for typed in by_type.values() if len(typed) < MIN_BUCKET for row in typed]
    made = []
    for group in [*groups, rare] if rare else groups:
        group = sorted(group, key=lambda row: row.start)
        starts, durations = np.array([row.start for row in group]), np.array([row.duration for row in group])
        made.append(Bucket(group, starts, starts + durations, float(durations.max())))
    return made


def window_events(events: Events, timeline: str, start: float, duration: float) -> tuple[Event, ...]:
    """Events of a timeline that overlap [start, start + duration), in upstream's order; for a single look-up."""
    return EventStore(events).within(timeline, start, duration)
