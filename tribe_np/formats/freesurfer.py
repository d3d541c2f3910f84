"""FreeSurfer's binary surfaces (lh.white), maps of a surface (lh.sulc) and flattened pieces (lh.cortex.patch.flat).

    surface   FF FF FE, a line of comment and an empty one, vertices, triangles, then x y z of each vertex in mm
              (float32), then three vertices of each triangle; what follows (the volume it was made from) is not read
    map       FF FF FF, vertices, triangles, values a vertex (1), then float32 values
    patch     -1, vertices, then of each its number + 1, negative at the border, and x y z
    numbers   32 bits, big end first

Every count is checked against the bytes that are there before anything of that size is made; nibabel trusts counts.
Source   FreeSurfer utils/mrisurf.c; nibabel 5.3 freesurfer.io reads the same surfaces and maps
"""

import struct

import numpy as np

from tribe_np.errors import MeshError

SURFACE, QUADS, MAP, PATCH = b"\xff\xff\xfe", b"\xff\xff\xfd", b"\xff\xff\xff", b"\xff\xff\xff\xff"
LONGEST_COMMENT = 10_000  # bytes; FreeSurfer writes some 60


def is_freesurfer(raw: bytes) -> bool:
    """Whether a file begins like one of these."""
    return raw[:3] in (SURFACE, QUADS, MAP)


def decode_surface(raw: bytes, origin: str) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (V, 3) float32 and triangles (F, 3) int32.

    Raises   MeshError, beginning with `origin`: another kind of file, truncated
    """
    if raw[:3] != SURFACE:
        quads = "; it has quadrangles: convert it with mris_convert" if raw[:3] == QUADS else ""
        raise MeshError(f"{origin}: not a FreeSurfer surface of triangles{quads}")
    end = raw.find(b"\n\n", 3, 3 + LONGEST_COMMENT)
    if end < 0:
        raise MeshError(f"{origin}: damaged: the line of comment does not end")
    n_vertices, n_faces = _counts(raw, end + 2, 2, origin)
    at = end + 10
    _check_room(raw, at, 12 * (n_vertices + n_faces), f"{n_vertices} vertices and {n_faces} triangles", origin)
    coordinates = np.frombuffer(raw, ">f4", 3 * n_vertices, at).astype(np.float32).reshape(-1, 3)
    faces = np.frombuffer(raw, ">i4", 3 * n_faces, at + 12 * n_vertices).astype(np.int32).reshape(-1, 3)
    return coordinates, faces


def decode_map(raw: bytes, origin: str) -> np.ndarray:
    """One float32 value a vertex, (V,).

    Raises   MeshError, beginning with `origin`: another kind of file, truncated
    """
    if raw[:3] != MAP or raw[:4] == PATCH:
        raise MeshError(f"{origin}: not a FreeSurfer map of one value a vertex")
    n_vertices, _, n_values = _counts(raw, 3, 3, origin)
    if n_values != 1:
        raise MeshError(f"{origin}: has {n_values} values a vertex, expected 1")
    _check_room(raw, 15, 4 * n_vertices, f"{n_vertices} vertices", origin)
    return np.frombuffer(raw, ">f4", n_vertices, 15).astype(np.float32)


def decode_patch(raw: bytes, origin: str) -> tuple[np.ndarray, np.ndarray]:
    """The vertices of a flattened piece of a surface, (n,) int64, and their coordinates (n, 3) float32.

    Raises   MeshError, beginning with `origin`: another kind of file, truncated, a vertex twice or without a number
    """
    if raw[:4] != PATCH:
        raise MeshError(f"{origin}: not a FreeSurfer patch")
    (n_vertices,) = _counts(raw, 4, 1, origin)
    _check_room(raw, 8, 16 * n_vertices, f"{n_vertices} vertices", origin)
    rows = np.frombuffer(raw, np.dtype([("number", ">i4"), ("at", ">f4", 3)]), n_vertices, 8)
    vertices = np.abs(rows["number"].astype(np.int64)) - 1
    if (vertices < 0).any() or len(np.unique(vertices)) != n_vertices:
        raise MeshError(f"{origin}: damaged: it does not number each of its {n_vertices} vertices once")
    return vertices, rows["at"].astype(np.float32)


def _counts(raw: bytes, at: int, n: int, origin: str) -> tuple[int, ...]:
    _check_room(raw, at, 4 * n, "the counts", origin)
    counts: tuple[int, ...] = struct.unpack_from(f">{n}i", raw, at)
    if min(counts) < 0 or counts[0] == 0:
        raise MeshError(f"{origin}: damaged: it claims {counts[0]} vertices")
    return counts


def _check_room(raw: bytes, at: int, n_bytes: int, what: str, origin: str) -> None:
    if at + n_bytes > len(raw):
        raise MeshError(
            f"{origin}: truncated or damaged: {what} take {n_bytes} bytes, {max(len(raw) - at, 0)} are left"
        )
