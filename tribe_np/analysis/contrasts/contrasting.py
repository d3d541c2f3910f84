"""`contrast`: conditions of an experiment compared at every vertex, across stimuli of one model.

The observation is the trial, or, as a GLM, the row (`contrast_methods`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.analysis.contrasts.contrast_methods import Method, OverRows, OverTrials
from tribe_np.analysis.contrasts.contrast_options import ContrastOptions
from tribe_np.analysis.contrasts.observations import TimeCourses, observe, time_courses
from tribe_np.analysis.contrasts.region_effects import RegionEffects, RegionMeans, find_regions
from tribe_np.analysis.contrasts.row_glm import row_model
from tribe_np.analysis.contrasts.trial_sources import TrialSource, read_trial_source
from tribe_np.analysis.statistics.contrast_tests import StatisticMaps
from tribe_np.analysis.statistics.formula import check_conditions, parse_formula
from tribe_np.analysis.statistics.multiplicity import fdr
from tribe_np.analysis.statistics.permutation import PermutationP
from tribe_np.analysis.statistics.surface_clusters import SurfaceCluster, clusters
from tribe_np.analysis.statistics.wording import ACROSS_STIMULI
from tribe_np.cortex.random_weights import RANDOM, is_of_random_weights
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import AnySeries
from tribe_np.errors import ConfigError, MeshError, MissingDependencyError
from tribe_np.shown import did_you_mean, quoted

BASELINE = (
    "the weights add up to {total:g}, so the effect is against 0 of the predictions, which is the mean of what the "
    "model was trained on and no rest"
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
    method: Method
    if asked.glm:
        model = row_model(found, delay=asked.delay, hrf=asked.hrf, confounds=asked.confounds)
        method = OverRows(found, model, asked)
    else:
        method = OverTrials(found, observe(found, asked.delay), asked)
    said += method.said
    return [
        _result(formula, each, method, regions, courses, said) for formula, each in zip(formulas, weights, strict=True)
    ]


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
    formula: str, weights: Mapping[str, float], method: Method, regions: RegionMeans | None,
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
