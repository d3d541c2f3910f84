"""Which output columns to compute: vertex indices or a mask, turned into ascending indices."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError


def selected_columns(selection: Any, n_outputs: int) -> np.ndarray | None:
    """Ascending vertex indices without repeats; None when nothing is selected, which means all.

    `selection` is None, indices, a boolean mask of n_outputs, or {"vertices": either}; regions by name are
    resolved to vertices before they come here.
    Raises   ConfigError for an empty selection, indices out of range, a mask of another length, or another kind
    """
    if isinstance(selection, Mapping):
        others = [str(key) for key in selection if key != "vertices"]
        if others:
            raise ConfigError(f"selection: the encoder takes vertices, not {', '.join(others)[:60]}")
        selection = selection.get("vertices")
    if selection is None:
        return None
    try:
        chosen = np.asarray(selection)
    except ValueError as error:
        raise ConfigError(f"selection must be a list of vertex indices or a mask: {error}") from error
    if chosen.dtype == np.bool_:
        if chosen.shape != (n_outputs,):
            raise ConfigError(f"selection: a mask must have shape ({n_outputs},), got {chosen.shape}")
        chosen = np.flatnonzero(chosen)
    if chosen.size == 0:
        raise ConfigError("selection is empty; leave it out to compute every vertex")
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
        raise ConfigError(
            f"selection must be vertex indices or a boolean mask, got {chosen.dtype} of shape {chosen.shape}"
        )
    if chosen.min() < 0 or chosen.max() >= n_outputs:
        raise ConfigError(f"selection: vertices must be in 0..{n_outputs - 1}, got {chosen.min()}..{chosen.max()}")
    return np.unique(chosen).astype(np.int64)
