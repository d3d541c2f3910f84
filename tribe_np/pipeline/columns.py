"""Which columns are computed: vertices on a mesh (`pipeline.vertices`), voxels or structures in a mask."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tribe_np.cortex.mask_files import load_mask
from tribe_np.cortex.output_space import OutputSpace
from tribe_np.errors import ConfigError
from tribe_np.pipeline.vertices import chosen_regions, vertex_selection

OF_A_MASK = ("structure", "voxels", "mask")


def column_selection(selection: Mapping[str, Any] | None, space: OutputSpace) -> np.ndarray | None:
    """Ascending indices of the selected columns of an output space; None selects all.

    On a mesh `selection` names regions (`roi`) and `vertices`; in a mask it names structures (`structure`) and
    `voxels`, and may give the `mask` file. The union is selected.
    Raises   ConfigError for what the space does not have; ParcellationError for a mask that is missing or does not fit
    """
    if not isinstance(selection, Mapping) or space.kind != "mask":
        asked = [key for key in OF_A_MASK if isinstance(selection, Mapping) and selection.get(key) is not None]
        if asked and space.kind == "surface":
            raise ConfigError(f"selection: {asked[0]} is for a mask, but this checkpoint predicts {space}; use roi")
        if isinstance(selection, Mapping) and selection.get("roi") is not None and space.kind != "surface":
            raise ConfigError(f"regions such as V1 lie on the cortical surface, but this checkpoint has {space}")
        return vertex_selection(selection, space.n_outputs)
    for key, instead in (("roi", "structure (--structure)"), ("vertices", "voxels")):
        if selection.get(key) is not None:
            what = "regions such as V1 lie" if key == "roi" else "vertices lie"
            raise ConfigError(
                f"{what} on the cortical surface, but this checkpoint predicts {space}; select them by {instead}"
            )
    unknown = sorted(set(selection) - {*OF_A_MASK, "roi", "vertices", "parcellation"})
    if unknown:
        raise ConfigError(f"selection: unknown key {unknown[0]!r}; known are structure, voxels and mask")
    return _voxels(selection, space)


def _voxels(selection: Mapping[str, Any], space: OutputSpace) -> np.ndarray:
    chosen = np.zeros(space.n_outputs, bool)
    if selection.get("voxels") is not None:
        chosen[vertex_selection({"vertices": selection["voxels"]}, space.n_outputs)] = True
    names = structure_names(selection)
    if names:
        mask = load_mask(space, selection.get("mask"))
        for name in names:
            chosen[mask.voxels_of(name)] = True
    if not chosen.any():
        raise ConfigError("selection: no voxel is selected; give names of structures, or a mask or indices as voxels")
    return np.flatnonzero(chosen)


def structure_names(selection: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of structures that a selection asks for.

    Raises   ConfigError where they are no texts
    """
    names = selection.get("structure")
    names = () if names is None else (names,) if isinstance(names, str) else names
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"selection: structure must be names such as ['Left Thalamus'], got {names!r:.60}")
    return tuple(names)


def chosen_names(selection: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The names of regions or structures in a selection that `column_selection` has accepted."""
    return (*chosen_regions(selection), *structure_names(selection or {}))
