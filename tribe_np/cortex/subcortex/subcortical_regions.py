"""Upstream's functions on the subcortical mask, under upstream's names.

Upstream returns the labels of both sides from a set, in an order that changes from run to run, and takes any part of
a label for its name; here they keep the atlas's order, and names are whole ones. compat="upstream" gives its matches.
Source   tribev2 7239908 plotting.subcortical get_subcortical_mask, get_subcortical_labels, get_subcortical_roi_indices
"""

from typing import Any

import numpy as np

from tribe_np.cortex.subcortex.harvard_oxford import Atlas, left_out, load_atlas, subcortical_mask
from tribe_np.errors import ConfigError, ParcellationError
from tribe_np.shown import quoted


def get_subcortical_mask(atlas: Atlas | None = None) -> Any:
    """A nibabel image of the 16 structures at 2 mm: the label of each voxel of the mask, 0 elsewhere."""
    import nibabel  # here: a third of a second

    atlas = load_atlas() if atlas is None else atlas
    values = np.where(np.isin(atlas.volume.values, left_out(atlas.labels)), 0, atlas.volume.values)
    return nibabel.Nifti1Image(values.astype(np.float64), atlas.volume.affine)


def get_subcortical_labels(with_hemi: bool = False, atlas: Atlas | None = None) -> list[str]:
    """The names of the structures in the atlas's order: 16 with their side, or 8 without."""
    labels = (load_atlas() if atlas is None else atlas).labels
    kept = [label for index, label in enumerate(labels) if index not in left_out(labels)]
    return kept if with_hemi else [label[len("Left ") :] for label in kept if label.startswith("Left ")]


def get_subcortical_roi_indices(roi: str, *, compat: str | None = None, atlas: Atlas | None = None) -> np.ndarray:
    """Ascending columns (n,) of a structure: `Left Thalamus`, or `Thalamus` for both sides.

    With compat="upstream", of every label that contains `roi` in any case of letters: "al" are three structures a
    side, and "Brain-Stem", which is a label outside the mask, gives no column.
    Raises   ParcellationError for a name that matches nothing; MissingDependencyError
    """
    if compat not in (None, "upstream"):
        raise ConfigError(f"compat must be upstream or None, got {quoted(compat)}")
    atlas = load_atlas() if atlas is None else atlas
    mask = subcortical_mask(atlas)
    if compat is None:
        return mask.voxels_of(roi)
    matching = [label for label in atlas.labels if roi.lower() in label.lower()]
    if not matching:
        raise ParcellationError(f"structure {quoted(roi)} is no part of any label: {', '.join(atlas.labels)}")
    numbers = [mask.structures.index(label) for label in matching if label in mask.structures]
    return np.flatnonzero(np.isin(mask.structure_of, numbers))
