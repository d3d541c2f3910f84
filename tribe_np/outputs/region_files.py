"""Regions as files: time courses (a row a TR, a column a region), a summary (a row a region), or both as JSON.

Tables have a first line of names and no other; a missing number is NaN in them and null in JSON. `start` counts seconds
of the stimulus, `bold_time` is when the BOLD that the row estimates would be measured: start + hemodynamic_offset. Of
measured data both are seconds of the scan, unless `project` aligned them with the stimulus.
"""

import json
import math
from pathlib import Path
from typing import Any

from tribe_np.cortex.regions.region_series import RegionTable
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import AnySeries
from tribe_np.errors import ConfigError
from tribe_np.outputs.cell_tables import SEPARATORS, write_rows
from tribe_np.outputs.whole import Inputs, check_file_target, write_file_whole

COMMAND = "roi"
SUFFIXES = (*SEPARATORS, ".json")
COUNTS = ("n_vertices", "n_computed", "n_left_out")
SUMMARY = ("region", "hemisphere", *COUNTS, "mean", "rank")


def check_table_target(path: Path, inputs: Inputs) -> None:
    """Refuses, before any work, a file that could not be written.

    Raises   ConfigError for an unknown suffix, OutputError
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"--out {path}: expected a name that ends in {', '.join(SUFFIXES)}")
    check_file_target(path, COMMAND, inputs)


def write_regions(table: RegionTable, path: Path, *, summary: bool = False) -> None:
    """Writes time courses, or the summary, as .tsv or .csv; both as .json.

    Raises   OutputError
    """
    if path.suffix.lower() == ".json":
        text = json.dumps(as_record(table), allow_nan=False)
        write_file_whole(path, lambda partial: partial.write_text(text + "\n", encoding="utf-8"), COMMAND)
        return
    rows = summary_rows(table) if summary else time_rows(table)
    write_file_whole(path, lambda partial: write_rows(partial, rows, SEPARATORS[path.suffix.lower()]), COMMAND)


def time_rows(table: RegionTable) -> list[list[str]]:
    """The time courses as cells: names, then a row a TR; where there are several timelines, a row names its own."""
    timelines = table.series.timelines
    rows = [[*([] if timelines is None else ["timeline"]), "start", "bold_time", *table.names]]
    for row, (start, values) in enumerate(zip(table.starts.tolist(), table.values.tolist(), strict=True)):
        named = [] if timelines is None else [str(timelines[row])]
        times = [f"{start:.9g}", f"{start + table.hemodynamic_offset:.9g}"]
        rows.append(named + times + [_cell(value) for value in values])
    return rows


def summary_rows(table: RegionTable) -> list[list[str]]:
    """The summary as cells: names, then a row an entry."""
    entries = [[str(entry[name]) for name in SUMMARY[:-2]] + [_cell(entry["mean"]), _cell(entry["rank"])]
               for entry in _entries(table)]  # fmt: skip
    return [list(SUMMARY), *entries]


def as_record(table: RegionTable) -> dict[str, Any]:
    """Everything, for JSON."""
    series, parcels = table.series, table.parcellation
    return {
        "source": series.origin,
        **({"mesh": series.mesh} if isinstance(series, SurfaceSeries) else {"space": series.space.as_dict()}),
        **_selected(series),
        "parcellation": parcels.name,
        "parcellation_files": [file.as_dict() for file in parcels.files],
        "tr": _number(series.tr),
        "hemodynamic_offset": _number(series.hemodynamic_offset),
        "time": _meaning_of_starts(series),
        "units": str(series.run.get("units", "not stated")),
        "starts": [_number(start) for start in table.starts.tolist()],
        **({} if series.timelines is None else {"timelines": series.timelines.tolist()}),
        "n_ranked": table.n_ranked,
        "regions": [
            entry | {"values": [_number(value) for value in values]}
            for entry, values in zip(_entries(table), table.values.T.tolist(), strict=True)
        ],
        "warnings": list(table.warnings),
    }


def _selected(series: AnySeries) -> dict[str, Any]:
    """The columns of a selection, as run.json has them; null for all."""
    name, chosen = ("vertices", series.vertices) if isinstance(series, SurfaceSeries) else ("voxels", series.voxels)
    return {name: None if chosen is None else chosen.tolist()}


def _meaning_of_starts(series: AnySeries) -> str:
    if not series.run:
        return "starts are row numbers times tr; the source states no time axis"
    if series.run.get("time_axis") == "scan":  # what `project` wrote
        return "starts are seconds of the scan"
    return "starts are seconds of the stimulus; the BOLD of a row is that at its start + hemodynamic_offset seconds"


def _entries(table: RegionTable) -> list[dict[str, Any]]:
    counts = zip(*(getattr(table, name).tolist() for name in COUNTS), strict=True)
    columns = (table.regions, table.hemispheres, counts, table.means.tolist(), table.ranks.tolist())
    return [
        {"region": region, "hemisphere": side, **dict(zip(COUNTS, n, strict=True)), "mean": _number(mean),
         "rank": rank or None}
        for region, side, n, mean, rank in zip(*columns, strict=True)
    ]  # fmt: skip


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _cell(value: float | None) -> str:
    """Every digit that a number has; NaN, which pandas and R know, where it has none."""
    return "NaN" if value is None else repr(value).replace("nan", "NaN")
