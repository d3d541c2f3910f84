"""The mesh as the page holds it: three shapes with one numbering, faces, sulci. Hemispheres are apart in each shape.

Blobs    faces, the first n_flat_faces of which are those of the flat map (the others are cut open there), coded as
         `coded_faces` says; shape-pial, shape-inflated, shape-flat (2 V, 3) int16 in units of coordinate_step;
         sulc (2 V,) uint8, 128 is neither gyrus nor sulcus, above it lies a sulcus
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.meshes.surfaces import Surface, load_overlay, load_surface
from tribe_np.errors import MeshError
from tribe_np.plots.pages.packing import blob

SHAPES = ("pial", "inflated", "flat")
GAPS = {"pial": 1.0, "inflated": 3.0, "flat": 8.0}  # mm from each hemisphere to the midline
FINEST = 0.02  # mm: a hundredth of the edges of fsaverage5, a twentieth of those of fsaverage7
INT16 = 32767
SULC_MIDDLE, SULC_REACH = 128, 127


@dataclass(frozen=True)
class PackedMesh:
    """Facts and blobs of a mesh, and what was odd about it."""

    facts: Mapping[str, Any]
    blobs: Mapping[str, str]
    notes: tuple[str, ...] = ()


def packed_mesh(mesh: str, *, subjects_dir: str | Path | None = None) -> PackedMesh:
    """The mesh with all shapes that were found; without a flat map the page has two.

    Raises   as `load_surface`
    """
    surfaces = {kind: load_surface(mesh, kind, subjects_dir=subjects_dir) for kind in SHAPES[:2]}
    pial, is_flat = surfaces["pial"], np.zeros(0, bool)
    notes: tuple[str, ...] = ()
    try:
        flat = load_surface(mesh, "flat", subjects_dir=subjects_dir)
        is_flat = _faces_within(flat.faces, pial.faces, flat.origin)
        surfaces["flat"] = flat
    except MeshError as error:
        notes = (f"no flat map: {error}",)
    faces = pial.faces
    if "flat" in surfaces:
        faces = np.concatenate([_sorted_faces(faces[is_flat]), _sorted_faces(faces[~is_flat])])
    placed = {kind: _placed(surface) for kind, surface in surfaces.items()}
    step = max(FINEST, max(float(np.abs(p).max()) for p in placed.values()) / INT16)
    index_type = np.uint16 if len(pial.coordinates) <= np.iinfo(np.uint16).max + 1 else np.uint32
    blobs = {"faces": blob(coded_faces(faces, np.dtype(index_type)))}
    blobs |= {f"shape-{kind}": blob(np.rint(p / step).astype(np.int16)) for kind, p in placed.items()}
    blobs["sulc"] = blob(_sulc(load_overlay(mesh, "sulc", subjects_dir=subjects_dir)))
    facts = {
        "name": pial.mesh, "n_vertices": len(pial.coordinates), "per_hemisphere": len(pial.coordinates) // 2,
        "n_faces": len(faces), "n_flat_faces": int(is_flat.sum()), "shapes": list(surfaces),
        "index_type": index_type.__name__, "coordinate_step": step, "origin": pial.origin,
    }  # fmt: skip
    return PackedMesh(facts, blobs, notes)


def coded_faces(faces: np.ndarray, index_type: np.dtype) -> np.ndarray:
    """Faces as differences, byte by byte: neighbours in the list are neighbours on the mesh, so gzip takes a quarter.

    The first vertex of a face as its difference from the first of the face before; the others as theirs from the
    first; modulo the index type. Then all low bytes of the first vertices, all high ones, those of the second vertices.
    Shapes   (n, 3) -> (3, bytes of the index type, n) uint8
    """
    coded = faces.astype(np.int64)
    coded[1:, 0] -= faces[:-1, 0]
    coded[:, 1:] -= faces[:, :1]
    words = coded.astype(index_type.newbyteorder("<")).reshape(-1, 3, 1)
    found: np.ndarray = np.ascontiguousarray(words.view(np.uint8).transpose(1, 2, 0))
    return found


def decoded_faces(coded: np.ndarray) -> np.ndarray:
    """What `coded_faces` coded, (n, 3) int64: how the page reads it."""
    width = coded.shape[1]
    words = np.ascontiguousarray(coded.transpose(2, 0, 1)).view(f"<u{width}")[..., 0].astype(np.int64)
    words[:, 0] = words[:, 0].cumsum()
    words[:, 1:] += words[:, :1]
    faces: np.ndarray = words % (1 << 8 * width)
    return faces


def _sorted_faces(faces: np.ndarray) -> np.ndarray:
    """The same faces, each from its lowest vertex on, in ascending order; which side is outside stays."""
    first = faces.argmin(axis=1)
    turned = np.take_along_axis(faces, (first[:, None] + np.arange(3)) % 3, axis=1)
    found: np.ndarray = turned[np.lexsort(turned.T[::-1])]
    return found


def _faces_within(flat: np.ndarray, faces: np.ndarray, origin: str) -> np.ndarray:
    """Which faces are also those of the flat map, (n,) bool.

    Raises   MeshError for a flat map of another mesh
    """
    n = int(faces.max()) + 1
    keys, wanted = ((np.sort(each.astype(np.int64), axis=1) @ [n * n, n, 1]) for each in (faces, flat))
    if flat.max(initial=0) >= n or not np.isin(wanted, keys).all():
        raise MeshError(f"{origin}: the flat map has faces that the surface lacks")
    return np.isin(keys, wanted)


def _placed(surface: Surface) -> np.ndarray:
    """Coordinates (2 V, 3) with the hemispheres apart and the whole centred, in float64.

    A flat map lies in the plane z = 0, seen from above; its vertices without a face mean nothing and go to the middle
    of their hemisphere.
    """
    if surface.kind != "flat":
        coordinates = surface.apart(GAPS[surface.kind]).coordinates.astype(np.float64)
        return _centred(coordinates, np.ones(len(coordinates), bool))
    drawn = np.zeros(len(surface.coordinates), bool)
    drawn[surface.faces] = True
    coordinates = surface.coordinates.astype(np.float64)
    per_side = len(coordinates) // 2
    for side in (slice(None, per_side), slice(per_side, None)):
        middle = coordinates[side][drawn[side]].mean(axis=0)
        coordinates[side][~drawn[side]] = middle
    moved = replace(surface, coordinates=coordinates).apart(GAPS["flat"]).coordinates
    return _centred(moved, drawn)


def _centred(coordinates: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """The same with the middle of its extent at 0 along y and z: a turning brain turns about its middle.

    Along x the middle stays between the hemispheres.
    """
    low, high = coordinates[drawn].min(axis=0), coordinates[drawn].max(axis=0)
    middle = (low + high) / 2
    middle[0] = 0
    found: np.ndarray = coordinates - middle
    return found


def _sulc(sulc: np.ndarray) -> np.ndarray:
    """Depth of sulci as uint8, robust against the deepest."""
    finite = np.where(np.isfinite(sulc), sulc, 0.0).astype(np.float64)
    reach = float(np.percentile(np.abs(finite), 99)) or 1.0
    return np.clip(np.rint(SULC_MIDDLE + SULC_REACH * finite / reach), 0, 255).astype(np.uint8)
