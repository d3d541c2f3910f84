"""What a person is fitted on: of each run the rows that have BOLD, and which of them are kept out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tribe_np.analysis.evaluation.truth_rows import BLOCK_OF_ROWS, AlignedRows, align
from tribe_np.errors import ConfigError
from tribe_np.files.temporary_rows import temporary_rows
from tribe_np.pipeline.fitting.head_rows import HeadRows
from tribe_np.pipeline.given_truth import PairedTruth
from tribe_np.shown import some_of

FEWEST_ROWS = 30  # to fit on, and to keep out: an r of fewer rows tells nothing


@dataclass(frozen=True, eq=False)
class PersonRun:
    """One run of a person.

    Shapes   states (r, D) and measured (r, V) of the rows that have BOLD, `measured` in a file that goes with it;
             features {modality: (R, F)}, a row every TR of the stimulus; rows (r,) which of these have BOLD; places
             (r,) which these are of all that `predict` gives
    """

    name: str
    states: np.ndarray
    measured: np.ndarray
    features: Mapping[str, np.ndarray]
    rows: np.ndarray
    places: np.ndarray

    def part(self, rows: slice) -> "PersonRun":
        """Some of the rows that have BOLD; the features stay those of the whole stimulus."""
        states, measured, kept, places = (x[rows] for x in (self.states, self.measured, self.rows, self.places))
        return PersonRun(self.name, states, measured, self.features, kept, places)


@dataclass(frozen=True, eq=False)
class PersonRows:
    """The runs to fit on, and those that are kept out to score."""

    trained: tuple[PersonRun, ...]
    kept_out: tuple[PersonRun, ...]
    n_left_out: int  # rows between the two, in one run
    n_without_bold: int  # rows of the stimulus that no BOLD was measured for
    said: tuple[str, ...]

    @property
    def n_trained(self) -> int:
        """Rows to fit on."""
        return sum(len(run.rows) for run in self.trained)

    @property
    def n_kept_out(self) -> int:
        """Rows to score."""
        return sum(len(run.rows) for run in self.kept_out)


def one_person(truth: PairedTruth) -> str:
    """Whose BOLD it is.

    Raises   ConfigError where it is of several people
    """
    names = list(dict.fromkeys(run.truth.subject for run in truth.runs))
    if len(names) != 1:
        raise ConfigError(f"the truth is of {len(names)} subjects ({some_of(names, 4)}); a fit is of one")
    return names[0]


def person_rows(rows: HeadRows, truth: PairedTruth, *, share: float, gap: int) -> PersonRows:
    """The rows of every timeline beside the states, the last `share` of them kept out.

    Runs in which the same was shown are averaged: a moment of a stimulus is fitted on or scored, never both, and the
    fit of the mean is that of all of its rows. With three runs or more whole runs are kept out, of the last ones as
    many as come nearest to the share, else the last rows of the last run, with `gap` unused rows before them.
    Raises   ConfigError for too few rows; MeasurementError without a common row
    """
    runs, said, n_without = [], [*truth.said], 0
    for timeline, repeated, kept in _shown(truth):
        mine, series = truth.rows_of[timeline], repeated[0].prediction
        n_without += len(mine) - len(kept)
        at = np.round((series.starts - series.starts[0]) / series.tr).astype(int)
        features = {m: _every_tr(array, mine, at) for m, array in rows.features.items()}
        names = " + ".join(aligned.truth.run for aligned in repeated)
        name = f"{names} ({timeline})" if len(truth.runs) > 1 else timeline
        states, measured = rows.states[mine[kept]], _mean(repeated, kept)
        runs.append(PersonRun(name or "run-1", states, measured, features, at[kept], mine[kept]))
        if len(repeated) > 1:
            said.append(f"{len(repeated)} runs of {timeline} are averaged: scores are of their mean")
    made = _parted(runs, share, gap, n_without, tuple(said))
    return replace(made, said=(*made.said, *_seen_before(made)))


def rows_to_come(truth: PairedTruth, *, share: float, gap: int) -> PersonRows:
    """What `person_rows` will give, without any values: refuses what it would, before there are any states.

    Raises   ConfigError for too few rows; MeasurementError without a common row
    """
    blank = np.zeros((max(len(mine) for mine in truth.rows_of.values()), 0))
    runs = [PersonRun(name, blank[kept], blank[kept], {}, kept, kept) for name, _, kept in _shown(truth)]
    return _parted(runs, share, gap, 0, ())


def _shown(truth: PairedTruth) -> list[tuple[str, list[AlignedRows], np.ndarray]]:
    """Each timeline, its runs, and the rows that one of them has."""
    shown: dict[str, list[AlignedRows]] = {}
    for one in truth.runs:
        shown.setdefault(one.timeline, []).append(align(one.prediction, one.truth))
    return [(name, runs, np.unique(np.concatenate([run.kept for run in runs]))) for name, runs in shown.items()]


def _every_tr(features: np.ndarray, mine: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Features of some rows at their TRs, zeros where nothing was shown, of which there are no rows to predict.

    Lags count TRs: without them the row before a pause would stand where the pause does.
    Shapes   features (all, F), mine (r,) rows of these, at (r,) their TRs -> (R, F) in a file
    """
    made = temporary_rows((int(at[-1]) + 1, features.shape[1]), features.dtype)
    for first in range(0, len(mine), BLOCK_OF_ROWS):
        part = slice(first, first + BLOCK_OF_ROWS)
        made[at[part]] = features[mine[part]]
    return made


def _mean(repeated: Sequence[AlignedRows], kept: np.ndarray) -> np.ndarray:
    """The mean over runs of each row that one of them has, (rows, V) in a file."""
    measured = temporary_rows((len(kept), repeated[0].truth.values.shape[1]))
    n_runs = np.bincount(np.searchsorted(kept, np.concatenate([aligned.kept for aligned in repeated])))
    for aligned in repeated:
        places, first = np.searchsorted(kept, aligned.kept), 0
        for _, block in aligned.blocks():
            here = places[first : first + len(block)]
            measured[here] += block / n_runs[here, None].astype(np.float32)
            first += len(block)
    return measured


def _seen_before(made: PersonRows) -> list[str]:
    """What is said where rows to score show what was fitted on: one film under two names."""
    fitted = {hash(state.tobytes()) for run in made.trained for state in run.states}
    n = sum(hash(state.tobytes()) in fitted for run in made.kept_out for state in run.states)
    told = (
        f"{n} of the {made.n_kept_out} rows that are scored have the very states of rows that were fitted on: the same "
        "was shown, and scores are too high; runs of one stimulus belong under one timeline"
    )
    return [told] if n else []


def _parted(runs: Sequence[PersonRun], share: float, gap: int, n_without: int, said: tuple[str, ...]) -> PersonRows:
    made = _split(runs, share, gap, n_without, said)
    for n, what in ((made.n_trained, "fit on"), (made.n_kept_out, "score")):
        if n < FEWEST_ROWS:
            raise ConfigError(
                f"{n} rows are left to {what}, expected {FEWEST_ROWS} or more; give longer runs, or another share to "
                "keep out"
            )
    return made


def _split(runs: Sequence[PersonRun], share: float, gap: int, n_without: int, said: tuple[str, ...]) -> PersonRows:
    ends = np.cumsum([len(run.rows) for run in runs])
    if len(runs) >= 3:
        first = 1 + int(np.argmin(np.abs(ends[:-1] - (1 - share) * ends[-1])))
        return PersonRows(tuple(runs[:first]), tuple(runs[first:]), 0, n_without, said)
    n = round(share * ends[-1])
    *others, last = runs
    if n >= len(last.rows) > 0 and others:
        return PersonRows(tuple(others), (last,), 0, n_without, said)
    cut = len(last.rows) - n
    trained = last.part(slice(0, max(cut - gap, 0)))
    fitted = (*others, trained) if len(trained.rows) else tuple(others)
    return PersonRows(fitted, (last.part(slice(cut, None)),), min(gap, cut), n_without, said)
