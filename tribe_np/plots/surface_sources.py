"""What figures, films and pages are made from: rows of vertices out of folders, .npy files and arrays, what they are
called, and what their run.json tells of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries, as_series
from tribe_np.cortex.voxel_series import is_voxel_folder
from tribe_np.errors import OutputError, ShapeError, reason_of
from tribe_np.files.npy_files import mapped_npy
from tribe_np.outputs.exports.export_names import is_measured

SAME_START = 1e-3  # seconds by which the rows of two predictions may miss each other
PREDICTED = "z-scored BOLD"  # the unit of a prediction, whether its run.json says so or not


def read_surface(source: Any) -> SurfaceSeries:
    """The rows of a prediction folder, one that project wrote, a .npy file, an array or a SurfaceSeries.

    Raises   OutputError for voxels and for what cannot be read; ShapeError for an array of no mesh
    """
    if is_voxel_folder(source):
        raise OutputError(
            f"{source}: holds voxels of a mask, not a cortical surface; `tribe-np plot` draws them, and "
            "`tribe-np export --to nifti` writes them for a viewer of volumes"
        )
    if not isinstance(source, (str, Path)) or Path(source).is_dir():
        return as_series(source)
    try:
        return replace(as_series(_array(Path(source))), origin=str(source))
    except ShapeError as error:
        raise ShapeError(f"{source}: {str(error).removeprefix('the array: ')}") from error


def _array(path: Path) -> np.ndarray:
    expected = "expected a folder that predict, experiment, resample or project wrote, or a .npy file"
    if not path.exists():
        raise OutputError(f"{path}: is not there; {expected}")
    if path.suffix.lower() != ".npy":
        raise OutputError(f"{path}: is no folder and no .npy file; {expected}")
    try:
        found = mapped_npy(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {reason_of(error)}") from error
    except ValueError as error:
        raise OutputError(f"{path}: {str(error).removeprefix('it ')}") from error
    return np.asarray(found)


def check_same_rows(one: SurfaceSeries, other: SurfaceSeries) -> None:
    """Refuses two predictions that cannot be compared row by row; arrays have rows and no times.

    Raises   ShapeError
    """
    if one.mesh != other.mesh:
        raise ShapeError(
            f"{one.origin} lies on {one.mesh} and {other.origin} on {other.mesh}; bring one of them onto the other's "
            "mesh with tribe-np resample"
        )
    if len(one.starts) != len(other.starts):
        raise ShapeError(
            f"{one.origin} has {len(one.starts)} rows and {other.origin} {len(other.starts)}; expected the same rows"
        )
    if not one.run or not other.run:
        return  # an array knows no times: row r is row r
    apart = np.abs(np.asarray(one.starts) - other.starts)
    if len(apart) and apart.max() > SAME_START:
        row = int(np.argmax(apart > SAME_START))
        raise ShapeError(
            f"row {row} starts at {one.starts[row]:g} s in {one.origin} and at {other.starts[row]:g} s in "
            f"{other.origin}; expected the same rows"
        )
    if one.timelines is not None and (other.timelines is None or (one.timelines != other.timelines).any()):
        raise ShapeError(f"the rows of {one.origin} and {other.origin} are of different timelines")
    if one.tr != other.tr or one.hemodynamic_offset != other.hemodynamic_offset:
        raise ShapeError(
            f"{one.origin} has a TR of {one.tr:g} s and an offset of {one.hemodynamic_offset:g} s, {other.origin} "
            f"{other.tr:g} s and {other.hemodynamic_offset:g} s; expected the same"
        )


def distinct_names(sources: Sequence[Any]) -> list[str]:
    """Short names of several sources: the last part of each path, with as many parts before it as tell them apart.

    >>> distinct_names(["a/predictions", "b/predictions"])
    ['a/predictions', 'b/predictions']
    >>> distinct_names(["runs/faces", "runs/places"])
    ['faces', 'places']
    """
    paths = [Path(source).absolute() if isinstance(source, (str, Path)) else None for source in sources]
    longest = max((len(path.parts) for path in paths if path is not None), default=1)
    for n in range(1, longest + 1):
        names = [f"map {i + 1}" if path is None else "/".join(path.parts[-n:]) for i, path in enumerate(paths)]
        if len(set(names)) == len(names):
            break
    return [name.removesuffix(".npy") for name in names]


def stimulus_name(series: SurfaceSeries) -> str:
    """The file name of the stimulus by run.json, or no text."""
    told = series.run.get("stimulus")
    path = told.get("path") if isinstance(told, Mapping) else None
    return Path(path).name if isinstance(path, str) else ""


def unit_of(series: Any) -> str:
    """The unit of a SurfaceSeries or VoxelSeries by run.json, without its explanation; no text where nobody says it."""
    if not series.run:
        return ""
    told = series.run.get("units")
    if isinstance(told, str):
        return told.partition(" (")[0].partition(";")[0].strip()
    return "" if is_measured(series) else PREDICTED
