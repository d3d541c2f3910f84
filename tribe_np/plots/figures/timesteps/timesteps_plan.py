"""Which moments a figure of time steps shows, and which values at each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries, as_series
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots.stimulus.file_finding import without_folders
from tribe_np.plots.stimulus.row_clock import RowClock, row_clock
from tribe_np.plots.stimulus.run_stimulus import RunStimulus, stimulus_of_run
from tribe_np.plots.stimulus.segment_stimulus import stimulus_of_segments

ONLY = "prediction"  # what the one row of brains is called
MEASURED_ROW = "measured"
MOST_STEPS = 48  # of a figure that nobody asked for more


@dataclass(frozen=True)
class TimeStep:
    """A moment of the clock, how long until the next step, and what is written above it. Units: seconds."""

    at: float
    duration: float
    label: str


@dataclass(frozen=True, eq=False)
class TimestepsPlan:
    """Rows of brains (name: values (R, 2 V) of the series) over steps.

    `every` is how many rows one step stands for, `n_rows` how many there are.
    """

    rows: Mapping[str, np.ndarray]
    series: SurfaceSeries
    clock: RowClock
    steps: tuple[TimeStep, ...]
    stimulus: RunStimulus | None
    every: int = 1
    is_of_run: bool = False  # a folder's, whose unit is known

    @property
    def n_rows(self) -> int:
        """Rows in time."""
        return self.clock.n_rows

    def values_at(self, name: str, step: TimeStep) -> np.ndarray | None:
        """The values (2 V,) of a row of brains at a step; None where nothing is predicted."""
        return self.clock.values_at(self.rows[name], step.at)

    def said(self, of_words: Sequence[str] = ()) -> list[str]:
        """What a reader of the figure must know, in short lines."""
        offset, lines = f"{self.series.hemodynamic_offset:g} s", []
        if self.clock.align == "bold":
            lines.append(f"brains: the BOLD of the time above, which answers to the stimulus {offset} before")
        elif self.series.hemodynamic_offset and self.is_of_run:
            lines.append(f"brains: the row that describes the stimulus above; its BOLD comes {offset} later")
        if self.every > 1:
            lines.append(f"every {ordinal(self.every)} of {self.n_rows} rows is drawn")
        gaps = [f"{moment_text(start)} to {moment_text(stop)}" for start, stop in self.clock.gaps]
        if gaps:
            more = f" and {len(gaps) - 3} more times" if len(gaps) > 3 else ""
            lines.append(f"there are no rows from {', '.join(gaps[:3])}{more}")
        n_bare = sum(self.clock.rows_at(step.at) is None for step in self.steps)
        if n_bare:
            lines.append(f"nothing is predicted at {n_bare} of {len(self.steps)} steps: bare brains")
        return [*lines, *map(without_folders, self.odd(of_words))]

    def odd(self, of_words: Sequence[str] = ()) -> list[str]:
        """What is missing from the figure."""
        lines = []
        for name, values in self.rows.items():
            if n_missing := n_without_value(values):
                lines.append(f"{name}: {n_missing} of {values.shape[1]} vertices have no value somewhere: bare there")
        note = "" if self.stimulus is None else self.stimulus.note
        return [*lines, *of_words, *([note] if note else [])]


def plan_of(
    neuro: Any, segments: Sequence[Any] | None, trues: Any, *, every: int | None, timestamps: Sequence[float] | None,
    align: str, timeline: str | None, stimulus: str | Path | None, show_stimuli: bool | None,
) -> TimestepsPlan:  # fmt: skip
    """What `plot_timesteps` draws of its arguments.

    Raises   ShapeError for arrays of different lengths or meshes; ConfigError for a step or timeline that is none;
             OutputError, MediaError as the folder's reader
    """
    named = dict(neuro) if isinstance(neuro, Mapping) else {ONLY: neuro}
    if not named:
        raise ConfigError("there is nothing to draw: neuro is an empty mapping")
    if trues is not None:
        named |= _named_trues(trues)
    all_series = {str(name): as_series(values) for name, values in named.items()}
    first = next(iter(all_series.values()))
    _check_alike(all_series)
    starts = None if segments is None else _starts_of(segments, first)
    if starts is not None:
        tr = float(getattr(segments[0], "duration", first.tr)) if segments else first.tr
        clock = RowClock(starts, tr, first.hemodynamic_offset, align)
    else:
        clock = row_clock(first, align=align, timeline=timeline)
    found = _stimulus(neuro, segments, timeline, stimulus, show_stimuli)
    steps, every = steps_of(clock, every, timestamps)
    rows = {name: series.full() for name, series in all_series.items()}
    return TimestepsPlan(rows, first, clock, steps, found, every, bool(first.run))


def steps_of(
    clock: RowClock, every: int | None, timestamps: Sequence[float] | None
) -> tuple[tuple[TimeStep, ...], int]:
    """Every n-th row as a step; where BOLD's time is shown, also the seconds until the last row's BOLD has come.

    `every` None takes as few as keeps the figure readable.
    """
    if not clock.n_rows:
        raise ConfigError("there is nothing to draw: the prediction has no rows")
    later = int(np.ceil(clock.delay / clock.tr))
    moments = np.concatenate([clock.starts, clock.starts[-1] + clock.tr * np.arange(1, later + 1)])
    every = -(-len(moments) // MOST_STEPS) if every is None else every
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise ConfigError(f"plot_every_k_timesteps must be a whole number from 1 on, got {every}")
    chosen = moments[::every]
    if timestamps is not None and len(timestamps) != len(chosen):
        raise ShapeError(f"timestamps must have one entry for each of {len(chosen)} steps, got {len(timestamps)}")
    until = np.append(chosen[1:], np.inf) - chosen
    durations = np.minimum(until, every * clock.tr)
    told = [moment_text(t) for t in chosen] if timestamps is None else [_text_of(t) for t in timestamps]
    steps = zip(chosen.tolist(), durations.tolist(), told, strict=True)
    return tuple(TimeStep(at, duration, label) for at, duration, label in steps), every


def moment_text(seconds: float) -> str:
    """A moment as a person reads it.

    >>> moment_text(-1e-06), moment_text(7.45), moment_text(75.0), moment_text(3723.0)
    ('0 s', '7.45 s', '1:15', '1:02:03')
    """
    rounded = round(float(seconds), 2) + 0.0
    if abs(rounded) < 60 or rounded < 0 or rounded != int(rounded):
        return f"{rounded:g} s"
    minutes, second = divmod(int(rounded), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def ordinal(number: int) -> str:
    """A number in its order.

    >>> [ordinal(number) for number in (2, 3, 11, 21)]
    ['2nd', '3rd', '11th', '21st']
    """
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def n_without_value(rows: np.ndarray) -> int:
    """Vertices that have no value in some row of (R, 2 V)."""
    return int(np.isnan(rows).any(axis=0).sum()) if rows.dtype.kind == "f" else 0


def _text_of(timestamp: Any) -> str:
    return moment_text(float(timestamp)) if isinstance(timestamp, (int, float, np.number)) else str(timestamp)


def _named_trues(trues: Any) -> dict[str, Any]:
    if isinstance(trues, Mapping):
        return {f"{MEASURED_ROW}: {name}": values for name, values in trues.items()}
    return {MEASURED_ROW: trues}


def _check_alike(all_series: Mapping[str, SurfaceSeries]) -> None:
    (name, first), *others = all_series.items()
    for other, series in others:
        if series.mesh != first.mesh:
            raise ShapeError(f"{other} is on {series.mesh}, but {name} is on {first.mesh}: resample one of them first")
        if len(series.values) != len(first.values):
            n_rows, n_first = len(series.values), len(first.values)
            raise ShapeError(f"{other} has {n_rows} rows, but {name} has {n_first}: their times must be the same")


def _starts_of(segments: Sequence[Any], series: SurfaceSeries) -> np.ndarray:
    if len(segments) != len(series.values):
        raise ShapeError(f"{len(segments)} segments do not fit {len(series.values)} rows: there is one for each row")
    return np.array([float(segment.start) for segment in segments])


def _stimulus(
    neuro: Any, segments: Sequence[Any] | None, timeline: str | None, stimulus: str | Path | None, shows: bool | None
) -> RunStimulus | None:
    if shows is False:
        return None
    source = next(iter(neuro.values()), None) if isinstance(neuro, Mapping) else neuro
    if isinstance(source, SurfaceSeries) and source.run:
        source = source.origin
    if segments is not None and shows:
        return stimulus_of_segments(segments)
    if isinstance(source, (str, Path)):
        return stimulus_of_run(source, timeline=timeline, stimulus=stimulus)
    if shows or stimulus is not None:
        raise ConfigError("the stimulus can be shown for a prediction folder, or with segments; got an array alone")
    return None
