"""Values of one mesh on another: copies where vertices are shared, else means of neighbours, or their commonest label.

    subsample          a coarser mesh whose vertices are vertices of the finer one: their values, unchanged. Upstream's
                       projector does it for measured data, by taking the first vertices; here the spheres prove which
    inverse-distance   the five nearest vertices on the inflated surfaces, by 1 / distance: upstream's plots
    barycentric        the corners of the triangle that a vertex lies in, on registered spheres: what workbench does

Source   tribev2 7239908 plotting.base.BasePlotBrain.get_stat_map; neuralset 0.0.2 SurfaceProjector.apply
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.meshes.interpolation import (
    SourceWeights,
    barycentric,
    inverse_distance,
    most_frequent,
    weighted_mean,
)  # fmt: skip
from tribe_np.cortex.meshes.numbering import check_numbering, numbering_at_hand, numbering_of
from tribe_np.cortex.meshes.registration import GivenSpheres, Pair, all_digests, registered_spheres
from tribe_np.cortex.meshes.subsampling import SubsamplingPlan, both_sides, subsample_plan
from tribe_np.cortex.meshes.surfaces import load_surface
from tribe_np.cortex.series import SurfaceSeries, as_series
from tribe_np.cortex.sizes import FS_LR, HEMISPHERES, VERTICES_PER_HEMISPHERE, mesh_name
from tribe_np.errors import ConfigError, MeshError, ShapeError
from tribe_np.shown import did_you_mean, quoted

METHODS = ("subsample", "inverse-distance", "barycentric")


@dataclass(frozen=True, eq=False)
class Resampled:
    """Values on the target mesh, how they came about (for run.json), and what a person should know of them."""

    series: SurfaceSeries
    record: Mapping[str, Any]
    warnings: tuple[str, ...] = ()

    @property
    def values(self) -> np.ndarray:
        """(R, n) on the target mesh."""
        return self.series.values


def resample(
    source: Any,
    to: str,
    *,
    method: str | None = None,
    labels: bool | None = None,
    subjects_dir: str | Path | None = None,
    from_sphere: Pair | None = None,
    to_sphere: Pair | None = None,
    spheres: str | Path | None = None,
) -> Resampled:
    """A predictions folder, a SurfaceSeries or an array (R, 2 V) or (2 V,) on another mesh.

    method    one of METHODS; default: barycentric where fsLR-32k or spheres are given, subsample to a coarser mesh of
              fsaverage, inverse-distance to a finer one
    labels    whether values are labels, of which the commonest is taken, not the mean; default: integers are
    spheres   from_sphere and to_sphere are a left and a right file each; `spheres` is a folder with HCP's names

    Values keep their type. Of a `--roi` run come the vertices whose nearest source vertex was computed.
    Raises    ConfigError, ShapeError, MeshError
    """
    series, target = as_series(source), mesh_name(to)
    given = GivenSpheres(from_sphere, to_sphere, spheres)
    chosen = _method(series.mesh, target, method, given)
    is_labels = series.values.dtype.kind in "iu" if labels is None else labels
    if is_labels:
        _check_labels(series)
    plan = _plan(series, target, chosen, given, subjects_dir)
    weights, kept, warnings = _of_selection(plan.weights, series, target)
    values, more = _apply(series.values, weights, chosen, is_labels)
    every = len(kept) == 2 * VERTICES_PER_HEMISPHERE[target]
    record = {"from": series.mesh, "to": target, "method": chosen, "labels": is_labels, **plan.record}
    vertices = None if every else kept
    made = replace(series, values=values, mesh=target, vertices=vertices, numbering=plan.numbering)
    return Resampled(made, record, (*plan.warnings, *warnings, *more))


def _method(source: str, target: str, method: str | None, given: GivenSpheres) -> str:
    if source == target:
        raise ConfigError(f"the values are on {target} already")
    if method is not None and method not in METHODS:
        known = ", ".join(METHODS)
        raise ConfigError(f"method {quoted(method)} is unknown; known are {known}{did_you_mean(method, METHODS)}")
    is_coarser = VERTICES_PER_HEMISPHERE[target] < VERTICES_PER_HEMISPHERE[source]
    if FS_LR in (source, target) or given:
        if method not in (None, "barycentric"):
            raise ConfigError(f"registered spheres and {FS_LR} take the method barycentric, not {method}")
        return "barycentric"
    if method == "subsample" and not is_coarser:
        raise ConfigError(f"{target} is finer than {source}: there is nothing to subsample; leave out the method")
    return method or ("subsample" if is_coarser else "inverse-distance")


def _check_labels(series: SurfaceSeries) -> None:
    values = series.values
    if values.dtype.kind == "f" and not (np.isfinite(values) & (values == np.round(values))).all():
        raise ShapeError(f"{series.origin}: labels must be whole numbers, but some values are not")


def _plan(
    series: SurfaceSeries, target: str, method: str, given: GivenSpheres, subjects_dir: str | Path | None
) -> SubsamplingPlan:
    source = series.mesh
    if method == "subsample":
        return subsample_plan(series, target, subjects_dir)
    if method == "barycentric":
        one, other = registered_spheres(source, target, given, subjects_dir)
        numberings = [numbering_of(sphere, subjects_dir) for sphere in (one, other)]
    else:
        one, other = (load_surface(mesh, "inflated", subjects_dir=subjects_dir) for mesh in (source, target))
        numberings = [numbering_at_hand(mesh, subjects_dir) for mesh in (source, target)]
    check_numbering(series, numberings[0], one.origin)
    sides = []
    for side in HEMISPHERES:
        (there, faces), (here, _) = one.hemisphere(side), other.hemisphere(side)
        sides.append(barycentric(there, faces, here) if method == "barycentric" else inverse_distance(there, here))
    return SubsamplingPlan(both_sides(sides, source), {"meshes": dict(all_digests(one, other))}, numberings[1])


def _of_selection(by: SourceWeights, series: SurfaceSeries, target: str) -> tuple[SourceWeights, np.ndarray, list[str]]:
    """Weights into the columns that there are, the target vertices that they make, and what to say of the others."""
    every = np.arange(len(by.vertices))
    if series.vertices is None:
        return by, every, []
    column = np.full(2 * series.per_hemisphere, -1)
    column[series.vertices] = np.arange(len(series.vertices))
    kept = every[column[by.nearest()] >= 0]
    if not len(kept):
        n = len(series.vertices)
        raise MeshError(f"{series.origin}: none of the {n} vertices computed is nearest to a vertex of {target}")
    columns = column[by.vertices[kept]]
    weights = by.weights[kept] * (columns >= 0)
    is_short = ((by.weights[kept] > 0) & (columns < 0)).any(axis=1)
    said = (
        f"only {len(series.vertices)} vertices of {series.mesh} were computed: the result has the {len(kept)} vertices "
        f"of {target} whose nearest one is among them"
    )
    if is_short.any():
        said += f"; {is_short.sum()} of them, at the edge, lack some neighbours"
    return SourceWeights(np.maximum(columns, 0), weights / weights.sum(axis=1, keepdims=True)), kept, [said]


def _apply(values: np.ndarray, by: SourceWeights, method: str, is_labels: bool) -> tuple[np.ndarray, list[str]]:
    """Row by row, as memory maps are read; and what to say of values that are not finite."""
    if method == "subsample":
        made = np.ascontiguousarray(values[:, by.vertices[:, 0]])
        n_odd = _not_finite(made)
        return made, [f"{n_odd} values of the result are not finite, as in the source"] if n_odd else []
    dtype = values.dtype if is_labels or values.dtype.kind == "f" else np.dtype(np.float64)
    made, n_short = np.empty((len(values), len(by.vertices)), dtype), 0
    for row, before in enumerate(values):
        if is_labels:
            made[row] = most_frequent(before, by, is_weighted=method == "barycentric")
        else:
            made[row], is_short = weighted_mean(before, by)
            n_short += int(is_short.sum())
    n_odd = _not_finite(values)
    said = f"{n_odd} values of the source are not finite: left out of {n_short} means"
    return made, [f"{said}; {_not_finite(made)} values of the result are NaN"] if n_odd else []


def _not_finite(values: np.ndarray) -> int:
    return int(values.size - np.isfinite(values).sum()) if values.dtype.kind == "f" else 0
