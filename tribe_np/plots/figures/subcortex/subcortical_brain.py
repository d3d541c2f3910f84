"""The structures of the subcortex as one brain that figures are drawn on: surfaces moved apart, voxels on them.

Source   tribev2 7239908 plotting.subcortical plot_subcortical (which structures, how they are moved)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.meshes.surfaces import Surface, load_surface
from tribe_np.cortex.output_space import SUBCORTICAL, OutputSpace
from tribe_np.cortex.subcortex.harvard_oxford import Atlas, load_atlas, read_atlas, subcortical_mask
from tribe_np.cortex.subcortex.mask_files import MaskSource, load_mask
from tribe_np.cortex.subcortex.voxel_mask import NO_STRUCTURE, VoxelMask
from tribe_np.errors import ConfigError, ParcellationError, ShapeError, TribeError
from tribe_np.plots.figures.brains import FoldedBrain
from tribe_np.plots.figures.subcortex.subcortical_meshes import StructureMesh, VoxelsOnMesh, structure_mesh
from tribe_np.shown import quoted

RESOLUTIONS = ("1mm", "2mm")
BRAIN_STEM = "Brain-Stem"
CORTEX = "Cerebral Cortex"
WHOLE = "mask"  # what a mask without names of structures is called


class PlacedSurface(Surface):
    """A surface whose parts stay where they are, for there are no two hemispheres to move apart."""

    def apart(self, gap: float = 0.0) -> Surface:
        """The surface itself."""
        return self


@dataclass(frozen=True, eq=False)
class StructurePart:
    """A structure's place among the vertices of the brain, and how its voxels come there; None for what is grey."""

    name: str
    vertices: slice
    voxels: VoxelsOnMesh | None
    of: np.ndarray  # (n,) bool, its columns


@dataclass(frozen=True, eq=False)
class StructuresBrain:
    """Surfaces of structures, ready to be drawn; vertices of structures on the left come first."""

    brain: FoldedBrain
    mask: VoxelMask
    parts: tuple[StructurePart, ...]

    def values(self, rows: np.ndarray) -> np.ndarray:
        """Rows (R, n) of voxels at the vertices, (R, 2 V) float32; NaN where there is no value, and on what is grey.

        Raises   ShapeError for rows of another mask
        """
        rows = np.atleast_2d(np.asarray(rows))
        if rows.ndim != 2 or rows.shape[1] != self.mask.n_voxels:
            raise ShapeError(
                f"expected rows of the {self.mask.n_voxels} voxels of {self.mask.name}, got shape {rows.shape}"
            )
        found = np.full((len(rows), self.brain.n_vertices), np.nan, np.float32)
        for part in self.parts:
            if part.voxels is not None:
                found[:, part.vertices] = part.voxels(rows)
        return found

    def colours(self, of: Mapping[str, tuple[float, ...]]) -> np.ndarray:
        """A colour for each structure named, with its side or for both, (2 V, 4); nothing on the others.

        Raises   ParcellationError for a structure that the mask has not
        """
        table = np.zeros((self.brain.n_vertices, 4), np.float32)
        chosen = {structure: colour for name, colour in of.items() for structure in self.mask.matching(name)}
        for part in self.parts:
            if part.name in chosen:
                table[part.vertices] = (*chosen[part.name][:3], 1.0)
        return table

    def averaged(self, rows: np.ndarray) -> np.ndarray:
        """Each structure's voxels with their mean; NaN does not count."""
        averaged = np.array(rows, np.float64)
        for part in self.parts:
            if part.of.any():
                own = averaged[..., part.of]
                count = np.isfinite(own).sum(axis=-1, keepdims=True)
                total = np.where(np.isfinite(own), own, 0).sum(axis=-1, keepdims=True)
                averaged[..., part.of] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return averaged


def load_structures(
    mask: MaskSource | Atlas | None = None,
    *,
    space: OutputSpace | None = None,
    resolution: str | None = None,
    explode: float = 0.5,
    show_brain_stem: bool = False,
    show_cortex: bool = False,
    subjects_dir: str | Path | None = None,
) -> StructuresBrain:
    """The structures of a mask; without one, of Harvard-Oxford where it is found.

    space       the columns of the values; None: those of the mask
    resolution  of the atlas whose surfaces are drawn: "1mm", "2mm"; None: the finer one that is there
    explode     how far structures move up or down, and the cortex aside: this times their own place
    Raises   ParcellationError where the atlas is not found (it says how to get it), or has no brain stem;
             ConfigError for another resolution; MissingDependencyError without scikit-image
    """
    if resolution not in (None, *RESOLUTIONS):
        raise ConfigError(f"resolution must be one of {', '.join(RESOLUTIONS)}, got {quoted(resolution)}")
    if not np.isfinite(explode):
        raise ConfigError(f"explode must be a number, got {explode}")
    own = _mask_of(mask, space)
    labelled = _finest(mask, own, resolution)
    volumes = [(name, labelled.inside(name)) for name in own.structures or (WHOLE,)]
    meshes = [(structure_mesh(name, inside, labelled.affine), True) for name, inside in volumes if inside.any()]
    if not meshes:
        raise ParcellationError(f"{labelled.origin}: has no voxel of {own.name}'s structures")
    if show_brain_stem:
        if BRAIN_STEM not in labelled.names:
            raise ParcellationError(f"{labelled.origin}: has no label {BRAIN_STEM} to show; leave show_brain_stem away")
        meshes.append((structure_mesh(BRAIN_STEM, labelled.inside(BRAIN_STEM), labelled.affine), False))
    cortex = _cortex(explode, subjects_dir) if show_cortex else None
    return _assembled(own, labelled, meshes, explode, cortex)


@dataclass(frozen=True, eq=False)
class _Labelled:
    """A labelled volume: (X, Y, Z) indices of `names`, negative for none."""

    numbers: np.ndarray
    names: tuple[str, ...]
    affine: np.ndarray
    origin: str
    _places: dict[str, np.ndarray] = field(default_factory=dict)

    def inside(self, name: str) -> np.ndarray:
        """The voxels of a label, (X, Y, Z) bool."""
        return np.asarray(self.numbers == self.names.index(name))

    def at(self, mask: VoxelMask) -> np.ndarray:
        """The index at each voxel of a mask's grid, of the nearest voxel here."""
        if np.array_equal(self.affine, mask.affine) and self.numbers.shape == mask.inside.shape:
            return self.numbers
        axes = np.stack(np.meshgrid(*map(np.arange, mask.inside.shape), indexing="ij"), axis=-1)
        there = np.linalg.inv(self.affine) @ mask.affine
        places = np.rint(axes @ there[:3, :3].T + there[:3, 3]).astype(np.int64)
        is_in = ((places >= 0) & (places < self.numbers.shape)).all(axis=-1)
        x, y, z = np.where(is_in[..., None], places, 0).transpose(3, 0, 1, 2)
        return np.where(is_in, self.numbers[x, y, z], NO_STRUCTURE)


def _mask_of(mask: MaskSource | Atlas | None, space: OutputSpace | None) -> VoxelMask:
    if isinstance(mask, Atlas):
        mask = subcortical_mask(mask)
    if space is not None:
        return load_mask(space, mask)
    if isinstance(mask, VoxelMask):
        return mask
    if mask is None:
        return subcortical_mask(load_atlas(2))
    if not isinstance(mask, (str, Path)):
        raise ConfigError("a mask of two files needs the prediction that it belongs to")
    return subcortical_mask(read_atlas(mask, 2))


def _finest(mask: MaskSource | Atlas | None, own: VoxelMask, resolution: str | None) -> _Labelled:
    """The volume whose surfaces are drawn: the atlas at 1 mm where it is asked for or there, else the mask's own."""
    is_atlas = own.structures and own.name == SUBCORTICAL and (mask is None or _is_folder(mask))
    for found in ("1mm", "2mm") if is_atlas else ():
        if resolution in (None, found):
            try:
                return _of_atlas(load_atlas(int(found[0])) if mask is None else read_atlas(str(mask), int(found[0])))
            except TribeError:
                if resolution is not None:
                    raise
    if isinstance(mask, Atlas):
        return _of_atlas(mask)
    numbers = np.full(own.inside.shape, NO_STRUCTURE)
    numbers[own.inside] = own.structure_of if own.structures else 0
    return _Labelled(numbers, own.structures or (WHOLE,), own.affine, own.origin)


def _is_folder(mask: Any) -> bool:
    return isinstance(mask, (str, Path)) and Path(mask).is_dir()


def _of_atlas(atlas: Atlas) -> _Labelled:
    return _Labelled(atlas.volume.values, atlas.labels, atlas.volume.affine, atlas.volume.origin)


def _cortex(explode: float, subjects_dir: str | Path | None) -> StructureMesh:
    """The left pial surface, moved aside, as upstream shows it."""
    points, faces = load_surface("fsaverage5", "pial", subjects_dir=subjects_dir).hemisphere("left")
    moved = points.astype(np.float64)
    moved[:, 0] += explode * moved[:, 0].mean()
    return StructureMesh(CORTEX, moved, faces.astype(np.int64))


def _assembled(
    own: VoxelMask, labelled: _Labelled, meshes: Sequence[tuple[StructureMesh, bool]], explode: float,
    cortex: StructureMesh | None,
) -> StructuresBrain:  # fmt: skip
    """One surface of all: those on the left in its first half."""
    drawn = [(mesh, is_coloured, _exploded(mesh, explode)) for mesh, is_coloured in meshes]
    if cortex is not None:
        drawn.append((cortex, False, cortex.coordinates))
    is_right = [int(points[:, 0].mean() > 0) for _, _, points in drawn]
    halves = [sum(len(p) for (_, _, p), right in zip(drawn, is_right, strict=True) if right == side) for side in (0, 1)]
    per_side = max(halves)
    coordinates, all_faces = np.full((2 * per_side, 3), np.nan), []
    at_grid, place, parts = labelled.at(own), [0, per_side], []
    for (mesh, is_coloured, points), right in zip(drawn, is_right, strict=True):
        first = place[right]
        place[right] = first + len(points)
        coordinates[first : place[right]] = points
        all_faces.append(_outward(points, mesh.faces) + first)
        voxels = None
        if is_coloured:
            voxels = VoxelsOnMesh.of(mesh, own, at_grid == labelled.names.index(mesh.name))
        parts.append(StructurePart(mesh.name, slice(first, place[right]), voxels, _columns_of(own, mesh.name)))
    _fill(coordinates, per_side)
    surface = PlacedSurface(
        own.name, "structures", coordinates.astype(np.float32), np.concatenate(all_faces).astype(np.int32), own.origin
    )
    return StructuresBrain(FoldedBrain(surface), own, tuple(parts))


def _columns_of(mask: VoxelMask, name: str) -> np.ndarray:
    if not mask.structures:
        return np.full(mask.n_voxels, name == WHOLE)
    numbers = [k for k, structure in enumerate(mask.structures) if structure == name]
    return np.asarray(np.isin(mask.structure_of, numbers))


def _exploded(mesh: StructureMesh, explode: float) -> np.ndarray:
    moved = mesh.coordinates.copy()
    moved[:, 2] += explode * mesh.coordinates[:, 2].mean()
    return moved


def _outward(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The faces with their normals outward, for light."""
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    volume = (np.cross(a, b) * c).sum()
    return faces if volume > 0 else faces[:, ::-1]


def _fill(coordinates: np.ndarray, per_side: int) -> None:
    """Vertices of no face, which make both halves as long as the longer one, stand in the middle of theirs."""
    for half in (coordinates[:per_side], coordinates[per_side:]):
        used = np.isfinite(half).all(axis=1)
        half[~used] = half[used].mean(axis=0) if used.any() else 0.0
