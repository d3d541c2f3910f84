"""Measured data in array files: .npy as a memory map, .npz and HDF5 with the times that they state, if any."""

import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import MeasurementError, reason_of
from tribe_np.files.npy_files import mapped_npy
from tribe_np.files.small_files import check_regular
from tribe_np.optional import require
from tribe_np.shown import some_of

VALUE_NAMES = ("bold", "predictions", "truth", "fmri", "values")  # the first two as `export` writes them
DAMAGE = (OSError, ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile, MemoryError)


@dataclass(frozen=True, eq=False)
class TruthArray:
    """Rows of vertices, and what their source says of their times.

    Shapes   values (R, V), may be a memory map
    Units    seconds; tr and start are None where nothing is said. `axis` "scan": start is of the scan, "stimulus":
             rows stand at stimulus time and show the BOLD `offset` seconds later; None where nothing is said
    """

    values: np.ndarray
    tr: float | None = None
    start: float | None = None
    axis: str | None = None
    offset: float | None = None
    origin: str = "the truth"
    files: tuple[Path, ...] = ()
    numbering: str | None = None  # of fsaverage3 and 4, where it is known


def array_in_memory(values: np.ndarray, origin: str = "the truth") -> TruthArray:
    """An array (R, V) of numbers.

    Raises   MeasurementError for anything else
    """
    if values.ndim != 2 or values.dtype.kind not in "fiu" or not values.size:
        raise MeasurementError(
            f"{origin}: expected numbers of shape (rows, vertices), got {values.dtype} {values.shape}"
        )
    if isinstance(values, np.ma.MaskedArray):  # what is masked is no value, whatever number lies there
        values = np.ma.filled(values.astype(np.result_type(values, np.float16)), np.nan)
    return TruthArray(values, origin=origin)


def array_in_file(path: Path, key: str = "") -> TruthArray:
    """The array of a .npy, .npz or HDF5 file; `key` names one of several.

    Raises   MeasurementError, naming the file: missing, damaged, of several arrays, or of none with rows of vertices
    """
    check_regular(path, error=MeasurementError)
    suffix = path.suffix.lower()
    try:
        if suffix == ".npy":
            found = array_in_memory(mapped_npy(path), str(path))
            return replace(found, files=(path,))
        found = _of_npz(path, key) if suffix == ".npz" else _of_hdf5(path, key)
        return replace(found, files=(path,))
    except MeasurementError:
        raise
    except DAMAGE as error:
        raise MeasurementError(f"{path}: cannot be read as arrays: {reason_of(error)}") from error


def _of_npz(path: Path, key: str) -> TruthArray:
    with np.load(path, allow_pickle=False) as file:
        name = _chosen(path, file.files, lambda name: int(file[name].ndim), key)
        facts = {fact: file[fact] for fact in file.files if fact in FACTS}
        return _with_facts(path, file[name], facts)


def _of_hdf5(path: Path, key: str) -> TruthArray:
    h5py = require("h5py", extra="hdf5", why=f"reading {path}")
    with h5py.File(path, "r") as file:
        shapes: dict[str, int] = {}
        file.visititems(lambda name, item: shapes.update({name: item.ndim}) if hasattr(item, "ndim") else None)
        name = _chosen(path, list(shapes), shapes.__getitem__, key)
        facts = {fact: file[fact][()] for fact in shapes if fact in FACTS}
        facts |= {fact: value for fact, value in file.attrs.items() if fact in FACTS}
        facts |= {fact: value for fact, value in file[name].attrs.items() if fact in FACTS}
        return _with_facts(path, file[name][()], facts)


def _chosen(path: Path, names: Iterable[str], n_axes: Callable[[str], int], key: str) -> str:
    """The name of the array of values: the one asked for, one of the usual names, or the only one with two axes."""
    names = list(names)
    if key:
        if key not in names:
            raise MeasurementError(f"{path}: has no array {key}; it has {some_of(names, 6)}")
        return key
    usual = [name for name in VALUE_NAMES if name in names]
    found = usual[:1] or [name for name in names if n_axes(name) == 2]
    if len(found) != 1:
        what = "no array of rows and vertices" if not found else f"{len(found)} arrays"
        hint = f"; name one: {path}::{found[0]}" if found else ""
        raise MeasurementError(f"{path}: holds {what} ({some_of(names, 6)}){hint}")
    return found[0]


FACTS = ("vertices", "vertices_per_hemisphere", "starts", "tr", "hemodynamic_offset", "run")


def _with_facts(path: Path, values: np.ndarray, facts: Mapping[str, Any]) -> TruthArray:
    """The values of every vertex, and the times that `export` wrote beside them."""
    if values.ndim == 2 and {"vertices", "vertices_per_hemisphere"} <= facts.keys():
        size = 2 * int(facts["vertices_per_hemisphere"])
        chosen = np.asarray(facts["vertices"])
        if chosen.shape != (values.shape[1],) or chosen.dtype.kind not in "iu" or chosen.max() >= size:
            raise MeasurementError(f"{path}: its vertices do not name one of {size} for each column")
        if values.shape[1] != size:
            whole = np.full((len(values), size), np.nan, np.float32)
            whole[:, chosen] = values
            values = whole
    found = array_in_memory(values, str(path))
    tr = float(facts["tr"]) if "tr" in facts else None
    if "starts" not in facts:
        return TruthArray(found.values, tr, origin=str(path))
    starts = np.asarray(facts["starts"], float)
    if starts.shape != (len(values),) or (tr and not np.allclose(np.diff(starts), tr, rtol=0, atol=1e-3 * tr)):
        raise MeasurementError(f"{path}: its starts are not those of {len(values)} rows, one every tr seconds")
    axis, offset = _axis(facts)
    return TruthArray(found.values, tr, float(starts[0]), axis, offset, str(path))


def _axis(facts: Mapping[str, Any]) -> tuple[str | None, float | None]:
    """What run.json, which `export` puts into the file, says of the rows."""
    if "run" not in facts or "hemodynamic_offset" not in facts:
        return None, None
    text = facts["run"]
    text = text.decode() if isinstance(text, bytes) else str(text)
    try:
        run = json.loads(text)
    except (ValueError, RecursionError):
        return None, None
    if isinstance(run, dict) and run.get("time_axis") == "scan":
        return "scan", None
    return "stimulus", float(facts["hemodynamic_offset"])
