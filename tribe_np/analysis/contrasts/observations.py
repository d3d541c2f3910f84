"""One observation a trial: the mean over the rows that it covers, and time courses around its onset.

Numerics a row covers [start, start + tr). It belongs to a trial where the two overlap by more than a millisecond, which
         forgives the rounding of times; all rows that do count alike. Values are taken as they are, never z-scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.analysis.contrasts.trial_sources import PlacedTrial, PredictedRows, TrialSource
from tribe_np.errors import ConfigError, EventsError

SLACK = 1e-3  # seconds


@dataclass(frozen=True, eq=False)
class Observations:
    """What the trials of a source are in its predictions.

    Shapes   values (n, V) float64, a row a trial; rows: those of its prediction that each is a mean of
    """

    values: np.ndarray
    rows: tuple[np.ndarray, ...]
    n_partial: int  # trials of which no row covers a part
    n_instant: int  # trials without a duration: the row in which they fall
    said: tuple[str, ...]


def observe(source: TrialSource, delay: float = 0.0) -> Observations:
    """The mean over the rows of each trial.

    Units    delay: seconds that are added to every onset
    Raises   EventsError, naming it, for a trial that no row covers
    """
    values, of_trials = [], []
    n_partial = n_instant = 0
    for trial in source.trials:
        rows = source.predictions[trial.prediction]
        chosen, is_partial = covered_rows(trial, rows, delay)
        values.append(np.asarray(rows.series.values[chosen], np.float64).mean(axis=0))
        of_trials.append(chosen)
        n_partial += is_partial
        n_instant += trial.duration is not None and trial.duration <= SLACK
    n = len(source.trials)
    said = (
        [f"{n_partial} of {n} trials are covered by rows only in part; the rows that there are count"]
        if n_partial
        else []
    )
    said += [f"{n_instant} of {n} trials have no duration; the row in which they begin counts"] if n_instant else []
    return Observations(np.stack(values), tuple(of_trials), n_partial, n_instant, tuple(said))


def covered_rows(trial: PlacedTrial, rows: PredictedRows, delay: float) -> tuple[np.ndarray, bool]:
    """The rows that a trial covers, ascending, and whether some of it has no row.

    Raises   EventsError where it covers none
    """
    mine = rows_of_run(rows, trial.run)
    if trial.onset is None or trial.duration is None:
        return mine, False
    start, stop = trial.onset + delay, trial.onset + trial.duration + delay
    starts, tr = rows.series.starts[mine], rows.series.tr
    if trial.duration <= SLACK:
        overlap = np.where((starts <= start + SLACK) & (start + SLACK < starts + tr), tr, 0.0)
        is_partial = False
    else:
        overlap = np.minimum(starts + tr, stop) - np.maximum(starts, start)
        is_partial = _covered(starts, tr, start, stop) < stop - start - SLACK
    chosen = mine[overlap > SLACK]
    if not len(chosen):
        first, last = float(starts.min()) + 0.0, float(starts.max()) + tr
        raise EventsError(
            f"{trial.where}: no row covers this trial of {trial.condition} ({start:g} to {stop:g} s"
            f"{f' with --delay {delay:g}' if delay else ''}); rows of {rows.series.origin}"
            f"{f', run {trial.run}' if trial.run else ''}, are from {round(first, 3) + 0.0:g} to {last:g} s"
        )
    return chosen, bool(is_partial)


def rows_of_run(rows: PredictedRows, run: str | None) -> np.ndarray:
    """The rows of a timeline, or all."""
    return np.arange(len(rows.timelines)) if run is None else np.flatnonzero(rows.timelines == run)


def _covered(starts: np.ndarray, tr: float, start: float, stop: float) -> float:
    """Seconds from start to stop that some row covers; rows may overlap each other."""
    left, right = np.clip(np.sort(starts), start, stop), np.clip(np.sort(starts) + tr, start, stop)
    left = np.maximum(left, np.concatenate([[start], right[:-1]]))
    return float(np.maximum(right - left, 0).sum())


@dataclass(frozen=True, eq=False)
class TimeCourses:
    """Conditions around the onsets of their trials: means over trials, no model and no deconvolution.

    Shapes   offsets (K,); means, errors (C, K, V): errors are standard errors, NaN below two trials; counts (C, K)
    Units    offsets: seconds from the onset (and the delay); row k begins within the TR that the offset starts
    """

    conditions: tuple[str, ...]
    offsets: np.ndarray
    means: np.ndarray
    errors: np.ndarray
    counts: np.ndarray


def time_courses(
    source: TrialSource, seconds: float, delay: float = 0.0, *, values: Sequence[np.ndarray] | None = None
) -> TimeCourses:
    """The rows from `seconds` before each onset to `seconds` after it; offset 0 is the row in which the trial begins.

    `values` are other columns (R, n) for the rows of each prediction, such as means of regions.
    Raises   EventsError for a trial without an onset; ConfigError for more seconds than any run has
    """
    values = [rows.series.values for rows in source.predictions] if values is None else values
    tr = source.predictions[0].series.tr
    longest = max(len(rows_of_run(rows, run)) for rows in source.predictions for run in rows.runs()) * tr
    if seconds > longest:
        raise ConfigError(f"--fir {seconds:g}: reaches farther than the longest run, which has {longest:g} s")
    reach = int(seconds / tr + SLACK)
    offsets = np.arange(-reach, reach + 1)
    conditions = source.conditions()
    shape = (len(conditions), len(offsets), values[0].shape[1])
    sums, squares, counts = np.zeros(shape), np.zeros(shape), np.zeros(shape[:2], int)
    centre = np.asarray(values[0][0], np.float64)  # squares of small numbers lose no digits
    centre = np.where(np.isfinite(centre), centre, 0.0)
    for trial in source.trials:
        if trial.onset is None:
            raise EventsError(f"{trial.where}: a time course needs an onset; this trial is a whole prediction")
        rows, c = source.predictions[trial.prediction], conditions.index(trial.condition)
        places = rows_around(rows, trial.run, trial.onset + delay, offsets * tr)
        there = places >= 0
        around = np.asarray(values[trial.prediction][places[there]], np.float64) - centre
        sums[c, there] += around
        squares[c, there] += around * around
        counts[c, there] += 1
    n = counts[:, :, None]
    with np.errstate(all="ignore"):
        means = sums / n
        variances = np.maximum(squares - sums * means, 0) / (n - 1)
        errors = np.where(n > 1, np.sqrt(variances / n), np.nan)
    return TimeCourses(tuple(conditions), offsets * tr, np.where(n > 0, means + centre, np.nan), errors, counts)


def rows_around(rows: PredictedRows, run: str | None, moment: float, offsets: np.ndarray) -> np.ndarray:
    """The row that holds each of `moment + offsets`, -1 where there is none."""
    mine = rows_of_run(rows, run)
    order = mine[np.argsort(rows.series.starts[mine], kind="stable")]
    starts, tr = rows.series.starts[order], rows.series.tr
    moments = moment + offsets + SLACK
    place = np.searchsorted(starts, moments, side="right") - 1
    inside = (place >= 0) & (moments < starts[np.maximum(place, 0)] + tr + SLACK)
    return np.where(inside, order[np.maximum(place, 0)], -1)
