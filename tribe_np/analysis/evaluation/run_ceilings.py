"""Ceilings and group predictivity of the runs of an evaluation: what can be compared with what.

Repetitions are runs of one subject and one timeline. Subjects are compared over the timelines that all have, and over
the rows that all have; of a subject with repetitions the mean of its z-scored repetitions stands for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.analysis.evaluation.aligned_columns import MeanOfSeries, PlacedRows, shared_rows
from tribe_np.analysis.evaluation.autocorrelated_nulls import NullCorrelations, null_correlations
from tribe_np.analysis.evaluation.evaluation_options import EvaluationOptions
from tribe_np.analysis.evaluation.group_predictivity import GroupPredictivity, group_predictivity
from tribe_np.analysis.evaluation.reliability import RepeatCeilings, normalised_r, repeat_ceilings
from tribe_np.analysis.evaluation.run_columns import FEWEST_RUN_ROWS
from tribe_np.analysis.evaluation.subject_scores import RunScores, SubjectScores
from tribe_np.errors import ConfigError


@dataclass(frozen=True, eq=False)
class SubjectCeilings:
    """What the repetitions of one subject set as a limit, and the prediction beside it.

    Shapes   r_of_mean (n,): r of the prediction with the mean of the z-scored repetitions; normalised (n,): that
             divided by the r of a perfect prediction, NaN below the least reliability
    """

    subject: str
    ceilings: RepeatCeilings
    r_of_mean: np.ndarray
    normalised: np.ndarray
    timelines: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class GroupResult:
    """The prediction beside the members of a group, over the timelines that all of them have."""

    found: GroupPredictivity
    timelines: tuple[str, ...]
    n_rows: int


@dataclass(frozen=True, eq=False)
class NullResult:
    """What surrogates say; `of` is what was correlated, in words."""

    found: NullCorrelations
    of: str


def ceilings_of(
    subjects: Sequence[SubjectScores], asked: EvaluationOptions
) -> tuple[tuple[SubjectCeilings, ...], list[str]]:
    """The ceilings of every subject that has repetitions, and what was odd."""
    found, said = [], list[str]()
    for one in subjects:
        repeated = {name: runs for name, runs in _by_timeline(one).items() if len(runs) > 1}
        if not repeated:
            continue
        n = min(len(runs) for runs in repeated.values())
        left = sum(len(runs) - n for runs in repeated.values())
        if left:
            said.append(
                f"{one.subject}: {left} repetitions are of timelines that have more than {n}; they are left out"
            )
        prediction, repeats, names = _side_by_side(
            {name: runs[:n] for name, runs in repeated.items()}, one.subject, said
        )
        if not names:
            continue
        ceilings = repeat_ceilings(repeats, most_splits=asked.splits, seed=asked.seed)
        r_of_mean = group_predictivity(prediction, repeats).r_group
        normalised = normalised_r(r_of_mean, ceilings.reliability, threshold=asked.threshold)
        found.append(SubjectCeilings(one.subject, ceilings, r_of_mean, normalised, tuple(names)))
    return tuple(found), said


def group_of(subjects: Sequence[SubjectScores]) -> tuple[GroupResult | None, list[str]]:
    """Group predictivity where there are two subjects or more, and what was odd."""
    said: list[str] = []
    if len(subjects) < 2:
        return None, said
    prediction, series, names = _members(subjects, said)
    if not names:
        return None, [*said, "no group predictivity: the subjects have no timeline in common, or too few rows of it"]
    found = group_predictivity(prediction, series)
    return GroupResult(found, tuple(names), sum(run.shape[0] for run in prediction)), said


def nulls_of(subjects: Sequence[SubjectScores], asked: EvaluationOptions) -> tuple[list[NullResult], list[str]]:
    """Surrogates of the prediction against each subject, then against the mean of several; none unless asked for.

    Repetitions count as their mean: they share what the stimulus evokes, so a surrogate that moved each of them by
    itself would vary less than chance does, and call what has nothing to do with the prediction a finding.
    Raises   ConfigError for runs too short for the kind of null
    """
    found, said = [], list[str]()
    groups = [[one] for one in subjects] + ([subjects] if len(subjects) > 1 else [])
    for members in groups if asked.null else []:
        prediction, series, names = _members(members, said)
        if not names and len(members) > 1:
            said.append("no null of the group: the subjects have no timeline in common, or too few rows of it")
            continue
        truth = [MeanOfSeries(tuple(parts)) if len(parts) > 1 else parts[0] for parts in zip(*series, strict=True)]
        if not truth:
            raise ConfigError(f"{members[0].subject}: no null of runs under {FEWEST_RUN_ROWS} rows")
        made = null_correlations(
            prediction, truth, kind=asked.null or "", n=asked.surrogates, seed=asked.seed,
            tr=members[0].runs[0].paired.truth.tr, seconds=asked.null_seconds,
        )  # fmt: skip
        found.append(NullResult(made, f"the prediction and {_called(members)}"))
    return found, [*said, *(warning for one in found[-1:] for warning in one.found.warnings(asked.level))]


def _called(members: Sequence[SubjectScores]) -> str:
    if len(members) > 1:
        return f"the mean of {len(members)} z-scored subjects"
    [one] = members
    most = max(map(len, _by_timeline(one).values()))
    return one.subject if most == 1 else f"the mean of the z-scored repetitions of {one.subject}"


def _by_timeline(one: SubjectScores) -> dict[str, list[RunScores]]:
    found: dict[str, list[RunScores]] = {}
    for run in one.runs:
        found.setdefault(run.paired.timeline, []).append(run)
    return found


def _side_by_side(
    runs: dict[str, list[RunScores]], who: str, said: list[str]
) -> tuple[list[PlacedRows], list[list[PlacedRows]], list[str]]:
    """The prediction's runs, the same runs of each series, and the timelines; those of too few rows are left out."""
    prediction: list[PlacedRows] = []
    series: list[list[PlacedRows]] = [[] for _ in next(iter(runs.values()))]
    names = []
    for name, several in runs.items():
        predicted, rows = shared_rows([one.rows for one in several])
        if predicted.shape[0] < FEWEST_RUN_ROWS:
            said.append(f"{who}: of {name}, only {predicted.shape[0]} rows are in all of {len(several)} runs; left out")
            continue
        n_dropped = sum(one.rows.rows - predicted.shape[0] for one in several)
        if n_dropped:
            said.append(f"{who}: of {name}, {n_dropped} rows are not in all of {len(several)} runs; left out there")
        names.append(name)
        prediction.append(predicted)
        for one, more in zip(series, rows, strict=True):
            one.append(more)
    return prediction, series, names


def _members(subjects: Sequence[SubjectScores], said: list[str]) -> tuple[list[PlacedRows], list[list[Any]], list[str]]:
    """The prediction, each subject, and the timelines that all subjects have."""
    by_subject = [_by_timeline(one) for one in subjects]
    who = "group" if len(subjects) > 1 else subjects[0].subject
    shared = [name for name in by_subject[0] if all(name in runs for runs in by_subject)]
    if not shared:
        return [], [], []
    counts = {name: [len(runs[name]) for runs in by_subject] for name in shared}
    every = {name: [run for runs in by_subject for run in runs[name]] for name in shared}
    prediction: list[PlacedRows] = []
    series: list[list[Any]] = [[] for _ in subjects]
    names = []
    for name, runs in every.items():
        one_prediction, [*flat], kept = _side_by_side({name: runs}, who, said)
        if not kept:
            continue
        names.append(name)
        prediction += one_prediction
        rows = [parts[0] for parts in flat]
        for one, n in zip(series, counts[name], strict=True):
            mine, rows = rows[:n], rows[n:]
            one.append(mine[0] if n == 1 else MeanOfSeries(tuple(mine)))
    return prediction, series, names
