"""Meshes like fsaverage's without its anatomy: icosahedra cut finer and finer, in FreeSurfer's and nilearn's files.

Each finer mesh begins with the vertices of the coarser one, as FreeSurfer's numbering has it from fsaverage5 on. The
"brain" is a polynomial of the sphere: the same bits everywhere.
"""

from functools import cache
from pathlib import Path

import nibabel
import numpy as np
from nibabel.freesurfer import write_geometry, write_morph_data
from nibabel.gifti import GiftiDataArray, GiftiImage, GiftiMetaData

ORDERS = {"fsaverage3": 3, "fsaverage4": 4, "fsaverage5": 5, "fsaverage6": 6}
NILEARN = {"inflated": "infl", "thickness": "thick"}
SIDES = {"left": ("lh", "CortexLeft"), "right": ("rh", "CortexRight")}
KINDS = ("white", "pial", "inflated", "sphere")


@cache
def icosphere(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vertices (10 * 4**order + 2, 3) and outward faces; the first vertices are those of the order before."""
    if order == 0:
        a, b = 0.5257311121191336, 0.8506508083520399
        vertices = np.array([[s * a, t * b, 0] for s in (-1, 1) for t in (-1, 1)])
        vertices = np.concatenate([vertices, np.roll(vertices, 1, axis=1), np.roll(vertices, 2, axis=1)])
        close = np.linalg.norm(vertices[:, None] - vertices[None], axis=2) < 1.1
        faces = [
            (i, j, k) for i in range(12) for j in range(i) for k in range(j) if close[i, j] & close[j, k] & close[i, k]
        ]
        outward = [f if np.linalg.det(vertices[list(f)]) > 0 else f[::-1] for f in faces]
        return vertices, np.array(outward)
    vertices, faces = icosphere(order - 1)
    edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    edges, which = np.unique(edges, axis=0, return_inverse=True)
    middles = vertices[edges].sum(axis=1)
    middles /= np.sqrt((middles**2).sum(axis=1, keepdims=True))
    ab, bc, ca = (which.reshape(-1, 3) + len(vertices)).T
    a, b, c = faces.T
    parts = [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
    return np.concatenate([vertices, middles]), np.concatenate([np.stack(part, axis=1) for part in parts])


def surface(mesh: str, kind: str, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (V, 3) float32 in mm, and faces (F, 3) int32."""
    ball, faces = icosphere(ORDERS[mesh])
    x, y, z = ball.T
    if kind == "sphere":
        return (ball * 100).astype(np.float32), faces.astype(np.int32)
    sign = -1 if side == "left" else 1
    if kind == "inflated":  # around 0, as FreeSurfer's are
        return np.stack([40 * x * sign, 100 * y, 70 * z], axis=1).astype(np.float32), faces.astype(np.int32)
    size = (1 + 0.2 * x * y * (1 - 4 * z * z)) * (0.95 if kind == "white" else 1.0)
    placed = np.stack([(37 + 35 * x) * sign, 80 * y * size, 60 * z * size], axis=1)
    return placed.astype(np.float32), faces.astype(np.int32)


def overlay(mesh: str, side: str) -> np.ndarray:
    """One value a vertex, (V,) float32."""
    x, y, z = icosphere(ORDERS[mesh])[0].T
    return (x * y + z * (1 if side == "left" else -1)).astype(np.float32)


def shuffled(n: int, seed: int = 0) -> np.ndarray:
    """A new order of n vertices."""
    return np.random.default_rng(seed).permutation(n)


def reordered(coordinates: np.ndarray, faces: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same surface with vertex order[i] at place i."""
    return coordinates[order], np.argsort(order)[faces].astype(np.int32)


def write_freesurfer(
    folder: Path,
    mesh: str,
    *,
    subject: str | None = None,
    order: np.ndarray | None = None,
    kinds: tuple[str, ...] = KINDS,
) -> Path:
    """FreeSurfer's binary files of a subject; `order` renumbers the vertices of both hemispheres."""
    place = folder / (subject or mesh) / "surf"
    place.mkdir(parents=True, exist_ok=True)
    for side, (letter, _) in SIDES.items():
        for kind in kinds:
            made = surface(mesh, kind, side)
            write_geometry(place / f"{letter}.{kind}", *(made if order is None else reordered(*made, order)))
        for kind in ("sulc", "curv", "area", "thickness"):
            write_morph_data(place / f"{letter}.{kind}", overlay(mesh, side))
    return folder


def write_meshes(folder: Path) -> Path:
    """fsaverage3, 4 and 5 in a subjects folder, each the first vertices of the next."""
    for mesh in ("fsaverage3", "fsaverage4", "fsaverage5"):
        write_freesurfer(folder, mesh)
    return folder


def gifti(arrays: list[tuple[np.ndarray, str]], side: str | None = None) -> GiftiImage:
    """A GIFTI image of arrays and their intents; `side` is named in the header."""
    meta = GiftiMetaData({"AnatomicalStructurePrimary": SIDES[side][1]} if side else {})
    types = {"f": "NIFTI_TYPE_FLOAT32", "i": "NIFTI_TYPE_INT32"}
    return GiftiImage(
        darrays=[GiftiDataArray(a, intent=intent, datatype=types[a.dtype.kind], meta=meta) for a, intent in arrays]
    )


def surface_gifti(coordinates: np.ndarray, faces: np.ndarray, side: str | None = None) -> GiftiImage:
    """A surface as GIFTI."""
    return gifti([(coordinates, "NIFTI_INTENT_POINTSET"), (faces, "NIFTI_INTENT_TRIANGLE")], side)


def write_nilearn(folder: Path, mesh: str, *, dots: bool = False) -> Path:
    """GIFTI files of a mesh under one of nilearn's two spellings."""
    (folder / mesh).mkdir(parents=True, exist_ok=True)
    mark, names = (".", NILEARN | {"inflated": "pial_inflated"}) if dots else ("_", NILEARN)
    for side in SIDES:
        for kind in KINDS:
            image = surface_gifti(*surface(mesh, kind, side), side)
            nibabel.save(image, folder / mesh / f"{names.get(kind, kind)}{mark}{side}.gii.gz")
        for kind in ("sulc", "curv", "area", "thickness"):
            image = gifti([(overlay(mesh, side), "NIFTI_INTENT_SHAPE")], side)
            nibabel.save(image, folder / mesh / f"{names.get(kind, kind)}{mark}{side}.gii.gz")
    return folder


def numbers(n: int, seed: int) -> np.ndarray:
    """n numbers from -1 to 1 that look random, by whole-number arithmetic alone."""
    return ((np.arange(n, dtype=np.int64) * 2654435 + seed * 40503) % 10007) / 5003.5 - 1
