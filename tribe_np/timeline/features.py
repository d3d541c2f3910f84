"""Feature arrays on the time axis: one rounding rule, and the sum of events over one window.

A feature array holds time last (..., T). Frequency 0 is a static value without a time axis, such as the vector of a
word, which is written on every step that the word covers. All arrays are host NumPy: a film's features are small.
Each window starts its own grid at its own origin; slicing one long grid gives other numbers (a word that crosses the
edge fills a step in both windows, and steps are rounded from the window's start).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.errors import ConfigError, EventsError, ShapeError
from tribe_np.protocols import See

FREQUENCY = 2.0  # Hz: the grid of the released checkpoint
N_VIDEO_FRAMES, CLIP_DURATION = 64, 4.0
"""Frames of a clip where data.video_feature.num_frames is null, whatever `frames_per_clip` of the model is; seconds.

Source   neuralset 0.0.2 _HFVideoModel
"""
RELEASED_LAYERS = (0.5, 0.75, 1.0)
"""Relative depths between which a model's layers are averaged into the groups of the released checkpoint's features."""
AGGREGATIONS = ("sum", "mean", "first", "middle", "last", "single", "cat", "stack")


def to_index(seconds: float, frequency: float) -> int:
    """The step of a time, or the number of steps of a duration: round half to even, starts and durations alike.

    >>> [to_index(seconds, 2.0) for seconds in (0.25, 0.26, 0.75, 1.25, 99.75)]
    [0, 1, 2, 2, 200]

    Units    seconds, Hz
    Raises   EventsError for a time that is not finite
    Source   neuralset 0.0.2 base.Frequency.to_ind
    """
    if not math.isfinite(seconds):
        raise EventsError(f"a time of {seconds} s has no step; expected a finite number")
    return round(seconds * frequency)


def n_steps(duration: float, frequency: float) -> int:
    """Length of the grid of a window: at least one step."""
    return max(1, to_index(duration, frequency))


@dataclass(frozen=True, eq=False)
class FeatureGrid:
    """A feature array with its time axis.

    Shapes   data (..., T) at `frequency` > 0; (...) where frequency is 0
    Units    start, duration: seconds; frequency: Hz
    Numerics with a frequency the duration is re-derived, T / frequency: 7.25 s at 2 Hz hold 14 steps and last 7 s
    Raises   ShapeError when T is more than one step away from the duration; EventsError for a negative duration
    Source   neuralset 0.0.2 base.TimedArray
    """

    data: np.ndarray
    frequency: float
    start: float
    duration: float

    def __post_init__(self) -> None:
        if not (self.duration >= 0 and self.frequency >= 0):
            raise EventsError(f"features need a duration and frequency >= 0, got {self.duration} and {self.frequency}")
        if not self.frequency:
            return
        expected = n_steps(self.duration, self.frequency) if self.duration else 0
        T = self.data.shape[-1] if self.data.ndim else 0
        if abs(T - expected) > 1 or (self.duration and not T):
            raise ShapeError(
                f"features of shape {self.data.shape} for {self.duration} s at {self.frequency} Hz: the last axis is "
                f"time and must have {expected} steps, one more or less"
            )
        object.__setattr__(self, "duration", T / self.frequency)


def window_features(
    items: Sequence[FeatureGrid],
    start: float,
    duration: float,
    frequency: float,
    shape: tuple[int, ...],
    aggregation: str = "sum",
    see: Sequence[See] = (),
) -> np.ndarray:
    """The features of one window, from the events that it holds, in their order.

    `see`, one for each item, is shown `steps`: the first of the window's steps that the item covers, and how many.
    Shapes   each item (G, F, T') or, static, (G, F), as `shape` says -> (G, F, T); T = max(1, round(duration *
             frequency)); `cat` gives (items * G, F, T), `stack` (items, G, F, T)
    Units    seconds, Hz
    Numerics zeros where nothing is; sequential sums in the first item's dtype, float32 when there is none
    Raises   ConfigError for an aggregation that is not implemented; ShapeError for an item of another shape;
             EventsError when `single` meets several events
    Source   neuralset 0.0.2 extractors.base.BaseExtractor.__call__, _tarrays_to_tensor
    """
    if aggregation not in AGGREGATIONS:
        raise ConfigError(f"aggregation {aggregation!r} is not implemented; use one of {', '.join(AGGREGATIONS)}")
    if aggregation == "single" and len(items) > 1:
        raise EventsError(f"aggregation 'single', but the window at {start} s holds {len(items)} events")
    if items and aggregation in ("first", "middle", "last"):
        place = {"first": 0, "middle": len(items) // 2, "last": len(items) - 1}[aggregation]
        items, see = items[place : place + 1], see[place : place + 1]
    for item in items:
        found = item.data.shape[:-1] if item.frequency else item.data.shape
        if found != shape:
            raise ShapeError(f"features of an event at {item.start} s have shape {found}, expected {shape}")
    dtype = items[0].data.dtype if items else np.dtype(np.float32)
    if aggregation in ("cat", "stack"):
        parts = [
            collect([item], start, duration, frequency, shape, dtype, see=see[n : n + 1])
            for n, item in enumerate(items)
        ]
        parts = parts or [collect([], start, duration, frequency, shape, dtype)]
        return np.concatenate(parts) if aggregation == "cat" else np.stack(parts)
    return collect(items, start, duration, frequency, shape, dtype, mean=aggregation == "mean", see=see)


def collect(
    items: Sequence[FeatureGrid],
    start: float,
    duration: float,
    frequency: float,
    shape: tuple[int, ...],
    dtype: np.dtype,
    *,
    mean: bool = False,
    see: Sequence[See] = (),
) -> np.ndarray:
    """The sum (or running mean) of the items over one window, in order. Shapes and `see` as `window_features`."""
    T = n_steps(duration, frequency)
    total = FeatureGrid(np.zeros((*shape, T), dtype), frequency, start, T / frequency)
    counts = np.zeros(T, int) if mean else None
    for n, item in enumerate(items):
        part = overlap(item, start, duration) if item.frequency else item
        if part is not None:
            add(total, part, counts, see[n] if see else None)
    return total.data


def add(total: FeatureGrid, item: FeatureGrid, counts: np.ndarray | None = None, see: See | None = None) -> None:
    """Adds an item to a window's grid in place, where they meet; with `counts` (T,) as a running mean.

    `see` is shown `steps`, the first step of `total` and their number; steps that the item does not fit are not taken.
    Shapes   total.data (..., T); item.data (..., T') or, static, (...)
    Numerics sequential in total's dtype; a running mean goes through float64 for each item
    Raises   ShapeError when rates drift by half a step or more over the longer of the two
    Source   neuralset 0.0.2 base.TimedArray.__iadd__
    """
    drift = abs(total.frequency - item.frequency) * max(total.duration, item.duration)
    if item.frequency and drift >= 0.5:
        raise ShapeError(f"features at {item.frequency} Hz cannot be added to a grid at {total.frequency} Hz")
    here, there = shared_steps(total, item.start, item.duration), shared_steps(item, total.start, total.duration)
    if here is None or there is None:
        return
    if see is not None:
        first, count = see("steps", np.array(here)).tolist()
        fits = count == there[1] or not item.frequency
        here = (first, count) if fits and 0 <= first <= first + count <= total.data.shape[-1] else here
    steps = slice(here[0], sum(here))
    values = item.data[..., slice(there[0], sum(there)) if item.frequency else None]
    if counts is None:
        total.data[..., steps] += values
    else:
        old_share = counts[steps] / (1.0 + counts[steps])
        total.data[..., steps] *= old_share
        total.data[..., steps] += (1 - old_share) * values
        counts[steps] += 1


def overlap(grid: FeatureGrid, start: float, duration: float) -> FeatureGrid | None:
    """The part of a dense grid inside [start, start + duration), on its own steps; None when they do not meet.

    Raises   ShapeError for a static value, which has no time axis to cut
    Source   neuralset 0.0.2 base.TimedArray.overlap
    """
    if not grid.frequency:
        raise ShapeError("overlap needs features with a time axis; a static value (frequency 0) has none")
    shared = shared_steps(grid, start, duration)
    if shared is None:
        return None
    first, count = shared
    begin = first / grid.frequency + grid.start
    return FeatureGrid(grid.data[..., first : first + count], grid.frequency, begin, count / grid.frequency)


def shared_steps(grid: FeatureGrid, start: float, duration: float) -> tuple[int, int] | None:
    """First step and number of steps of the grid inside [start, start + duration); None when they do not meet.

    Numerics the count comes from the length of the overlap, not from the rounded end; it is at least one step, and at
             the right edge the first step moves left. A static value gives (0, 0): there is nothing to slice
    Raises   ShapeError when times are too large for neighbouring steps to differ
    Source   neuralset 0.0.2 base.TimedArray._overlap_slice
    """
    left, right = max(start, grid.start), min(start + duration, grid.start + grid.duration)
    if right < left or (right == left and grid.duration and duration):
        return None
    if not grid.frequency:
        return 0, 0
    if not grid.duration:
        return None
    first, count = to_index(left - grid.start, grid.frequency), max(1, to_index(right - left, grid.frequency))
    first = min(first, grid.data.shape[-1] - count)
    if first < 0:
        raise ShapeError(
            f"{count} steps wanted, but features have {grid.data.shape[-1]}: times too large for their step"
        )
    return first, count
