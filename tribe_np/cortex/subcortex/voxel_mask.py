"""The voxels of a mask as the columns of a prediction, and the structures that they belong to.

Column k is the k-th voxel of the mask in C order (last axis fastest) of its image, whose axes run right, anterior and
superior: upstream's `data[mask > 0]` on the image that nilearn gives.
Source   neuralset 0.0.2 extractors.neuro.MaskProjector.apply; tribev2 7239908 plotting.subcortical
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.cortex.parcellations.parcellation import ParcellationFile
from tribe_np.errors import ParcellationError, ShapeError
from tribe_np.shown import did_you_mean, quoted

SIDE_PREFIXES = {"left": "Left ", "right": "Right "}
NO_STRUCTURE = -1


@dataclass(frozen=True, eq=False)
class VoxelMask:
    """Voxels inside a mask; `structures` names what they belong to, where the mask says it.

    Shapes   inside (X, Y, Z) bool; affine (4, 4) voxel indices to mm; structure_of (n,) indices into `structures`
    """

    name: str
    inside: np.ndarray
    affine: np.ndarray
    structures: tuple[str, ...]
    structure_of: np.ndarray
    origin: str  # the file or fetcher it came from
    space: str = "MNI152NLin6Asym"  # FSL's MNI152, as Harvard-Oxford
    files: tuple[ParcellationFile, ...] = ()

    @property
    def n_voxels(self) -> int:
        """Voxels inside, n."""
        return len(self.structure_of)

    def side_of(self, structure: str) -> tuple[str | None, str]:
        """The side, left or right, and the name without it; None where a name has no side."""
        for side, prefix in SIDE_PREFIXES.items():
            if structure.startswith(prefix):
                return side, structure.removeprefix(prefix)
        return None, structure

    def is_in(self, name: str, side: str | None = None) -> np.ndarray:
        """Whether each voxel (n,) is of a structure given without its side: on one side, or on both."""
        parts = map(self.side_of, self.structures)
        numbers = [k for k, (own, plain) in enumerate(parts) if plain == name and side in (None, own)]
        return np.asarray(np.isin(self.structure_of, numbers))

    def matching(self, name: str) -> list[str]:
        """The structures that a name means: `Left Thalamus` itself, `Thalamus` both sides, in any case of letters.

        Raises   ParcellationError for another name, with the nearest ones
        """
        if not self.structures:
            raise ParcellationError(
                f"structure {quoted(name)}: {self.origin} is a mask without names of structures; give a labelled volume"
            )
        wanted = name.strip().casefold()
        found = [
            structure
            for structure in self.structures
            if wanted in (structure.casefold(), self.side_of(structure)[1].casefold())
        ]
        if not found:
            both = list(dict.fromkeys(self.side_of(structure)[1] for structure in self.structures))
            raise ParcellationError(
                f"structure {quoted(name)} is not one of {self.name}'s: {', '.join(both)} (both sides), "
                f"or with Left or Right in front{did_you_mean(name, [*both, *self.structures])}"
            )
        return found

    def voxels_of(self, name: str) -> np.ndarray:
        """Ascending columns (n,) of the structures that a name means."""
        numbers = [self.structures.index(structure) for structure in self.matching(name)]
        return np.flatnonzero(np.isin(self.structure_of, numbers))

    def volume(self, rows: np.ndarray, outside: float = 0.0) -> np.ndarray:
        """Rows of values in their places.

        Shapes   rows (R, n) -> (X, Y, Z, R); `outside` everywhere else
        """
        if rows.ndim != 2 or rows.shape[1] != self.n_voxels:
            raise ShapeError(f"{self.name}: expected rows of {self.n_voxels} voxels, got {rows.shape}")
        volume = np.full((*self.inside.shape, len(rows)), outside, rows.dtype)
        volume[self.inside] = rows.T
        return volume

    def check_fits(self, n_outputs: int) -> "VoxelMask":
        """The mask itself, if it has a voxel for each of n_outputs columns.

        Raises   ParcellationError
        """
        if self.n_voxels != n_outputs:
            raise ParcellationError(
                f"{self.origin}: a mask of the wrong length: it has {self.n_voxels} voxels, but this prediction has "
                f"{n_outputs}"
            )
        return self


def labelled_mask(
    name: str,
    values: np.ndarray,
    affine: np.ndarray,
    labels: Sequence[str],
    left_out: Sequence[int],
    origin: str,
    files: tuple[ParcellationFile, ...] = (),
) -> VoxelMask:
    """The mask of all labelled voxels but those whose label is left out.

    Shapes   values (X, Y, Z) whole numbers, the indices of `labels`
    Raises   ParcellationError for a value without a label
    """
    values = np.where(np.isin(values, left_out), 0, values)
    present = np.unique(values)
    wrong = present[(present < 0) | (present >= len(labels))]
    if len(wrong):
        raise ParcellationError(
            f"{origin}: holds the label {wrong[0]}, but only the labels 0 to {len(labels) - 1} have names"
        )
    kept = [index for index in range(1, len(labels)) if index not in left_out]
    number = np.full(len(labels), NO_STRUCTURE)
    number[kept] = np.arange(len(kept))
    inside = values > 0
    structures = tuple(labels[index] for index in kept)
    return VoxelMask(name, inside, affine, structures, number[values[inside]], origin, files=files)
