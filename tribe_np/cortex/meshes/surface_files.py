"""One hemisphere's surface, or a map on it, from a file of FreeSurfer or GIFTI, told apart by content; all checked."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tribe_np.errors import MeshError
from tribe_np.files.file_kinds import description
from tribe_np.formats.freesurfer import PATCH, decode_map, decode_patch, decode_surface, is_freesurfer
from tribe_np.formats.gifti import COORDINATES, TRIANGLES, decode_gifti, is_gifti, read_packed

IN_PLACE = ("white", "pial")  # kinds that lie where the brain is: x < 0 is left


@dataclass(frozen=True, eq=False)
class SurfaceFile:
    """Shapes   coordinates (V, 3) float32 mm; faces (F, 3) int32."""

    coordinates: np.ndarray
    faces: np.ndarray
    sha256: str


def read_surface_file(path: Path, side: str, *, in_place: bool = False, whole: Path | None = None) -> SurfaceFile:
    """The surface in a file, which is to be that of `side`.

    `in_place`: whether its coordinates are those of the brain, so that they tell the side. `whole` is a surface of the
    same mesh: a FreeSurfer patch has only some vertices, and takes its triangles from it (the others lie at 0, 0, 0 and
    in no triangle).
    Raises   MeshError, naming the file: missing, damaged, not finite, or of the other hemisphere
    """
    raw = read_packed(path)
    origin, named = str(path), None
    if raw[:4] == PATCH:
        if whole is None:
            raise MeshError(f"{origin}: a patch, which has only some of the vertices; expected a whole surface")
        coordinates, faces = _patch_on(raw, origin, read_surface_file(whole, side))
    elif is_freesurfer(raw):
        coordinates, faces = decode_surface(raw, origin)
    elif is_gifti(raw):
        coordinates, faces, named = _gifti_surface(raw, origin)
    else:
        raise MeshError(f"{origin}: not a surface of FreeSurfer or GIFTI{_instead(raw)}")
    if not np.isfinite(coordinates).all():
        raise MeshError(
            f"{origin}: {int((~np.isfinite(coordinates)).any(1).sum())} vertices have no finite coordinates"
        )
    if len(faces) == 0 or faces.min() < 0 or faces.max() >= len(coordinates):
        raise MeshError(f"{origin}: its triangles do not join vertices 0 to {len(coordinates) - 1}")
    _check_side(origin, side, named, coordinates if in_place else None)
    return SurfaceFile(coordinates, faces, hashlib.sha256(raw).hexdigest())


def read_map_file(path: Path, side: str) -> tuple[np.ndarray, str]:
    """One float32 value a vertex of `side`, (V,), and the digest of the file.

    Raises   MeshError, naming the file: missing, damaged, not finite, several maps, or of the other hemisphere
    """
    raw = read_packed(path)
    origin, named = str(path), None
    if is_freesurfer(raw):
        values = decode_map(raw, origin)
    elif is_gifti(raw):
        gifti = decode_gifti(raw, origin)
        if len(gifti.arrays) != 1 or gifti.arrays[0].values.ndim != 1 or gifti.arrays[0].values.dtype.kind not in "fiu":
            raise MeshError(f"{origin}: expected one array of one value a vertex")
        values, named = gifti.arrays[0].values.astype(np.float32), gifti.side
    else:
        raise MeshError(f"{origin}: not a map of FreeSurfer or GIFTI{_instead(raw)}")
    if not np.isfinite(values).all():
        raise MeshError(f"{origin}: {int((~np.isfinite(values)).sum())} vertices have no finite value")
    _check_side(origin, side, named, None)
    return values, hashlib.sha256(raw).hexdigest()


def _patch_on(raw: bytes, origin: str, surface: SurfaceFile) -> tuple[np.ndarray, np.ndarray]:
    vertices, placed = decode_patch(raw, origin)
    n_vertices = len(surface.coordinates)
    if vertices.max() >= n_vertices:
        raise MeshError(f"{origin}: names vertex {vertices.max()}, but its mesh has {n_vertices}")
    coordinates = np.zeros((n_vertices, 3), np.float32)
    coordinates[vertices] = placed
    is_in = np.zeros(n_vertices, bool)
    is_in[vertices] = True
    return coordinates, surface.faces[is_in[surface.faces].all(axis=1)]


def _gifti_surface(raw: bytes, origin: str) -> tuple[np.ndarray, np.ndarray, str | None]:
    gifti = decode_gifti(raw, origin)
    found = {
        intent: [array.values for array in gifti.arrays if array.intent == intent]
        for intent in (COORDINATES, TRIANGLES)
    }
    for intent, kinds in ((COORDINATES, "fiu"), (TRIANGLES, "iu")):
        arrays = found[intent]
        if len(arrays) != 1 or arrays[0].ndim != 2 or arrays[0].shape[1] != 3 or arrays[0].dtype.kind not in kinds:
            raise MeshError(f"{origin}: expected one array of coordinates and one of triangles, three numbers a row")
    (coordinates,), (faces,) = found[COORDINATES], found[TRIANGLES]
    if faces.size and (faces.min() < 0 or faces.max() >= len(coordinates)):  # before the numbers lose bits
        raise MeshError(f"{origin}: its triangles do not join vertices 0 to {len(coordinates) - 1}")
    with np.errstate(over="ignore"):
        return coordinates.astype(np.float32), faces.astype(np.int32), gifti.side


def _check_side(origin: str, side: str, named: str | None, coordinates: np.ndarray | None) -> None:
    """Refuses a file that says, by its header or its coordinates, that it is the other hemisphere's."""
    if named not in (None, side):
        raise MeshError(f"{origin}: taken for the {side} hemisphere, but its header says {named}; are they swapped?")
    if coordinates is not None and (np.median(coordinates[:, 0]) > 0) != (side == "right"):
        other = "left" if side == "right" else "right"
        raise MeshError(f"{origin}: the file says {side}, its coordinates say {other}: are the hemispheres swapped?")


def _instead(raw: bytes) -> str:
    what = description(raw[:4096])
    return f", but {what}" if what else ""
