"""The user's cache folder, and vertices by region name."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.analysis.regions import read_parcellation
from tribe_np.errors import ConfigError


def user_cache_folder() -> Path:
    """Where caches belong on this platform: XDG_CACHE_HOME or ~/.cache on Linux, ~/Library/Caches on macOS."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tribe_np"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tribe_np"


def vertex_selection(selection: Mapping[str, Any] | None, n_vertices: int) -> np.ndarray | None:
    """Ascending indices of the union of `roi` names and `vertices` (a mask or indices); None selects all.

    Raises   ConfigError for unknown keys, names or indices out of range
    """
    if selection is None:
        return None
    unknown = sorted(set(selection) - {"roi", "vertices", "parcellation"})
    if unknown:
        raise ConfigError(f"selection: unknown key {unknown[0]!r}; known are roi, vertices and parcellation")
    chosen = np.zeros(n_vertices, bool)
    if selection.get("vertices") is not None:
        chosen |= _mask(np.asarray(selection["vertices"]), n_vertices)
    if selection.get("roi") is not None:
        names = [selection["roi"]] if isinstance(selection["roi"], str) else list(selection["roi"])
        chosen[read_parcellation(selection.get("parcellation"), n_vertices).indices(names)] = True
    if not chosen.any():
        raise ConfigError("selection: no vertex is selected; give roi names, or a mask or indices as vertices")
    return np.flatnonzero(chosen)


def _mask(vertices: np.ndarray, n_vertices: int) -> np.ndarray:
    if vertices.ndim != 1:
        raise ConfigError(f"selection: vertices must be one-dimensional, got shape {vertices.shape}")
    is_binary = vertices.shape == (n_vertices,) and bool(np.isin(vertices, (0, 1)).all())
    if vertices.dtype == bool or is_binary:
        if vertices.shape != (n_vertices,):
            raise ConfigError(f"selection: the vertex mask must have {n_vertices} entries, got {vertices.shape[0]}")
        return vertices.astype(bool)
    if not np.issubdtype(vertices.dtype, np.integer) or vertices.size and not 0 <= vertices.min() <= vertices.max() < n_vertices:
        raise ConfigError(f"selection: vertex indices must be whole numbers from 0 to {n_vertices - 1}")
    mask = np.zeros(n_vertices, bool)
    mask[vertices] = True
    return mask
