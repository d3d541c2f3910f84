"""`contrast`: conditions of an experiment compared at every vertex, across stimuli of one model.

The observation is the trial (`observations`), or, as a GLM, the row (`row_glm`).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.analysis.contrasts.contrast_options import ContrastOptions
from tribe_np.analysis.contrasts.observations import Observations, TimeCourses, observe, time_courses
from tribe_np.analysis.contrasts.region_effects import RegionEffects, RegionMeans, find_regions
from tribe_np.analysis.contrasts.row_glm import RowModel, row_contrast, row_model
from tribe_np.analysis.contrasts.trial_sources import TrialSource, read_trial_source
from tribe_np.analysis.statistics.contrast_tests import StatisticMaps, paired_contrast, welch_contrast
from tribe_np.analysis.statistics.formula import check_conditions, parse_formula
from tribe_np.analysis.statistics.multiplicity import fdr
from tribe_np.analysis.statistics.permutation import PermutationP, permutation_p
from tribe_np.analysis.statistics.surface_clusters import SurfaceCluster, clusters
from tribe_np.analysis.statistics.wording import ACROSS_STIMULI
from tribe_np.cortex.random_weights import RANDOM, is_of_random_weights
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import AnySeries
from tribe_np.errors import ConfigError, EventsError, MeshError, MissingDependencyError
from tribe_np.shown import did_you_mean, quoted

BASELINE = (
    "the weights add up to {total:g}, so the effect is against 0 of the predictions, which is the mean of what the "
    "model was trained on and no rest"
)
OF_ROWS = (
    "t is over rows, not over trials: rows of one trial are no independent stimuli, and ar1 allows only for what "
    "neighbours share"
)

FIXED_EFFECTS = (
    "fixed effects: each run is fitted and whitened for itself; a condition's effect is its mean over the runs that "
    "have it; variances and degrees of freedom add up"
)


@dataclass(frozen=True, eq=False)
class Contrast:
    """The result for one formula; `across` says of what its p-values speak.

    Shapes   q (V,), permuted.p (V,), of the columns of `series` (its mesh, its vertices, run.json of the first
             prediction); None where there is no t or no permutation
    Fields   trials: how many each condition of the formula has; maps.n_observations: how many were compared, which
             are pairs with `pair`
    """

    formula: str
    weights: Mapping[str, float]
    method: str
    maps: StatisticMaps
    q: np.ndarray | None
    permuted: PermutationP | None
    trials: Mapping[str, int]
    series: AnySeries
    regions: RegionEffects | None
    clusters: tuple[SurfaceCluster, ...] | None
    time_courses: TimeCourses | None
    region_courses: TimeCourses | None
    region_means: RegionMeans | None
    source: TrialSource
    options: ContrastOptions
    facts: Mapping[str, Any] = field(default_factory=dict)  # of the method: rows, columns of the design, pairs left out
    warnings: tuple[str, ...] = ()
    across: str = ACROSS_STIMULI

    @property
    def n_significant(self) -> int | None:
        """Vertices with a q below the level; None where there is no q."""
        return None if self.q is None else int((self.q < self.options.level).sum())

    @property
    def df_range(self) -> tuple[float, float] | None:
        """The least and the most degrees of freedom of any vertex."""
        if self.maps.df is None or not np.isfinite(self.maps.df).any():
            return None
        return float(np.nanmin(self.maps.df)), float(np.nanmax(self.maps.df))


def contrast(source: str | Path, formula: str, **options: Any) -> Contrast:
    """One contrast of the trials of an experiment's folder or of a table; options are those of ContrastOptions.

    Raises   as `several_contrasts`
    """
    return several_contrasts(source, [formula], **options)[0]


def several_contrasts(source: str | Path, formulas: Sequence[str], **options: Any) -> list[Contrast]:
    """Several contrasts of the same trials, which are read once.

    Raises   FormulaError; OutputError, EventsError, ShapeError for a source that cannot be used; ConfigError;
             ParcellationError; MissingDependencyError
    """
    try:
        asked = ContrastOptions(**options)
    except TypeError:
        known = list(ContrastOptions.__dataclass_fields__)
        wrong = next(name for name in options if name not in known)
        raise ConfigError(f"contrast has no option {quoted(wrong)}{did_you_mean(wrong, known)}") from None
    if not formulas:
        raise ConfigError("nothing to compare: expected a formula such as 'faces - places'")
    weights = [parse_formula(formula) for formula in formulas]
    found = read_trial_source(source, anyway=asked.anyway)
    for each in weights:
        check_conditions(each, found.conditions(), f"the trials of {found.origin}")
    series = found.predictions[0].series
    regions, said = find_regions(series, asked.parcellation)
    said += list(found.said)
    if any(is_of_random_weights(rows.series) for rows in found.predictions):
        said.append(RANDOM)
    courses = _courses(found, regions, asked)
    method: _Method
    if asked.glm:
        model = row_model(found, delay=asked.delay, hrf=asked.hrf, confounds=asked.confounds)
        method = _OverRows(found, model, asked)
    else:
        method = _OverTrials(found, observe(found, asked.delay), asked)
    said += method.said
    return [
        _result(formula, each, method, regions, courses, said) for formula, each in zip(formulas, weights, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Tested:
    """What a method says of one formula, and what it takes to test other columns in the same way."""

    name: str
    maps: StatisticMaps
    rows: np.ndarray  # (n, V)
    test: Callable[[np.ndarray], StatisticMaps]
    permuted: PermutationP | None
    facts: dict[str, Any]
    said: list[str]


@dataclass(frozen=True, eq=False)
class _OverTrials:
    source: TrialSource
    observations: Observations
    options: ContrastOptions

    @property
    def said(self) -> list[str]:
        return list(self.observations.said)

    def run(self, weights: Mapping[str, float]) -> _Tested:
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
        return _Tested(maps.test, maps, rows, test, permuted, facts, said)

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
class _OverRows:
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

    def run(self, weights: Mapping[str, float]) -> _Tested:
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
        return _Tested(maps.test, maps, self.model.values, test, None, facts, [])


_Method = _OverTrials | _OverRows


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


def _courses(
    source: TrialSource, regions: RegionMeans | None, options: ContrastOptions
) -> tuple[TimeCourses | None, TimeCourses | None]:
    """Time courses of vertices, and of regions where there are any."""
    if options.fir is None:
        return None, None
    of_vertices = time_courses(source, options.fir, options.delay)
    if regions is None:
        return of_vertices, None
    means = [regions.of(rows.series.values) for rows in source.predictions]
    return of_vertices, time_courses(source, options.fir, options.delay, values=means)


def _result(
    formula: str, weights: Mapping[str, float], method: _Method, regions: RegionMeans | None,
    courses: tuple[TimeCourses | None, TimeCourses | None], said: Sequence[str],
) -> Contrast:  # fmt: skip
    source, options = method.source, method.options
    weights = {name: weight for name, weight in weights.items() if weight}
    tested = method.run(weights)
    maps, series = tested.maps, source.predictions[0].series
    q = None if maps.p is None else fdr(maps.p)
    warnings = [*said, *tested.said, *maps.said]
    total = sum(weights.values())
    if abs(total) > 1e-9 * max(map(abs, weights.values())) and not options.glm:
        warnings.append(BASELINE.format(total=total))
    significant = None if q is None else np.where(np.isfinite(q), (q < options.level).astype(float), np.nan)
    effects = None if regions is None else regions.effects(tested.rows, tested.test, significant)
    found, more = _clusters(maps, q, series, regions, options)
    return Contrast(
        formula, weights, tested.name, maps, q, tested.permuted,
        {name: sum(t.condition == name for t in source.trials) for name in weights},
        series, effects, found, *courses, regions, source, options, tested.facts,
        tuple(dict.fromkeys([*warnings, *more])),
    )  # fmt: skip


def _clusters(
    maps: StatisticMaps, q: np.ndarray | None, series: AnySeries, regions: RegionMeans | None, options: ContrastOptions
) -> tuple[tuple[SurfaceCluster, ...] | None, list[str]]:
    """The patches where q is below the level; None, and why, where they cannot be told."""
    if q is None or maps.z is None:
        return None, []
    if not isinstance(series, SurfaceSeries):
        return None, ["no table of clusters: voxels have no mesh"]
    values, mask = (_on_mesh(each, series) for each in (maps.z, np.where(q < options.level, 1.0, 0.0)))
    try:
        found = clusters(
            values, mask == 1, series.mesh, region_of=None if regions is None else regions.region_names(),
            subjects_dir=options.subjects_dir,
        )  # fmt: skip
    except (MeshError, MissingDependencyError) as error:
        return None, [f"no table of clusters: {error}"]
    return tuple(found), []


def _on_mesh(values: np.ndarray, series: SurfaceSeries) -> np.ndarray:
    """Every vertex of the mesh, (2 V,); NaN where none was predicted."""
    if series.vertices is None:
        return values
    whole = np.full(2 * series.per_hemisphere, np.nan)
    whole[series.vertices] = values
    return whole
