"""Which vertices a coarser mesh keeps of a finer one: by the spheres of both, else by what the finer one proves.

fsaverage5 is the first vertices of fsaverage6 and 7 by FreeSurfer's numbering. Of fsaverage3 and 4, whose order depends
on the files, the first vertices are taken only where these files are nowhere, and a warning says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.meshes.interpolation import SourceWeights, copies
from tribe_np.cortex.meshes.mesh_sources import VARIABLE, local_files
from tribe_np.cortex.meshes.nesting import PREFIXES, Nesting, nested_vertices, prefix_by_definition, proven_first
from tribe_np.cortex.meshes.numbering import check_numbering, numbering_of
from tribe_np.cortex.meshes.registration import all_digests
from tribe_np.cortex.meshes.surfaces import Surface, load_surface
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.sizes import HEMISPHERES, OF_NILEARN, VERTICES_PER_HEMISPHERE
from tribe_np.errors import MeshError, MissingDependencyError


@dataclass(frozen=True, eq=False)
class SubsamplingPlan:
    """Weights of both hemispheres, into both, what the record says of them, and how the target is numbered."""

    weights: SourceWeights
    record: Mapping[str, Any]
    numbering: str | None = None
    warnings: tuple[str, ...] = ()


def subsample_plan(series: SurfaceSeries, target: str, subjects_dir: str | Path | None) -> SubsamplingPlan:
    """Which vertices are the coarse mesh's: by their spheres; of fsaverage7, 6 and 5 by FreeSurfer's numbering else.

    Raises   MeshError; MissingDependencyError
    """
    source = series.mesh
    first = prefix_by_definition(source, target, VERTICES_PER_HEMISPHERE[target])
    here = {mesh: local_files(mesh, "sphere", subjects_dir) is not None for mesh in (source, target)}
    if first is not None and not all(here.values()):
        return SubsamplingPlan(
            both_sides([copies(first.vertices)] * 2, source), {"nesting": _told(first), "meshes": {}}
        )
    starts_as = source in PREFIXES or series.numbering == OF_NILEARN  # with fsaverage5's vertices, or as they do
    fine = source if here[source] or not starts_as else PREFIXES[0]
    try:
        other = load_surface(target, "sphere", subjects_dir=subjects_dir)
    except (MeshError, MissingDependencyError) as error:
        if here[target] or fine not in PREFIXES or local_files(fine, "sphere", subjects_dir) is None:
            raise
        return _first_vertices_plan(source, target, load_surface(fine, "sphere", subjects_dir=subjects_dir), error)
    one = load_surface(fine, "sphere", subjects_dir=subjects_dir)
    if fine == source:
        check_numbering(series, numbering_of(one, subjects_dir), one.origin)
    found = []
    for side in HEMISPHERES:
        nesting = nested_vertices(one.hemisphere(side)[0], other.hemisphere(side)[0])
        if nesting is None or nesting.vertices.max() >= series.per_hemisphere:
            raise MeshError(
                f"{other.origin}: the vertices of {target} are not vertices of {fine}, as their spheres show; "
                "choose the method inverse-distance or barycentric"
            )
        found.append(nesting)
    record = {"nesting": _told(*found) | _assumed(source, fine, _told(*found)["by"])}
    record["meshes"] = dict(all_digests(one, other))
    return SubsamplingPlan(
        both_sides([copies(nesting.vertices) for nesting in found], source), record, numbering_of(other, subjects_dir)
    )


def _first_vertices_plan(source: str, target: str, fine: Surface, error: Exception) -> SubsamplingPlan:
    """The first vertices of a finer sphere, for a mesh whose own files are nowhere, as `error` says."""
    n = VERTICES_PER_HEMISPHERE[target]
    found = []
    for side in HEMISPHERES:
        nesting = proven_first(*fine.hemisphere(side), n)
        if nesting is None:
            raise MeshError(
                f"{error}; the first {n} vertices of {fine.mesh} ({fine.origin}, {side}) cannot stand in for those of "
                f"{target}, as its sphere shows"
            ) from error
        found.append(nesting)
    far = max(nesting.farthest for nesting in found)
    by = f"the sphere of {fine.mesh}: its later vertices lie midway between the first {n}, to {far:.4f} mm"
    record = {"nesting": _told(*found) | {"by": by} | _assumed(source, fine.mesh, by), "meshes": dict(fine.digests)}
    said = (
        f"no files of {target} were found: its vertices are taken to be {OF_NILEARN}; FreeSurfer's own {target} "
        f"has the same places in another order: for that one, give its folder with --subjects-dir or {VARIABLE}"
    )
    return SubsamplingPlan(
        both_sides([copies(nesting.vertices) for nesting in found], source), record, OF_NILEARN, (said,)
    )


def _assumed(source: str, fine: str, by: str) -> dict[str, Any]:
    """What the record says where the sphere of another mesh stood in for the source's: that is not proven."""
    if fine == source:
        return {}
    named = "the first vertices of {} by {} numbering"
    finer = named.format(source, "FreeSurfer's") if source in PREFIXES else named.format(fine, "the source's")
    return {"proven": False, "by": f"{by}, in {fine}: {finer}"}


def _told(*sides: Nesting) -> dict[str, Any]:
    is_proven, farthest = all(side.is_proven for side in sides), max(side.farthest for side in sides)
    by = f"spheres, to {farthest:.4f} mm" if is_proven else "FreeSurfer's numbering (spheres not found)"
    return {"proven": is_proven, "by": by, "first_vertices": all(side.is_prefix for side in sides)}


def both_sides(sides: list[SourceWeights], source: str) -> SourceWeights:
    """The weights of the left and the right hemisphere, into both."""
    left, right = sides
    shifted = right.vertices + VERTICES_PER_HEMISPHERE[source]
    return SourceWeights(np.concatenate([left.vertices, shifted]), np.concatenate([left.weights, right.weights]))
