"""Upstream's functions on HCP-MMP1 under upstream's names, for any parcellation.

Indices count the vertices of both hemispheres, left first. Labels come in upstream's order, which is that of the
names as MNE reads them (`L_V1_ROI-lh`): V3A before V3. `parcellation` is a name, a folder, files or a `Parcellation`
(None: HCP-MMP1 as it is found). Vertices of no area are in no label; with compat="upstream" they are one, "?".
Source   tribev2 7239908 utils.get_hcp_labels, get_hcp_vertex_labels, get_hcp_roi_indices, summarize_by_roi,
         get_topk_rois; MNE 1.13 label.read_labels_from_annot (the order)
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.parcellations.parcellation import NO_REGION, Parcellation
from tribe_np.cortex.regions.region_series import ENDING, parcellation_of
from tribe_np.cortex.sizes import HEMISPHERES, VERTICES_PER_HEMISPHERE, mesh_name
from tribe_np.errors import ConfigError, ParcellationError, ShapeError
from tribe_np.shown import quoted

NO_AREA = "?"  # upstream cuts two characters off MNE's "???"
NO_COMBINED_AREA = "???"
COMBINED_FILES = ("lh.HCPMMP1_combined.annot", "rh.HCPMMP1_combined.annot")
HOW_TO_COMBINE = (
    f"combine=True needs the annotations {COMBINED_FILES[0]} and {COMBINED_FILES[1]}, which "
    "mne.datasets.fetch_hcp_mmp_parcellation(combine=True) makes; give their folder, or both files, as parcellation="
)


def get_hcp_labels(
    mesh: str = "fsaverage5",
    combine: bool = False,
    hemi: str = "both",
    *,
    parcellation: Any = None,
    compat: str | None = None,
) -> dict[str, np.ndarray]:
    """Ascending vertices of each area of "left", "right" or "both"; "both_separate" has V1-lh, V1-rh and so on.

    `combine`: Glasser's 22 groups of areas, from the annotations that MNE makes of them.
    Raises   ConfigError for an unknown mesh, hemisphere or compat; ParcellationError
    """
    if hemi == "both_separate":
        parcels = _parcels(mesh, combine, parcellation)
        sides = {side: get_hcp_labels(mesh, combine, side, parcellation=parcels, compat=compat) for side in HEMISPHERES}
        return {f"{label}{ENDING[side]}": found for side, labels in sides.items() for label, found in labels.items()}
    if hemi not in ("left", "right", "both"):
        raise ConfigError(f"hemi {quoted(hemi)} is unknown; known are left, right, both and both_separate")
    parcels = _parcels(mesh, combine, parcellation)
    labels = {
        region: found
        for region in upstream_order(parcels.regions, combine=combine)
        if len(found := parcels.vertices(region, hemi))
    }
    if not _is_upstream(compat):
        return labels
    none = np.flatnonzero(parcels.region_of == NO_REGION)
    if hemi != "both":
        none = none[(none >= parcels.per_hemisphere) == (hemi == "right")]
    return {NO_COMBINED_AREA if combine else NO_AREA: none, **labels} if len(none) else labels


def get_hcp_vertex_labels(
    mesh: str = "fsaverage5", combine: bool = False, *, parcellation: Any = None, compat: str | None = None
) -> list[str]:
    """The label of each vertex of both hemispheres; "" where there is none.

    Raises   as `get_hcp_labels`
    """
    of_vertex = [""] * (2 * VERTICES_PER_HEMISPHERE[mesh_name(mesh)])
    for label, vertices in get_hcp_labels(mesh, combine, parcellation=parcellation, compat=compat).items():
        for vertex in vertices.tolist():
            of_vertex[vertex] = label
    return of_vertex


def get_hcp_roi_indices(
    rois: str | Sequence[str],
    hemi: str = "both",
    mesh: str = "fsaverage5",
    *,
    parcellation: Any = None,
    compat: str | None = None,
) -> np.ndarray:
    """Vertices of the areas named, in the order asked for, repeats kept; `V*` is a prefix and `*a` a suffix.

    Raises   ConfigError, a ValueError as upstream's, for a name that matches nothing; as `get_hcp_labels`
    """
    labels = get_hcp_labels(mesh, False, hemi, parcellation=parcellation, compat=compat)
    known = Parcellation("the parcellation", tuple(labels), np.zeros(0, int))  # for its rule of names, and its error
    names = rois if isinstance(rois, Iterable) and not isinstance(rois, str) else [rois]
    found = [labels[label] for name in names for label in known.matching(name)]
    if not found:
        raise ConfigError("rois must name an area such as V1, got none")
    return np.concatenate(found)


def summarize_by_roi(
    data: np.ndarray,
    hemi: str = "both",
    mesh: str = "fsaverage5",
    *,
    parcellation: Any = None,
    compat: str | None = None,
) -> np.ndarray:
    """The mean of each area, in the order of `get_hcp_labels(mesh, False, hemi)`; NaN where a vertex is NaN.

    Shapes   data (2 V,) or (R, 2 V), both hemispheres whatever `hemi` is -> (n,) or (R, n) float64
    Raises   ShapeError for data of another mesh; as `get_hcp_labels`
    """
    return _means(data, mesh, get_hcp_labels(mesh, False, hemi, parcellation=parcellation, compat=compat))


def get_topk_rois(
    data: np.ndarray,
    hemi: str = "both",
    mesh: str = "fsaverage5",
    k: int = 10,
    *,
    parcellation: Any = None,
    compat: str | None = None,
) -> np.ndarray:
    """The names of the k areas with the highest means, highest first; "both_separate" gives V1-lh, V1-rh and so on.

    Areas with a NaN have no rank; equal means come in the order of labels. With compat="upstream" a NaN comes first,
    and equal means come as they fall there.
    Shapes   data (2 V,) -> (at most k,) of str
    Raises   ConfigError for a k below 1; as `summarize_by_roi`
    """
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise ConfigError(f"k must be a whole number from 1 on, got {quoted(k)}")
    if np.ndim(data) != 1:
        raise ShapeError(f"get_topk_rois ranks one row of values (V,), got the shape {np.shape(data)}")
    labels = get_hcp_labels(mesh, False, hemi, parcellation=parcellation, compat=compat)
    means = _means(data, mesh, labels)
    if _is_upstream(compat):
        order = np.argsort(means)[::-1]
    else:
        order = np.argsort(-means, kind="stable")[: np.count_nonzero(~np.isnan(means))]  # NaN is last
    return np.array(list(labels))[order[:k]]


def upstream_order(regions: Sequence[str], *, combine: bool = False) -> list[str]:
    """Names in the order in which MNE sorts them: as parts of L_V1_ROI-lh, or of Early Visual Cortex-lh if combined."""
    return sorted(regions, key=lambda region: f"{region}-lh" if combine else f"{region}_ROI-lh")


def _means(data: np.ndarray, mesh: str, labels: dict[str, np.ndarray]) -> np.ndarray:
    values, size = np.asarray(data), 2 * VERTICES_PER_HEMISPHERE[mesh_name(mesh)]
    if values.ndim not in (1, 2) or values.shape[-1] != size or values.dtype.kind not in "fiu":
        raise ShapeError(
            f"data must be numbers of shape ({size},) or (R, {size}), both hemispheres of {mesh}; "
            f"got {values.dtype} {values.shape}"
        )
    return np.stack([values[..., vertices].mean(axis=-1, dtype=np.float64) for vertices in labels.values()], axis=-1)


def _is_upstream(compat: str | None) -> bool:
    if compat not in (None, "upstream"):
        raise ConfigError(f'compat must be None or "upstream", got {quoted(compat)}')
    return compat is not None


def _parcels(mesh: str, combine: bool, given: Any) -> Parcellation:
    size = 2 * VERTICES_PER_HEMISPHERE[mesh_name(mesh)]
    found = parcellation_of(_combined_files(given) if combine else given, size, mesh)
    if combine and ("V1" in found.regions or not all("combined" in file.path.name for file in found.files)):
        raise ParcellationError(f"{found.name} is not the combined annotation; {HOW_TO_COMBINE}")
    return found


def _combined_files(given: Any) -> Any:
    """The pair of combined annotations in a folder; anything else that was given is taken as it is.

    Raises   ParcellationError that says how to get them
    """
    if given is None:
        given = os.environ.get("TRIBE_NP_PARCELLATION") or None
    if given is None:
        raise ParcellationError(HOW_TO_COMBINE)
    if isinstance(given, (str, Path)) and Path(given).is_dir():
        files = [Path(given) / name for name in COMBINED_FILES]
        if not all(file.is_file() for file in files):
            raise ParcellationError(f"{given}: has no combined annotations; {HOW_TO_COMBINE}")
        return files
    return given
