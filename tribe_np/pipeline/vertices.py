"""The user's home and cache folders, and vertices by region name."""

import os
import pwd
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.analysis.regions import read_parcellation
from tribe_np.encoder.selection import selected_columns
from tribe_np.errors import ConfigError, OutputError


def user_cache_folder() -> Path:
    """Where caches belong on this platform: XDG_CACHE_HOME or ~/.cache on Linux, ~/Library/Caches on macOS.

    Raises   OutputError for a user without a home
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given) and sys.platform != "darwin":  # another is to be ignored, its standard says
        return Path(given) / "tribe_np"
    home = home_folder()
    if home is None:
        raise OutputError(
            "this user has no home folder to keep a cache in; set HOME, or choose a folder with --cache DIR, or none "
            "with --cache none"
        )
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "tribe_np"


def home_folder() -> Path | None:
    """The user's home; None where neither HOME nor the list of users tells it (a container's number without a name)."""
    given = os.environ.get("HOME", "")
    if os.path.isabs(given):
        return Path(given)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return None


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
        chosen[read_parcellation(selection.get("parcellation"), n_vertices).indices(names)] = True
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
