"""Parcellations from files: both hemispheres, put together and brought to the mesh of the predictions.

No annotation is part of this project and nothing stands in for one. A finer mesh of fsaverage is cut short: vertex i
of fsaverage5 is vertex i of fsaverage6 and of fsaverage, within each hemisphere.
Source   tribev2 7239908 utils.get_hcp_labels
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tribe_np.cortex.parcellations.label_files import HemisphereLabels
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.parcellations.parcellation_sources import find_parcellation
from tribe_np.cortex.sizes import FS_LR, HEMISPHERES, VERTICES_PER_HEMISPHERE
from tribe_np.errors import ParcellationError

OTHER_FS_LR = {4002: "4k", 7842: "8k", 59292: "59k"}
"""Vertices of a hemisphere of more of the HCP's meshes; its 164k has 163,842, as fsaverage has."""
FSAVERAGE = VERTICES_PER_HEMISPHERE["fsaverage7"]
OF_FSAVERAGE = [size for name, size in VERTICES_PER_HEMISPHERE.items() if name != FS_LR]
FS_LR_NAME = re.compile(r"fs[_-]?LR", re.IGNORECASE)


def load_parcellation(source: str | Path | Sequence[str | Path] | Parcellation | None, n_vertices: int) -> Parcellation:
    """The regions of the n_vertices of both hemispheres of an fsaverage mesh.

    source   a name (hcp-mmp1, schaefer-400-7 ...), a folder, a file of both hemispheres or of one beside the other's,
             two files; None is what TRIBE_NP_PARCELLATION names, else hcp-mmp1 (`find_parcellation`)
    Raises   ParcellationError that says what to supply when the files are missing, damaged or of another mesh
    """
    if isinstance(source, Parcellation):
        if len(source.region_of) != n_vertices:
            raise ParcellationError(
                f"{source.name}: was loaded for {len(source.region_of)} vertices, but {n_vertices} are asked for"
            )
        return source
    found = find_parcellation(source)
    return combined(found.name, found.parts, n_vertices)


def combined(name: str, parts: Sequence[HemisphereLabels], n_vertices: int) -> Parcellation:
    """Two hemispheres, in either order, as a parcellation of a mesh of n_vertices.

    Raises   ParcellationError where they are no pair, or of another mesh
    """
    left, right = in_order(parts)
    if left.n_vertices != right.n_vertices:
        raise ParcellationError(
            f"{left.origin} has {left.n_vertices} vertices and {right.origin} {right.n_vertices}; "
            "the hemispheres of a mesh have the same number"
        )
    if left.named.region_of and right.named.region_of and left.named.spelling != right.named.spelling:
        raise ParcellationError(
            f"{left.origin} names regions like {left.named.spelling.example}, {right.origin} like "
            f"{right.named.spelling.example}: they are not two hemispheres of one parcellation"
        )
    per_side, odd = divmod(n_vertices, 2)
    if odd:
        raise ParcellationError(f"{n_vertices} vertices are not two hemispheres; regions by name need both")
    for part in (left, right):
        check_mesh(part, per_side)
    numbers: dict[str, int] = {}
    region_of = np.concatenate([part.region_of(numbers, per_side) for part in (left, right)])
    if not numbers:
        raise ParcellationError(f"{left.origin}: no vertex has a region")
    files = tuple(dict.fromkeys(part.file for part in (left, right) if part.file is not None))
    return Parcellation(name, tuple(numbers), region_of, files, left.n_vertices > per_side)


def in_order(parts: Sequence[HemisphereLabels]) -> tuple[HemisphereLabels, HemisphereLabels]:
    """Left and right: by what their files and labels tell; in the order given where neither tells anything.

    Raises   ParcellationError where a file and its labels tell two hemispheres, or both files the same
    """
    for part in parts:
        if part.told and part.named.side and part.told != part.named.side:
            label = next(iter(part.named.region_of))
            raise ParcellationError(
                f"{part.origin}: the file says {part.told}, but its labels say {part.named.side}, such as {label}"
            )
    if len(parts) != 2:
        raise ParcellationError(f"{parts[0].origin}: expected the two hemispheres, got {len(parts)}")
    sides = [part.told or part.named.side for part in parts]
    if sides[0] is not None and sides[0] == sides[1]:
        raise ParcellationError(f"{parts[0].origin} and {parts[1].origin}: both are the {sides[0]} hemisphere")
    if sides[0] == HEMISPHERES[1] or sides[1] == HEMISPHERES[0]:
        return parts[1], parts[0]
    return parts[0], parts[1]


def check_mesh(part: HemisphereLabels, per_side: int) -> None:
    """Refuses labels of another mesh than the values', or of a coarser one.

    Raises   ParcellationError
    """
    here, name = part.n_vertices, part.file_name.lower()
    mesh = next((mesh for mesh, size in VERTICES_PER_HEMISPHERE.items() if size == per_side), "the model's mesh")
    if here == per_side == VERTICES_PER_HEMISPHERE[FS_LR]:
        return
    fs_lr = {VERTICES_PER_HEMISPHERE[FS_LR]: "32k", **OTHER_FS_LR}
    if FS_LR_NAME.search(name) or (here in fs_lr and here != per_side):
        which = f"fs_LR {fs_lr[here]}" if here in fs_lr else "fs_LR by its name"
        raise ParcellationError(
            f"{part.origin}: its {here} vertices a hemisphere are those of {which}, not of {mesh}; give the "
            "parcellation on fsaverage, or resample it with wb_command -label-resample first"
        )
    if here == FSAVERAGE and name.endswith(".nii") and "fsaverage" not in name:
        raise ParcellationError(
            f"{part.origin}: its {here} vertices a hemisphere are those of fsaverage and of fs_LR 164k alike; "
            "put fsaverage into the file's name if it is that"
        )
    if here == per_side:
        return
    if here < per_side:
        raise ParcellationError(
            f"{part.origin}: has {here} vertices, fewer than the {per_side} per hemisphere of {mesh}"
        )
    if here not in OF_FSAVERAGE or per_side not in OF_FSAVERAGE:
        finer = ", ".join(str(size) for size in OF_FSAVERAGE if size > per_side) if per_side in OF_FSAVERAGE else ""
        raise ParcellationError(
            f"{part.origin}: has {here} vertices, which are not those of {mesh} ({per_side})"
            f"{f', nor of a finer mesh of fsaverage ({finer})' if finer else ''}"
        )
