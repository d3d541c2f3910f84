"""BERG's selection, checked before any file is opened: areas by name, vertices as a binary array."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np

from tribe_np.berg.model_card import N_VERTICES, areas
from tribe_np.errors import ConfigError
from tribe_np.shown import quoted

KEYS = ("roi", "vertices")


def checked_selection(selection: Any) -> dict[str, Any] | None:
    """The parts that are given, as `TribeModel` takes them; None where nothing is, which means every vertex.

    Shapes   -> roi: list of names; vertices (20484,) bool
    Raises   ConfigError for an unknown key or area, and for an array that is not BERG's
    """
    if selection is None:
        return None
    if not isinstance(selection, Mapping):
        raise ConfigError(f'selection must be a mapping such as {{"roi": ["V1"]}}, got {type(selection).__name__}')
    for key in selection:
        if key not in KEYS:
            raise ConfigError(f"selection: unknown key {quoted(key)}; known are roi and vertices")
    checked: dict[str, Any] = {}
    if selection.get("roi") is not None:
        checked["roi"] = _names(selection["roi"])
    if selection.get("vertices") is not None:
        checked["vertices"] = _mask(selection["vertices"])
    return checked or None


def _names(roi: Any) -> list[str]:
    """Names of areas; each means both hemispheres, and no name stands for several."""
    if isinstance(roi, str) or not isinstance(roi, (list, tuple, np.ndarray)) or not len(roi):
        raise ConfigError(f"selection: roi must be a list of areas such as ['V1', 'FFC'], got {quoted(roi)}")
    for name in roi:
        if not isinstance(name, str) or name not in areas():
            raise ConfigError(
                f"selection: {quoted(name)} is not one of the 180 areas of HCP-MMP1; near it are {_near(str(name))}"
            )
    return [str(name) for name in roi]


def _near(name: str) -> str:
    """The areas whose names are most alike, whatever their case."""
    known = {area.lower(): area for area in areas()}
    found = get_close_matches(name.lower(), known, n=3, cutoff=0.0)
    return ", ".join(known[lower] for lower in found)


def _mask(vertices: Any) -> np.ndarray:
    try:
        array = np.asarray(vertices)
    except ValueError as error:
        raise ConfigError(f"selection: vertices must be a binary array of {N_VERTICES} numbers: {error}") from error
    if array.shape != (N_VERTICES,) or array.dtype.kind not in "biuf":
        raise ConfigError(
            f"selection: vertices must be a binary array of exactly {N_VERTICES} numbers "
            f"(left hemisphere first), got {array.dtype} of shape {array.shape}"
        )
    if not np.isin(array, (0, 1)).all():
        raise ConfigError("selection: vertices must hold nothing but 0 and 1, one for each vertex; it holds others")
    if not array.any():
        raise ConfigError("selection: vertices holds no 1, so no vertex is selected; leave it out to select all")
    return array.astype(bool)
