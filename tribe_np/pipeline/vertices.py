"""Which vertices are computed: by names of regions, by a mask or by indices."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tribe_np.cortex.parcellation_files import load_parcellation
from tribe_np.encoder.readout import selected_columns
from tribe_np.errors import ConfigError


def vertex_selection(selection: Mapping[str, Any] | None, n_vertices: int) -> np.ndarray | None:
    """Ascending indices of the union of `roi` names and `vertices` (a mask or indices); None selects all.

    Raises   ConfigError for unknown keys, names or indices out of range
    """
    if selection is None:
        return None
    if not isinstance(selection, Mapping):
        raise ConfigError(f'selection must be a mapping such as {{"vertices": [0, 1]}}, got {type(selection).__name__}')
    unknown = sorted(set(selection) - {"roi", "vertices", "parcellation"})
    if unknown:
        raise ConfigError(f"selection: unknown key {unknown[0]!r}; known are roi, vertices and parcellation")
    chosen = np.zeros(n_vertices, bool)
    if selection.get("vertices") is not None:
        chosen[selected_columns(_as_mask(selection["vertices"], n_vertices), n_vertices)] = True
    if selection.get("roi") is not None:
        names = [selection["roi"]] if isinstance(selection["roi"], str) else selection["roi"]
        if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
            raise ConfigError(f"selection: roi must be names of regions such as ['V1'], got {names!r:.60}")
        chosen[load_parcellation(selection.get("parcellation"), n_vertices).indices(names)] = True
    if not chosen.any():
        raise ConfigError("selection: no vertex is selected; give roi names, or a mask or indices as vertices")
    return np.flatnonzero(chosen)


def chosen_regions(selection: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The names of regions in a selection that `vertex_selection` has accepted."""
    names = (selection or {}).get("roi")
    return () if names is None else (names,) if isinstance(names, str) else tuple(names)


def _as_mask(vertices: Any, n_vertices: int) -> Any:
    """A binary array of one number per vertex means a mask (the BERG interface's form); anything else is left alone."""
    try:
        array = np.asarray(vertices)
    except ValueError as error:
        raise ConfigError(f"selection: vertices must be a flat list of indices or a mask: {error}") from error
    is_mask = array.shape == (n_vertices,) and array.dtype != np.bool_ and bool(np.isin(array, (0, 1)).all())
    return array.astype(bool) if is_mask else vertices
