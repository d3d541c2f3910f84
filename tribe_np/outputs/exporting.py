"""Predictions in files that other tools open: `export` writes a folder of them, whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries, as_series
from tribe_np.cortex.sizes import mesh_name
from tribe_np.errors import OutputError, ShapeError
from tribe_np.outputs.export_formats import ExportFormat, ExportOptions, check_options, find_format
from tribe_np.outputs.export_names import read_entities, write_dataset_files
from tribe_np.outputs.time_axis import row_times
from tribe_np.outputs.whole import check_own_target, real_path, write_whole

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

    Formats are those of EXPORT_FORMATS, options those of ExportOptions. Each file of data has a sidecar of the same
    name ending in .json, which says what the time axis means. An earlier export in `out` is replaced.
    Raises   ConfigError for an unknown format, an unknown option or one that the format does not take; OutputError for
             a source that is no whole folder, rows whose times the format cannot hold, or a folder that cannot be
             written; ShapeError where values and mesh differ; MissingDependencyError
    """
    chosen, out = find_format(to), Path(out)
    asked = check_options(chosen, options)
    if asked.bids:
        read_entities(asked.bids)
    check_own_target(out, COMMAND_NAME, _inputs(source, asked))
    series = as_series(source)
    _check_series(series, asked)
    _check_outside(out, source)
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
    if options.subjects_dir is not None:
        inputs["subjects folder"] = Path(options.subjects_dir)
    if options.like is not None:
        inputs["volume"] = Path(options.like)
    given = options.parcellation
    for path in [given] if isinstance(given, (str, Path)) else given if isinstance(given, (list, tuple)) else []:
        if Path(path).exists():  # else it is a name
            inputs[f"parcellation {path}"] = Path(path)
    return inputs


def _check_outside(out: Path, source: Any) -> None:
    """Refuses a place inside the predictions folder: it would no longer be as predict wrote it."""
    if isinstance(source, (str, Path)) and real_path(Path(source)) in real_path(out).parents:
        raise OutputError(f"--out {out}: is inside the predictions {source}; choose another folder")


def _check_series(series: SurfaceSeries, options: ExportOptions) -> None:
    """Refuses a series whose parts contradict each other, and options whose values are wrong."""
    if mesh_name(series.mesh) != series.mesh:
        raise ShapeError(f"{series.origin}: its mesh {series.mesh} must be called {mesh_name(series.mesh)}")
    values, columns, n_columns = series.values, series.columns, len(series.columns)
    if not n_columns or columns[0] < 0 or columns[-1] >= 2 * series.per_hemisphere or (np.diff(columns) <= 0).any():
        raise ShapeError(
            f"{series.origin}: its vertices must be ascending numbers of both hemispheres of {series.mesh}"
        )
    if not (0 < series.tr < np.inf and np.isfinite(series.hemodynamic_offset)):
        raise ShapeError(f"{series.origin}: tr {series.tr} or offset {series.hemodynamic_offset} is no time in seconds")
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise ShapeError(f"{series.origin}: expected numbers of shape (R, V), got {values.dtype} {values.shape}")
    if values.shape != (len(series.starts), n_columns):
        raise ShapeError(
            f"{series.origin}: has values {values.shape}, but {len(series.starts)} rows and {n_columns} vertices of "
            f"{series.mesh}"
        )
    if not len(values):
        raise OutputError(f"{series.origin}: has no rows")
    row_times(series, options.times)


def _survey(series: SurfaceSeries, chosen: ExportFormat) -> list[str]:
    """What there is to say of any series, with counts.

    Raises   ShapeError for values that float32 cannot hold
    """
    values, said = series.values, []
    n_missing = 2 * series.per_hemisphere - values.shape[1]
    if n_missing:
        fate = "left out" if chosen.leaves_out else "NaN"
        said.append(f"{n_missing} of {2 * series.per_hemisphere} vertices were not computed and are {fate}")
    n_bad, bad_columns, largest = 0, np.zeros(values.shape[1], bool), 0.0
    n_rows = max(1, BLOCK_VALUES // max(1, values.shape[1]))
    for first in range(0, len(values), n_rows):
        block = values[first : first + n_rows]
        is_bad = ~np.isfinite(block)
        n_bad, bad_columns = n_bad + int(is_bad.sum()), bad_columns | is_bad.any(axis=0)
        largest = max(largest, float(np.abs(block, where=~is_bad, out=np.zeros(block.shape, block.dtype)).max()))
    if n_bad:
        said.append(f"{n_bad} computed values, at {int(bad_columns.sum())} vertices, are NaN or infinite; they stay so")
    if largest > LARGEST_FLOAT32 and not chosen.keeps_dtype:
        raise ShapeError(f"{series.origin}: has values up to {largest:.3g}, which float32 cannot hold; use npz or hdf5")
    return said
