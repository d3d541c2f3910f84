"""Maps that components are matched to: the networks of a parcellation, its regions, or maps of the user's.

No template is part of this project. A parcellation gives a map for each network (1 inside, 0 in the others); a vertex
without a region, such as the medial wall, has no value (NaN) and turns as such in the spin null.
"""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.measured.measured_surfaces import read_surfaces
from tribe_np.cortex.parcellations.parcellation import NO_REGION, Parcellation
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.cortex.regions.networks import by_network
from tribe_np.errors import ConfigError, OutputError, ParcellationError, ShapeError, reason_of

ARRAYS = (".npy", ".npz")
MAP_FILES = (".mgh", ".mgz")
LABEL_FILES = (".label.gii",)
DEFAULT_TEMPLATES = "yeo-7"


@dataclass(frozen=True, eq=False)
class NetworkTemplates:
    """Maps by name.

    Shapes   maps (m, 2 V), NaN where a template has no value
    """

    origin: str
    names: tuple[str, ...]
    maps: np.ndarray
    files: tuple[dict[str, str], ...] = ()


def read_templates(given: Any, n_vertices: int) -> tuple[NetworkTemplates, tuple[str, ...]]:
    """Templates on the n_vertices of both hemispheres, and what was odd.

    given    a Parcellation, or what `load_parcellation` takes; .npy (m, 2 V) or (2 V,); .npz, an array a name; the
             .func.gii, .shape.gii, .mgh or .mgz of both hemispheres, of one where the other lies beside it; an array
    Raises   ParcellationError, OutputError, MeasurementError; ShapeError for maps of another mesh
    """
    if isinstance(given, np.ndarray):
        return _checked("the array", None, given, n_vertices), ()
    paths = _paths(given)
    if paths and all(path.suffix.lower() in ARRAYS for path in paths):
        if len(paths) > 1:
            raise ConfigError(
                f"templates are one file {' or '.join(ARRAYS)}, got {len(paths)}; an .npz holds several maps"
            )
        return _of_array(paths[0], n_vertices), ()
    if paths and all(_holds_maps(path) for path in paths):
        measured = read_surfaces(paths)
        origin = " and ".join(path.name for path in measured.paths)
        return _checked(origin, None, np.concatenate(measured.sides, axis=1), n_vertices), ()
    return _of_parcellation(load_parcellation(given, n_vertices))


def default_templates(n_vertices: int) -> tuple[NetworkTemplates | None, tuple[str, ...]]:
    """Yeo's seven networks where they are at hand; otherwise none, and why."""
    try:
        return read_templates(DEFAULT_TEMPLATES, n_vertices)
    except ParcellationError as error:
        return None, (f"components are matched to no templates: {error}; --templates names others",)


def _paths(given: Any) -> list[Path]:
    """The files that are given; none for a name or a folder."""
    if isinstance(given, (str, Path)):
        given = [given]
    if not isinstance(given, Sequence) or not given or not all(isinstance(each, (str, Path)) for each in given):
        return []
    paths = [Path(each) for each in given]
    return paths if any(path.suffix for path in paths) and not any(path.is_dir() for path in paths) else []


def _holds_maps(path: Path) -> bool:
    name = path.name.lower()
    is_gifti = name.endswith((".gii", ".gii.gz")) and not name.removesuffix(".gz").endswith(LABEL_FILES)
    return name.endswith((".func.gii", ".shape.gii", *MAP_FILES)) or (is_gifti and ".annot" not in name)


def _of_array(path: Path, n_vertices: int) -> NetworkTemplates:
    names, maps = _loaded(path)
    if names is None:
        return _checked(str(path), None, maps[0], n_vertices)
    for name, one in zip(names, maps, strict=True):
        if one.shape != (n_vertices,):
            raise ShapeError(f"{path}: the map {name} has shape {one.shape}, expected ({n_vertices},)")
    if not names:
        raise ShapeError(f"{path}: holds no map")
    return _checked(str(path), names, np.stack(maps), n_vertices)


def _loaded(path: Path) -> tuple[tuple[str, ...] | None, list[np.ndarray]]:
    """The array of an .npy, or the names and arrays of an .npz."""
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return None, [loaded]
        with loaded:
            return tuple(loaded.files), [np.asarray(loaded[name]) for name in loaded.files]
    except OSError as error:
        raise OutputError(f"{path}: cannot be read as templates: {reason_of(error)}") from error
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise OutputError(f"{path}: cannot be read as templates: no .npy or .npz file, or a part of one") from error


def _checked(origin: str, names: tuple[str, ...] | None, maps: np.ndarray, n_vertices: int) -> NetworkTemplates:
    maps = np.atleast_2d(maps)
    if maps.dtype.kind not in "fiub" or maps.ndim != 2 or not len(maps) or maps.shape[1] != n_vertices:
        raise ShapeError(
            f"{origin}: templates are numbers of shape (m, {n_vertices}) on the mesh of the rows, got {maps.dtype} "
            f"{maps.shape}"
        )
    maps = np.where(np.isfinite(maps), maps, np.nan).astype(np.float64)
    names = tuple(f"map {number}" for number in range(1, len(maps) + 1)) if names is None else names
    for name, one in zip(names, maps, strict=True):
        known = one[np.isfinite(one)]
        if known.size < 2 or known.min() == known.max():
            raise ShapeError(f"{origin}: the template {name} is flat; nothing correlates with it")
    return NetworkTemplates(origin, names, maps)


def _of_parcellation(parcels: Parcellation) -> tuple[NetworkTemplates, tuple[str, ...]]:
    """A map for each network that the regions' names tell; where they tell none, for each region."""
    said: tuple[str, ...] = ()
    try:
        parcels, said = by_network(parcels)
    except ParcellationError:
        said = (f"the names of {parcels.name} tell no networks: its {len(parcels.regions)} regions are the templates",)
    inside = parcels.region_of[None] == np.arange(len(parcels.regions))[:, None]
    maps = np.where(parcels.region_of == NO_REGION, np.nan, inside)
    is_here = inside.any(axis=1)
    names = tuple(name for name, here in zip(parcels.regions, is_here, strict=True) if here)
    files = tuple(file.as_dict() for file in parcels.files)
    return NetworkTemplates(parcels.name, names, maps[is_here], files), said
