"""The two ways to test a formula: over trials (t of their means), and over rows (a GLM)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tribe_np.analysis.contrasts.contrast_options import ContrastOptions
from tribe_np.analysis.contrasts.observations import Observations
from tribe_np.analysis.contrasts.row_glm import RowModel, row_contrast
from tribe_np.analysis.contrasts.trial_sources import TrialSource
from tribe_np.analysis.statistics.contrast_tests import StatisticMaps, paired_contrast, welch_contrast
from tribe_np.analysis.statistics.permutation import PermutationP, permutation_p
from tribe_np.errors import EventsError

OF_ROWS = (
    "t is over rows, not over trials: rows of one trial are no independent stimuli, and ar1 allows only for what "
    "neighbours share"
)
FIXED_EFFECTS = (
    "fixed effects: each run is fitted and whitened for itself; a condition's effect is its mean over the runs that "
    "have it; variances and degrees of freedom add up"
)


@dataclass(frozen=True, eq=False)
class Tested:
    """What a method says of one formula, and what it takes to test other columns in the same way."""

    name: str
    maps: StatisticMaps
    rows: np.ndarray  # (n, V)
    test: Callable[[np.ndarray], StatisticMaps]
    permuted: PermutationP | None
    facts: dict[str, Any]
    said: list[str]


@dataclass(frozen=True, eq=False)
class OverTrials:
    """One observation a trial, a stimulus or a pair; nothing else is assumed of them."""

    source: TrialSource
    observations: Observations
    options: ContrastOptions

    @property
    def said(self) -> list[str]:
        return list(self.observations.said)

    def run(self, weights: Mapping[str, float]) -> Tested:
        """Welch's t, or the paired one."""
        if self.options.pair:
            members, facts, said = _pairs(self.source, weights)
        else:
            trials = list(enumerate(self.source.trials))
            members = [[[i] for i, trial in trials if trial.condition == name] for name in weights]
            facts, said = {}, []
        if self.options.by_stimulus:
            members = [self._repetitions(each) for each in members]
        said += self._shared(members)
        is_tested = min(len(each) for each in members) > 1
        if is_tested and not self.options.by_stimulus and not self.options.pair:
            said += self._repeated(members)
        numbers, cuts = list(weights.values()), np.cumsum([len(each) for each in members])[:-1]
        run_test = paired_contrast if self.options.pair else welch_contrast
        values = self.observations.values
        rows = np.stack([values[one].mean(axis=0) for each in members for one in each])

        def test(columns: np.ndarray) -> StatisticMaps:
            return run_test(np.split(columns, cuts), numbers)

        permuted = None
        if self.options.permute is not None and not is_tested:
            said.append("--permute: nothing to relabel where a condition, or all pairs, are one observation")
        elif self.options.permute is not None:
            blocks, within = (None, "pairs") if self.options.pair else self._blocks(members)
            if self.options.by_stimulus:
                blocks, within = None, None  # a stimulus may be of several runs
            permuted = permutation_p(
                np.split(rows, cuts), numbers, paired=self.options.pair, blocks=blocks, seed=self.options.seed,
                most=self.options.permute,
            )  # fmt: skip
            facts["relabelled_within"] = within
            said += permuted.warnings(self.options.level)
        maps = test(rows)
        return Tested(maps.test, maps, rows, test, permuted, facts, said)

    def _repetitions(self, members: Sequence[Sequence[int]]) -> list[list[int]]:
        """The trials of each stimulus together; a trial that names none stands alone."""
        found: dict[object, list[int]] = {}
        for (i,) in members:
            found.setdefault(self.source.trials[i].stimulus or i, []).append(i)
        return list(found.values())

    def _repeated(self, members: Sequence[Sequence[Sequence[int]]]) -> list[str]:
        """What to say where trials show the same stimulus again."""
        n, n_different = (sum(map(len, each)) for each in (members, [self._repetitions(each) for each in members]))
        if n == n_different:
            return []
        return [
            f"the {n} trials show {n_different} different stimuli: a repetition is no new stimulus, and p is too "
            "small; --by-stimulus takes the mean of each"
        ]

    def _shared(self, members: Sequence[Sequence[Sequence[int]]]) -> list[str]:
        """What to say where trials of two conditions cover a row."""
        trials, rows = self.source.trials, self.observations.rows
        of_conditions = [
            {(trials[i].prediction, int(row)) for one in each for i in one for row in rows[i]} for each in members
        ]
        counts = Counter(row for each in of_conditions for row in each)
        n = sum(count > 1 for count in counts.values())
        return (
            [f"{n} of {len(counts)} rows are of trials of several conditions, and count in each of them"] if n else []
        )

    def _blocks(self, members: Sequence[Sequence[Sequence[int]]]) -> tuple[list[list[str]] | None, str | None]:
        """Labels stay within a run where every run has trials of two conditions; else they move freely."""
        trials = self.source.trials
        names = [[f"{trials[one[0]].prediction}:{trials[one[0]].run}" for one in each] for each in members]
        in_runs = {run for each in names for run in each}
        is_mixed = all(sum(run in each for each in names) > 1 for run in in_runs)
        return (names, "runs") if is_mixed and len(in_runs) > 1 else (None, None)


@dataclass(frozen=True, eq=False)
class OverRows:
    """A GLM, whose observations are the rows."""

    source: TrialSource
    model: RowModel
    options: ContrastOptions

    @property
    def said(self) -> list[str]:
        said = [OF_ROWS, *self.model.said]
        if self.options.hrf is not None:
            offset = self.source.predictions[0].series.hemodynamic_offset
            said.append(
                f"--hrf {self.options.hrf}: the model has already learned the delay of BOLD; rows count at the time of "
                f"the BOLD that they estimate, {offset:g} s later, so that the delay counts once"
            )
        return said

    def run(self, weights: Mapping[str, float]) -> Tested:
        """The GLM's t."""
        vector = [weights.get(name, 0.0) for name in self.model.conditions]
        counts = [sum(t.condition == name for t in self.source.trials) for name in weights]

        def test(columns: np.ndarray) -> StatisticMaps:
            return row_contrast(replace(self.model, values=columns), vector, counts, self.options.noise)

        maps = test(self.model.values)
        facts = {
            "rows": len(self.model.values),
            "runs": {run.name: {"rows": len(run.design), "columns": list(run.columns)} for run in self.model.runs},
            "over_runs": FIXED_EFFECTS if len(self.model.runs) > 1 else None,
            "hrf": self.options.hrf, "noise": self.options.noise, "drift": None,
        }  # fmt: skip
        return Tested(maps.test, maps, self.model.values, test, None, facts, [])


def _pairs(
    source: TrialSource, weights: Mapping[str, float]
) -> tuple[list[list[list[int]]], dict[str, Any], list[str]]:
    """For each condition the trials of each pair that has all conditions of the formula; what was left out.

    Raises   EventsError where no pair is whole
    """
    found: dict[str, dict[str, list[int]]] = {}
    n_without = 0
    for i, trial in enumerate(source.trials):
        if trial.condition in weights and not trial.pair:
            n_without += 1
        elif trial.condition in weights:
            found.setdefault(trial.pair, {}).setdefault(trial.condition, []).append(i)
    whole = {pair: each for pair, each in found.items() if len(each) == len(weights)}
    if not whole:
        raise EventsError(
            f"{source.origin}: no pair has trials of {' and '.join(weights)}; --pair needs a column pair whose name "
            "two or more trials share"
        )
    n_broken = len(found) - len(whole)
    said = [f"{n_without} trials name no pair; left out"] if n_without else []
    said += [f"{n_broken} of {len(found)} pairs lack a condition of the formula; left out"] if n_broken else []
    repeated = sum(len(each) > 1 for conditions in whole.values() for each in conditions.values())
    said += [f"{repeated} conditions of a pair have several trials; their mean is taken"] if repeated else []
    members = [[each[name] for each in whole.values()] for name in weights]
    return members, {"pairs": len(whole), "trials without a pair": n_without, "pairs left out": n_broken}, said


Method = OverTrials | OverRows
