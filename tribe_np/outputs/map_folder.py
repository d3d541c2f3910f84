"""Maps as files of a result: .npy and the formats of `export`, with tables, pictures and a record beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import AnySeries, VoxelSeries
from tribe_np.errors import ConfigError, MissingDependencyError, ParcellationError
from tribe_np.outputs.cell_tables import SEPARATORS, write_rows
from tribe_np.outputs.exports.export_formats import ExportFormat, ExportOptions, find_format
from tribe_np.outputs.exports.mask_volumes import mask_format
from tribe_np.outputs.folder import write_array_file, write_json_file
from tribe_np.outputs.whole import Inputs, check_outside, check_own_target, write_whole
from tribe_np.shown import did_you_mean, quoted

NPY = "npy"
DEFAULT_FORMATS = {True: (NPY, "gifti"), False: (NPY, "nifti")}  # of vertices; of voxels
MEANINGS = "maps.json"  # beside the .npy files, which can say nothing


@dataclass(frozen=True, eq=False)
class WrittenMap:
    """A map (V,) over the columns of a prediction, and what its numbers are.

    `is_exported` False: it is written as .npy alone
    """

    values: np.ndarray
    means: str
    units: str
    is_exported: bool = True


@dataclass(frozen=True, eq=False)
class MapFiles:
    """What a folder holds: maps by name, tables and pictures by the names of their files, the record."""

    series: AnySeries
    maps: Mapping[str, WrittenMap]
    tables: Mapping[str, list[list[str]]]
    pictures: Mapping[str, bytes]
    record: Mapping[str, Any]
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class MapFormats:
    """The formats that were asked for, found before any work; `options` are those of an export."""

    names: tuple[str, ...]
    is_default: bool
    options: Mapping[str, Any] = field(default_factory=dict)


def map_formats(names: Sequence[str] | None, is_surface: bool, **options: Any) -> MapFormats:
    """The formats by name; without any, .npy and what most viewers open.

    Raises   ConfigError for an unknown one
    """
    for name in names or ():
        if name != NPY:
            _format_of(name, is_surface)
    return MapFormats(tuple(dict.fromkeys(names or DEFAULT_FORMATS[is_surface])), not names, options)


def _format_of(name: str, is_surface: bool) -> ExportFormat:
    try:
        return find_format(name) if is_surface else mask_format(name)
    except ConfigError as error:
        near = did_you_mean(name, [NPY])
        raise ConfigError(f"--to {quoted(name)}: {error}, and {NPY}{near}") from error


def check_map_target(folder: Path, command: str, inputs: Inputs) -> None:
    """`check_own_target` for a folder that may not lie in one of the inputs either.

    Raises   OutputError
    """
    check_own_target(folder, command, inputs)
    for place in inputs.values():
        if place is not None and place.is_dir():
            check_outside(folder, place)


def write_map_folders(
    folder: Path, made: Mapping[str, MapFiles], formats: MapFormats, record_name: str, command: str
) -> list[str]:
    """One result written into the folder, or several into one folder each, named by their keys; what was odd.

    An earlier folder of the command is replaced if it is as it was written.
    Raises   OutputError; as `fill_map_folder`
    """
    said: list[str] = []

    def fill(partial: Path) -> None:
        for name, files in made.items():
            below = partial if len(made) == 1 else partial / name
            below.mkdir(exist_ok=True)
            said.extend(fill_map_folder(below, files, formats, record_name))

    write_whole(folder, fill, command)
    return list(dict.fromkeys(said))


def fill_map_folder(folder: Path, files: MapFiles, formats: MapFormats, record_name: str) -> list[str]:
    """Writes everything into a folder that is there; what was odd.

    Raises   ConfigError, ParcellationError, MissingDependencyError for a format that cannot be written
    """
    said: list[str] = []
    written = []
    for name in formats.names:
        try:
            said += _write_maps(folder / name, name, files, formats.options)
            written.append(name)
        except (ParcellationError, MissingDependencyError) as error:
            if not formats.is_default:
                raise
            said.append(f"no maps as {name}: {error}")
    for name, rows in files.tables.items():
        write_rows(folder / name, rows, SEPARATORS[Path(name).suffix])
    for name, picture in files.pictures.items():
        (folder / name).write_bytes(picture)
    warnings = [*files.record.get("warnings", ()), *said]
    write_json_file(folder / record_name, {**files.record, "formats": written, "warnings": warnings})
    return said


def _write_maps(folder: Path, name: str, files: MapFiles, given: Mapping[str, Any]) -> list[str]:
    if name == NPY:
        folder.mkdir()
        for title, each in files.maps.items():
            write_array_file(folder / f"{title}.npy", np.asarray(each.values, np.float64))
        meanings = {title: {"means": each.means, "units": each.units} for title, each in files.maps.items()}
        write_json_file(folder / MEANINGS, {**_whose(files.record), "maps": meanings})
        return []
    chosen = _format_of(name, isinstance(files.series, SurfaceSeries))
    options = ExportOptions(**{key: value for key, value in given.items() if key in chosen.takes and value is not None})
    partial = folder
    partial.mkdir()
    try:
        for title, each in files.maps.items():
            if each.is_exported:
                chosen.write(map_series(files.series, title, each, files.record), partial, options)
    except BaseException:
        for path in partial.iterdir():
            path.unlink()
        partial.rmdir()
        raise
    return list(options.warnings)


def map_series(series: AnySeries, name: str, one: WrittenMap, record: Mapping[str, Any]) -> AnySeries:
    """A map as a series of one row without time, whose sidecar says what it is a map of."""
    run = {
        "map": {"name": name, "means": one.means},
        "units": one.units,
        **_whose(record),
    }
    values = np.asarray(one.values, np.float32)[None]
    once = np.zeros(1)
    if isinstance(series, VoxelSeries):
        return VoxelSeries(values, series.space, once, voxels=series.voxels, run=run, origin=f"the map {name}")
    return replace(
        series, values=values, starts=once, tr=1.0, hemodynamic_offset=0.0, timelines=None, run=run,
        origin=f"the map {name}",
    )  # fmt: skip


def _whose(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a map says of the result that it belongs to."""
    return {key: record[key] for key in ("formula", "across", "method", "warnings") if key in record}
