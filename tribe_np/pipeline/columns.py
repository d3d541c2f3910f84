"""Which columns are computed: vertices on a mesh (`pipeline.vertices`), voxels or structures in a mask."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tribe_np.cortex.output_space import OutputSpace
from tribe_np.cortex.subcortex.mask_files import load_mask
from tribe_np.encoder.readout import selected_columns
from tribe_np.errors import ConfigError
from tribe_np.pipeline.vertices import VertexSelection, chosen_vertices, given_names
from tribe_np.shown import quoted

OF_A_MASK = {"structure": "roi", "voxels": "vertices", "mask": "parcellation"}  # and what a mesh has instead
OF_A_MESH = {"roi": "structure (--structure)", "vertices": "voxels", "parcellation": "mask"}  # and what a mask has


def column_selection(selection: Mapping[str, Any] | None, space: OutputSpace) -> VertexSelection | None:
    """The selected columns of an output space; None selects all.

    On a mesh `selection` names regions (`roi`) and `vertices`; in a mask it names structures (`structure`) and
    `voxels`, and may give the `mask` file. The union is selected.
    Raises   ConfigError for what the space does not have; ParcellationError for a mask that is missing or does not fit
    """
    if not isinstance(selection, Mapping):
        return chosen_vertices(selection, space.n_outputs)
    asked = [key for key, value in selection.items() if value is not None]
    if space.kind == "mask":
        for key in asked:
            if key in OF_A_MESH:
                raise ConfigError(_misplaced(key, space))
        unknown = [key for key in asked if key not in OF_A_MASK]
        if unknown:
            raise ConfigError(f"selection: unknown key {quoted(unknown[0])}; known are {', '.join(OF_A_MASK)}")
        return _voxels(selection, space)
    for key in asked:
        if key in OF_A_MASK and space.kind == "surface":
            raise ConfigError(
                f"selection: {key} is for a mask, but this checkpoint predicts {space}; use {OF_A_MASK[key]}"
            )
        if key == "roi" and space.kind != "surface":
            raise ConfigError(f"regions such as V1 lie on the cortical surface, but this checkpoint predicts {space}")
    return chosen_vertices(
        {key: value for key, value in selection.items() if key not in OF_A_MASK or value is not None}, space.n_outputs
    )


def _misplaced(key: str, space: OutputSpace) -> str:
    what = "vertices lie" if key == "vertices" else "regions such as V1 lie"
    return f"{what} on the cortical surface, but this checkpoint predicts {space}; select them by {OF_A_MESH[key]}"


def _voxels(selection: Mapping[str, Any], space: OutputSpace) -> VertexSelection:
    chosen = np.zeros(space.n_outputs, bool)
    given = selected_columns(selection.get("voxels"), space.n_outputs)
    if given is not None:
        chosen[given] = True
    names = given_names(selection.get("structure"), "structure", "Left Thalamus")
    mask = load_mask(space, selection.get("mask")) if names else None
    structures: tuple[str, ...] = ()
    if mask is not None:
        structures = tuple(dict.fromkeys(structure for name in names for structure in mask.matching(name)))
        for structure in structures:
            chosen[mask.voxels_of(structure)] = True
    if not chosen.any():
        raise ConfigError("selection: no voxel is selected; give names of structures, or a mask or indices as voxels")
    return VertexSelection(np.flatnonzero(chosen), names, structures, mask)
