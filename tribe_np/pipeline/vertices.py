"""Which vertices are computed: by names of regions, by a mask or by indices, and what run.json says of the choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.cortex.subcortex.voxel_mask import VoxelMask
from tribe_np.encoder.readout import selected_columns
from tribe_np.errors import ConfigError
from tribe_np.shown import quoted

KEYS = ("roi", "vertices", "parcellation")


@dataclass(frozen=True, eq=False)
class VertexSelection:
    """The union of the regions and the vertices that were asked for.

    Shapes   vertices (n,) ascending, without repeats: the vertex, or voxel of a mask, of each column of the predictions
    """

    vertices: np.ndarray
    names: tuple[str, ...] = ()  # of regions, as they were given: with wildcards
    regions: tuple[str, ...] = ()  # what the names stand for
    parcellation: Parcellation | VoxelMask | None = None

    def as_dict(self) -> dict[str, Any] | None:
        """Where the regions come from, for run.json; None where no region was named."""
        if self.parcellation is None:
            return None
        files = [file.as_dict() for file in self.parcellation.files]
        return {"name": self.parcellation.name, "regions": list(self.regions), "files": files}


def chosen_vertices(selection: Mapping[str, Any] | None, n_vertices: int) -> VertexSelection | None:
    """The union of `roi` names (of `parcellation`) and `vertices` (a mask or indices); None selects all.

    Raises   ConfigError for unknown keys, names or indices out of range, a region without vertices, an empty choice
    """
    if selection is None:
        return None
    if not isinstance(selection, Mapping):
        raise ConfigError(f'selection must be a mapping such as {{"vertices": [0, 1]}}, got {type(selection).__name__}')
    unknown = sorted(str(key) for key in set(selection) - set(KEYS))
    if unknown:
        raise ConfigError(f"selection: unknown key {quoted(unknown[0])}; known are roi, vertices and parcellation")
    chosen = np.zeros(n_vertices, bool)
    given = selected_columns(selection.get("vertices"), n_vertices)
    if given is not None:
        chosen[given] = True
    names = given_names(selection.get("roi"), "roi", "V1")
    parcellation = load_parcellation(selection.get("parcellation"), n_vertices) if names else None
    regions: tuple[str, ...] = ()
    if parcellation is not None:
        regions = tuple(dict.fromkeys(region for name in names for region in parcellation.matching(name)))
        for region in regions:
            chosen[_vertices_of(region, parcellation)] = True
    if not chosen.any():
        raise ConfigError("selection: no vertex is selected; give roi names, or a mask or indices as vertices")
    return VertexSelection(np.flatnonzero(chosen), names, regions, parcellation)


def vertex_selection(selection: Mapping[str, Any] | None, n_vertices: int) -> np.ndarray | None:
    """The ascending vertices of `chosen_vertices`; None selects all. Raises as it does."""
    chosen = chosen_vertices(selection, n_vertices)
    return None if chosen is None else chosen.vertices


def given_names(names: Any, key: str, example: str) -> tuple[str, ...]:
    """The names under one key of a selection: a text, or a list, tuple or array of texts; none where it is None.

    Raises   ConfigError for anything else
    """
    if isinstance(names, np.ndarray):
        names = names.tolist()
    names = [] if names is None else [names] if isinstance(names, str) else names
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f"selection: {key} must be a list of names such as [{example!r}], got {quoted(names)}")
    return tuple(str(name) for name in names)


def _vertices_of(region: str, parcellation: Parcellation) -> np.ndarray:
    """The vertices of a region: silence about one that has none would lose it unseen."""
    found = parcellation.vertices(region)
    if not len(found):
        raise ConfigError(
            f"selection: region {quoted(region)} of {parcellation.name} has no vertex among the "
            f"{len(parcellation.region_of)} that are predicted"
        )
    return found
