"""CSV: a row per TR, its time, and the mean of each region."""

import csv
from pathlib import Path

from tribe_np.cortex.region_series import RegionTable
from tribe_np.cortex.roi_tables import roi
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.outputs.export_formats import ExportFormat, ExportOptions
from tribe_np.outputs.export_names import content_name
from tribe_np.outputs.sidecars import vertex_facts, write_sidecar
from tribe_np.outputs.time_axis import row_times

TIME_COLUMN = {"stimulus": "start", "bold": "bold_time"}


def write_csv(series: SurfaceSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """The table with a column a region, and its sidecar."""
    table = roi(series, options.parcellation)
    options.warnings.extend(table.warnings)
    path = folder / f"{content_name(series)}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([TIME_COLUMN[options.times], *table.names])
        for time, row in zip(row_times(series, options.times), table.values, strict=True):
            writer.writerow([repr(float(time)), *map(repr, row.tolist())])
    facts = vertex_facts(series, full=False) | _regions(table, TIME_COLUMN[options.times])
    return [path, write_sidecar(path, series, options, facts)]


def _regions(table: RegionTable, column: str) -> dict[str, object]:
    parcels = table.parcellation
    return {
        "Columns": f"{column} is the time of the row; the others are means over the computed vertices of a region",
        "Parcellation": parcels.name,
        "ParcellationFiles": [{"path": str(file.path), "sha256": file.sha256} for file in parcels.files],
        "VerticesOfRegions": dict(zip(table.names, (table.n_computed - table.n_left_out).tolist(), strict=True)),
    }


CSV = ExportFormat("csv", None, write_csv, ("parcellation",), keeps_dtype=True, leaves_out=True)
