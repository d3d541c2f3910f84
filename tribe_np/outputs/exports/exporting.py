"""Predictions in files that other tools open: `export` writes a folder of them, whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries, as_series
from tribe_np.cortex.sizes import mesh_name
from tribe_np.cortex.voxel_series import AnySeries, VoxelSeries, as_voxel_series, is_voxel_folder
from tribe_np.errors import OutputError, ShapeError
from tribe_np.outputs.exports.export_formats import ExportFormat, ExportOptions, check_options, find_format
from tribe_np.outputs.exports.export_names import read_entities, write_dataset_files
from tribe_np.outputs.exports.mask_volumes import mask_format
from tribe_np.outputs.exports.time_axis import row_times
from tribe_np.outputs.whole import check_outside, check_own_target, write_whole

COMMAND_NAME = "export"
BLOCK_VALUES = 1 << 22  # values looked at in one go
LARGEST_FLOAT32 = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class ExportResult:
    """What was written: the folder, its files, and what there is to say about them."""

    folder: Path
    files: tuple[Path, ...]
    warnings: tuple[str, ...] = ()


def export(source: Any, to: str, out: str | Path, **options: Any) -> ExportResult:
    """Writes a predictions folder, an array or a SurfaceSeries in the format `to` into the folder `out`.

    The voxels of a mask are written as nifti or npz (`outputs.mask_volumes`), vertices as what follows.
    Formats are those of EXPORT_FORMATS, options those of ExportOptions. Each file of data has a sidecar of the same
    name ending in .json, which says what the time axis means. An earlier export in `out` is replaced.
    Raises   ConfigError for an unknown format, an unknown option or one that the format does not take; OutputError for
             a source that is no whole folder, rows whose times the format cannot hold, or a folder that cannot be
             written; ShapeError where values and mesh differ; MissingDependencyError
    """
    is_mask, out = is_voxel_folder(source), Path(out)
    chosen = mask_format(to) if is_mask else find_format(to)
    asked = check_options(chosen, options)
    if asked.bids:
        read_entities(asked.bids)
    check_own_target(out, COMMAND_NAME, _inputs(source, asked))
    series: AnySeries = as_voxel_series(source) if is_mask else as_series(source)
    _check_series(series, asked)
    if isinstance(source, (str, Path)):
        check_outside(out, Path(source))
    asked.warnings.extend(_survey(series, chosen))
    written: list[Path] = []

    def fill(partial: Path) -> None:
        found = chosen.write(series, partial, asked)
        if asked.bids:
            found = [*write_dataset_files(partial, series, found), *found]
        written.extend(path.relative_to(partial) for path in found)

    write_whole(out, fill, COMMAND_NAME)
    return ExportResult(out, tuple(out / name for name in written), tuple(asked.warnings))


def _inputs(source: Any, options: ExportOptions) -> Mapping[str, Path | None]:
    """What must not be replaced by the result."""
    inputs = {"predictions": Path(source)} if isinstance(source, (str, Path)) else {}
    for file in [options.mask] if isinstance(options.mask, (str, Path)) else options.mask or []:
        inputs[f"mask {file}"] = Path(file)
    if options.subjects_dir is not None:
        inputs["subjects folder"] = Path(options.subjects_dir)
    if options.like is not None:
        inputs["volume"] = Path(options.like)
    given = options.parcellation
    for path in [given] if isinstance(given, (str, Path)) else given if isinstance(given, (list, tuple)) else []:
        if Path(path).exists():  # else it is a name
            inputs[f"parcellation {path}"] = Path(path)
    return inputs


def _check_series(series: AnySeries, options: ExportOptions) -> None:
    """Refuses a series whose parts contradict each other, and options whose values are wrong."""
    if isinstance(series, SurfaceSeries) and mesh_name(series.mesh) != series.mesh:
        raise ShapeError(f"{series.origin}: its mesh {series.mesh} must be called {mesh_name(series.mesh)}")
    values, columns, n_columns = series.values, series.columns, len(series.columns)
    size, unit = _size(series)
    if not n_columns or columns[0] < 0 or columns[-1] >= size or (np.diff(columns) <= 0).any():
        where = f"both hemispheres of {series.mesh}" if isinstance(series, SurfaceSeries) else str(series.space)
        raise ShapeError(f"{series.origin}: its {unit} must be ascending numbers of {where}")
    if not (0 < series.tr < np.inf and np.isfinite(series.hemodynamic_offset)):
        raise ShapeError(f"{series.origin}: tr {series.tr} or offset {series.hemodynamic_offset} is no time in seconds")
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise ShapeError(f"{series.origin}: expected numbers of shape (R, V), got {values.dtype} {values.shape}")
    if values.shape != (len(series.starts), n_columns):
        raise ShapeError(
            f"{series.origin}: has values {values.shape}, but {len(series.starts)} rows and {n_columns} columns"
        )
    if not len(values):
        raise OutputError(f"{series.origin}: has no rows")
    row_times(series, options.times)


def _size(series: AnySeries) -> tuple[int, str]:
    """How many columns a whole prediction has, and what they are."""
    if isinstance(series, VoxelSeries):
        return series.space.n_outputs, series.space.unit
    return 2 * series.per_hemisphere, "vertices"


def _survey(series: AnySeries, chosen: ExportFormat) -> list[str]:
    """What there is to say of any series, with counts.

    Raises   ShapeError for values that float32 cannot hold
    """
    values, said = series.values, []
    size, unit = _size(series)
    n_missing = size - values.shape[1]
    if n_missing:
        fate = "left out" if chosen.leaves_out else "NaN"
        said.append(f"{n_missing} of {size} {unit} were not computed and are {fate}")
    if series.timelines is not None:
        n = len(np.unique(series.timelines))
        said.append(f"rows are of {n} timelines, each with times of its own: RowTimelines in the sidecar tells which")
    n_bad, bad_columns, largest = 0, np.zeros(values.shape[1], bool), 0.0
    n_rows = max(1, BLOCK_VALUES // max(1, values.shape[1]))
    for first in range(0, len(values), n_rows):
        block = values[first : first + n_rows]
        is_bad = ~np.isfinite(block)
        n_bad, bad_columns = n_bad + int(is_bad.sum()), bad_columns | is_bad.any(axis=0)
        largest = max(largest, float(np.abs(block, where=~is_bad, out=np.zeros(block.shape, block.dtype)).max()))
    if n_bad:
        said.append(f"{n_bad} computed values, at {int(bad_columns.sum())} {unit}, are NaN or infinite; they stay so")
    if largest > LARGEST_FLOAT32 and not chosen.keeps_dtype:
        raise ShapeError(f"{series.origin}: has values up to {largest:.3g}, which float32 cannot hold; use npz or hdf5")
    return said
