"""Clusters: patches of the cortex whose vertices all pass a threshold, with size, area and peak.

A description, not a test: no p-value is given to a cluster.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from tribe_np.cortex.meshes.surfaces import Surface, load_surface
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.errors import ConfigError, ShapeError

RegionOf = Callable[[int], str] | Sequence[str]


@dataclass(frozen=True)
class SurfaceCluster:
    """One patch.

    Units    area: mm2 of the surface; coordinates: mm, FreeSurfer's (MNI305 on white and pial)
    """

    hemisphere: str  # "left" or "right"
    sign: int  # 1 or -1: of all its values
    n_vertices: int
    area: float
    peak: float  # the value farthest from 0
    peak_vertex: int  # counted over both hemispheres, left first
    coordinates: tuple[float, float, float]  # of the peak
    region: str  # of the peak, "" where none is given
    regions: tuple[tuple[str, int], ...]  # every region with its vertices in the patch, largest first
    vertices: tuple[int, ...]


def clusters(
    values: np.ndarray,
    mask: np.ndarray,
    mesh: str | Surface,
    *,
    region_of: RegionOf | None = None,
    subjects_dir: str | Path | None = None,
    smallest: int = 1,
) -> list[SurfaceCluster]:
    """The patches of at least `smallest` vertices that are in the mask, the largest area first.

    Vertices belong together where an edge of the mesh joins them and their values have one sign. A value that is 0 or
    not finite belongs to none.

    Shapes   values, mask (2 V,): mask says which vertices pass, such as q < 0.05 or |t| > 3
    Units    area: of the triangles, each shared evenly by its three vertices, on the pial surface of a mesh given by
             name, or on the Surface given
    Raises   ShapeError, ConfigError; as `load_surface`
    """
    if isinstance(smallest, bool) or not isinstance(smallest, (int, np.integer)) or smallest < 1:
        raise ConfigError(f"smallest must be a whole number of vertices from 1 on, got {smallest!r}")
    surface = mesh if isinstance(mesh, Surface) else load_surface(mesh, "pial", subjects_dir=subjects_dir)
    values, mask = np.asarray(values, np.float64), np.asarray(mask)
    size = (len(surface.coordinates),)
    if values.shape != size or mask.shape != size or mask.dtype != bool:
        raise ShapeError(
            f"clusters: expected values and a mask of True and False for the {size[0]} vertices of {surface.mesh}, got "
            f"{values.shape} and {mask.dtype} {mask.shape}"
        )
    areas = vertex_areas(surface)
    sign = np.where(mask & np.isfinite(values), np.sign(values), 0).astype(int)
    found = [
        _described(patch, values, areas, surface, region_of)
        for patch in _patches(sign, surface.faces)
        if len(patch) >= smallest
    ]
    return sorted(found, key=lambda one: (-one.area, one.peak_vertex))


def vertex_areas(surface: Surface) -> np.ndarray:
    """The area of each vertex, (2 V,) float64 in mm2: a third of every triangle that it is a corner of."""
    corners = surface.coordinates.astype(np.float64)[surface.faces]  # (n, 3 corners, 3)
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    thirds = np.linalg.norm(across, axis=1) / 6
    return np.bincount(surface.faces.ravel(), np.repeat(thirds, 3), minlength=len(surface.coordinates))


def _patches(sign: np.ndarray, faces: np.ndarray) -> list[np.ndarray]:
    """The vertices of each connected patch of one sign. No edge joins the hemispheres."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    one, other = edges[sign[edges[:, 0]] == sign[edges[:, 1]]].T
    graph = coo_matrix((np.ones(len(one), np.int8), (one, other)), (len(sign), len(sign)))
    _, patch_of = connected_components(graph, directed=False)
    inside = np.flatnonzero(sign)
    if not len(inside):
        return []
    order = inside[np.argsort(patch_of[inside], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(patch_of[order])) + 1)


def _described(
    patch: np.ndarray, values: np.ndarray, areas: np.ndarray, surface: Surface, region_of: RegionOf | None
) -> SurfaceCluster:
    peak = int(patch[np.abs(values[patch]).argmax()])
    x, y, z = surface.coordinates[peak].tolist()
    names = [_region(vertex, region_of) for vertex in patch.tolist()]
    counts = {name: n for name, n in Counter(names).items() if name}
    return SurfaceCluster(
        hemisphere=HEMISPHERES[peak >= len(values) // 2],
        sign=int(np.sign(values[peak])),
        n_vertices=len(patch),
        area=float(areas[patch].sum()),
        peak=float(values[peak]),
        peak_vertex=peak,
        coordinates=(x, y, z),
        region=_region(peak, region_of),
        regions=tuple(sorted(counts.items(), key=lambda one: -one[1])),
        vertices=tuple(patch.tolist()),
    )


def _region(vertex: int, region_of: RegionOf | None) -> str:
    if region_of is None:
        return ""
    return region_of(vertex) if callable(region_of) else region_of[vertex]
