"""`networks`: spatially independent components of predictions, or of the maps of a model's last units.

Rows are what is mixed (moments, or units), vertices are the samples: spatial ICA, as of fMRI at rest. What is a
network is then asked of templates, with a null that keeps smoothness, and of other starts.

Time: components have a course over the rows of a prediction, whose times are those of the stimulus; nothing is shifted.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tribe_np.analysis.comparisons.compared_items import read_source
from tribe_np.analysis.decompositions.independent_maps import (
    WHY_ICA,
    IndependentMaps,
    Stability,
    independent_maps,
    stability,
)
from tribe_np.analysis.decompositions.network_templates import NetworkTemplates, default_templates, read_templates
from tribe_np.analysis.decompositions.row_reduction import ReducedRows, RowTransform, reduce_rows, row_transform
from tribe_np.analysis.decompositions.spins import SpinTest, sphere_spins, spin_test
from tribe_np.analysis.statistics.multiplicity import fdr
from tribe_np.analysis.statistics.relabellings import check_seed
from tribe_np.cortex.meshes.surfaces import load_surface
from tribe_np.cortex.parcellations.parcellation import NO_REGION
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.cortex.random_weights import RANDOM, is_of_random_weights
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, MeshError, MissingDependencyError
from tribe_np.optional import require

DEFAULT_COMPONENTS = 20
DEFAULT_SPINS = 1000
DEFAULT_RESTARTS = 10
FEWEST_SPINS = 19  # fewer could give no p below 0.05
UNSTABLE = 0.9  # |r| below which a component is said not to be the same from another start
ROWS_OF_TIME, ROWS_OF_UNITS = "moments", "units"
Stage = Callable[[str, int, str], AbstractContextManager[Callable[[int], None]]]


def _unseen(name: str, total: int, unit: str) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda n: None)


@dataclass(frozen=True, eq=False)
class NetworkOptions:
    """What was asked for."""

    components: int
    seed: int
    restarts: int
    spins: int
    standardize: bool
    removes_mean: bool
    rows: str  # ROWS_OF_TIME or ROWS_OF_UNITS


@dataclass(frozen=True, eq=False)
class Networks:
    """Components of rows of maps, what they are like, and how sure that is.

    Shapes   found.maps (k, n_used) over the vertices series.columns[rows.used]; q (k, m), Benjamini and Hochberg's over
             all pairs of a component and a template
    """

    series: SurfaceSeries
    rows: RowTransform
    reduced: ReducedRows
    found: IndependentMaps
    stability: Stability
    templates: NetworkTemplates | None
    spins: SpinTest | None
    q: np.ndarray | None
    options: NetworkOptions
    subjects_dir: Any = None
    warnings: tuple[str, ...] = ()

    @property
    def n_components(self) -> int:
        """How many."""
        return len(self.found.maps)

    def maps(self) -> np.ndarray:
        """The components over the columns of the series, (k, n) float32; NaN where a vertex took no part."""
        whole = np.full((self.n_components, len(self.rows.used)), np.nan, np.float32)
        whole[:, self.rows.used] = self.found.maps
        return whole

    def best(self, component: int) -> int | None:
        """The template of largest |r|; None where there is none."""
        if self.spins is None or not np.isfinite(self.spins.r[component]).any():
            return None
        return int(np.nanargmax(np.abs(self.spins.r[component])))


def networks(
    source: Any,
    *,
    components: int | None = None,
    seed: int = 0,
    restarts: int = DEFAULT_RESTARTS,
    standardize: bool = False,
    templates: Any = None,
    spins: int = DEFAULT_SPINS,
    within: Any = None,
    subjects_dir: Any = None,
    rows: str = ROWS_OF_TIME,
    stage: Stage = _unseen,
) -> Networks:
    """Independent components of the rows of a prediction (a folder, .npy, array or SurfaceSeries), or of unit maps.

    components    how many; None is 20, or as many as few rows allow
    restarts      further starts (seed + 1, ...) that tell how stable each component is
    standardize   each vertex to a standard deviation of 1 over rows, so that no vertex counts for more
    templates     see `read_templates`; None is Yeo's seven networks where they are at hand, False none
    within        a parcellation: only vertices with a region take part, in the components as in the spins
    rows          "moments": each vertex's mean over rows is taken out first; "units": it is kept
    stage         the `stage` of a Progress, to see how far it is
    Raises        ConfigError, ShapeError, ParcellationError, MeshError; MissingDependencyError without scikit-learn
    """
    _check(components, seed, restarts, spins, rows)
    require("sklearn.decomposition", extra="analysis", why=WHY_ICA)
    series = read_source(source)
    said = [RANDOM] if is_of_random_weights(series) else []
    transform = row_transform(
        series.values,
        removes_mean=rows == ROWS_OF_TIME,
        standardizes=standardize,
        within=_within(within, series),
    )
    k = _n_components(components, transform, said)
    chosen, more = _templates(templates, 2 * series.per_hemisphere)
    options = NetworkOptions(k, seed, restarts, spins, standardize, rows == ROWS_OF_TIME, rows)
    reduced = reduce_rows(transform, k)
    with stage("components", 1 + restarts, "starts") as step:
        found = independent_maps(reduced, seed)
        step(1)
        stable = stability(reduced, found, range(seed + 1, seed + 1 + restarts), step)
    made = Networks(series, transform, reduced, found, stable, chosen, None, None, options, subjects_dir)
    said += [*more, *_odd(made)]
    if chosen is not None and spins:
        made, odd = _with_spins(made, chosen, stage)
        said += odd
    return replace(made, warnings=tuple(dict.fromkeys(said)))


def _check(components: int | None, seed: int, restarts: int, spins: int, rows: str) -> None:
    check_seed(seed)
    for name, value, least in (("components", components, 1), ("restarts", restarts, 0), ("spins", spins, 0)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ConfigError(f"{name} must be a whole number from {least} on, got {value!r}")
    if 0 < spins < FEWEST_SPINS:
        raise ConfigError(f"spins must be 0 or at least {FEWEST_SPINS}, got {spins}; fewer could give no p below 0.05")
    if rows not in (ROWS_OF_TIME, ROWS_OF_UNITS):
        raise ConfigError(f"rows are {ROWS_OF_TIME} or {ROWS_OF_UNITS}, got {rows!r}")


def _within(given: Any, series: SurfaceSeries) -> np.ndarray | None:
    """Columns whose vertex has a region."""
    if given is None:
        return None
    parcels = load_parcellation(given, 2 * series.per_hemisphere)
    return np.asarray(parcels.region_of[series.columns] != NO_REGION)


def _n_components(asked: int | None, rows: RowTransform, said: list[str]) -> int:
    """As many as asked for, or the default as far as the rows go.

    Raises   ConfigError for more than the rows can hold
    """
    R = len(rows.values)
    most = min(R - int(rows.removes_mean), rows.n_used - 1)
    if asked is None:
        if most < DEFAULT_COMPONENTS:
            said.append(f"{most} components instead of {DEFAULT_COMPONENTS}: {R} rows hold no more")
        return min(DEFAULT_COMPONENTS, most)
    if asked > most:
        less = ", less the mean over them" if rows.removes_mean else ""
        raise ConfigError(f"--components {asked}: {R} rows{less} hold at most {most}")
    return int(asked)


def _templates(given: Any, n_vertices: int) -> tuple[NetworkTemplates | None, tuple[str, ...]]:
    if given is False:
        return None, ()
    return default_templates(n_vertices) if given is None else read_templates(given, n_vertices)


def _odd(made: Networks) -> list[str]:
    """What a person should know of the components."""
    rows, found, stable = made.rows, made.found, made.stability
    said = []
    if rows.n_not_finite or rows.n_constant:
        said.append(
            f"{rows.n_not_finite} vertices are NaN or infinite in some row and {rows.n_constant} do not vary over "
            "rows; they take no part"
        )
    if not found.has_converged:
        said.append(f"ICA did not converge in {found.n_iterations} iterations from seed {made.options.seed}")
    n_failed = sum(not fine for fine in stable.has_converged)
    if n_failed:
        said.append(f"ICA did not converge from {n_failed} of {len(stable.seeds)} other starts")
    if len(stable.seeds):
        n_unstable = int((stable.matched.mean(axis=0) < UNSTABLE).sum())
        if n_unstable:
            said.append(
                f"{n_unstable} of {made.n_components} components are not the same from other starts (mean |r| below "
                f"{UNSTABLE:g}); fewer components may be"
            )
    return said


def _with_spins(made: Networks, templates: NetworkTemplates, stage: Stage) -> tuple[Networks, list[str]]:
    """The same with the spin test, or without where the mesh has no sphere at hand."""
    series, options = made.series, made.options
    try:
        sphere = load_surface(series.mesh, "sphere", subjects_dir=made.subjects_dir)
    except (MeshError, MissingDependencyError) as error:
        return made, [f"components are matched to no templates: {error}"]
    whole = np.full((made.n_components, 2 * series.per_hemisphere), np.nan)
    whole[:, series.columns] = made.maps()
    with stage("templates", options.spins, "spins") as step:
        turned = sphere_spins(sphere.coordinates, options.spins, options.seed, step)
        tested = spin_test(whole, templates.maps, turned)
    q = fdr(tested.p.ravel()).reshape(tested.p.shape)
    return replace(made, spins=tested, q=q), []
