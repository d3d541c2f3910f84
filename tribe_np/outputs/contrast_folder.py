"""The folder of a contrast: maps in files of every format, tables, figures and contrast.json, whole or not at all.

Each format has a folder of its own. The .npy files hold the columns of the prediction in float64, as they are; the
others are those that `export` writes, one for each map.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import AnySeries, VoxelSeries
from tribe_np.errors import ConfigError, MissingDependencyError, ParcellationError
from tribe_np.formats.folder_kinds import CONTRAST_RECORD
from tribe_np.outputs.cell_tables import SEPARATORS, write_rows
from tribe_np.outputs.exports.export_formats import ExportFormat, ExportOptions, find_format
from tribe_np.outputs.exports.mask_volumes import mask_format
from tribe_np.outputs.folder import write_array_file, write_json_file
from tribe_np.outputs.whole import Inputs, check_outside, check_own_target, write_whole
from tribe_np.shown import did_you_mean, quoted

CONTRAST = "contrast"
NPY = "npy"
DEFAULT_FORMATS = {True: (NPY, "gifti"), False: (NPY, "nifti")}  # of vertices; of voxels
MEANINGS = "maps.json"  # beside the .npy files, which can say nothing
LONGEST_NAME = 60


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
class ContrastFiles:
    """What a folder holds: maps by name, tables and pictures by the names of their files, contrast.json."""

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


def check_contrast_target(folder: Path, inputs: Inputs, predictions: Sequence[str]) -> None:
    """Refuses, before any work, a folder that could not be written, that holds an input or lies in a prediction.

    Raises   OutputError
    """
    check_own_target(folder, CONTRAST, {**inputs, **{f"prediction {name}": Path(name) for name in predictions}})
    for name in predictions:
        check_outside(folder, Path(name))


def write_contrasts(folder: Path, made: Mapping[str, ContrastFiles], formats: MapFormats) -> list[str]:
    """Writes one contrast into the folder, or several into one folder each, named by their keys; what was odd.

    Raises   OutputError; ConfigError, ParcellationError, MissingDependencyError for a format that cannot be written
    """
    said: list[str] = []

    def fill(partial: Path) -> None:
        for name, files in made.items():
            below = partial if len(made) == 1 else partial / name
            below.mkdir(exist_ok=True)
            said.extend(fill_map_folder(below, files, formats, CONTRAST_RECORD))

    write_whole(folder, fill, CONTRAST)
    return list(dict.fromkeys(said))


def fill_map_folder(folder: Path, files: ContrastFiles, formats: MapFormats, record_name: str) -> list[str]:
    """Writes maps, tables, pictures and the record into a folder that is there; what was odd."""
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


def _write_maps(folder: Path, name: str, files: ContrastFiles, given: Mapping[str, Any]) -> list[str]:
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
    """What a map says of the contrast that it is of."""
    return {key: record[key] for key in ("formula", "across", "method", "warnings") if key in record}


def folder_names(formulas: Sequence[str]) -> list[str]:
    """A name for the folder of each formula, of letters, digits, dots, dashes and underscores, each once.

    >>> folder_names(["faces - places", "0.5*a + 0.5*b - c", "faces-places"])
    ['faces-places', '0.5a+0.5b-c', 'faces-places-2']
    """
    found: list[str] = []
    for formula in formulas:
        kept = "".join(c for c in formula if c.isalnum() or c in "._+-")[:LONGEST_NAME].strip(".-+") or "contrast"
        name, number = kept, 1
        while name.lower() in {other.lower() for other in found}:
            number += 1
            name = f"{kept}-{number}"
        found.append(name)
    return found
