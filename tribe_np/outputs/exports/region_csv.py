"""CSV: the table of `roi`, a row a TR and a column a region, with the sidecar of an export."""

from pathlib import Path

from tribe_np.cortex.regions.region_series import RegionTable
from tribe_np.cortex.regions.roi_tables import roi
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.outputs.cell_tables import SEPARATORS, write_rows
from tribe_np.outputs.exports.export_formats import ExportFormat, ExportOptions
from tribe_np.outputs.exports.export_names import content_name
from tribe_np.outputs.exports.sidecars import vertex_facts, write_sidecar
from tribe_np.outputs.region_files import time_rows


def write_csv(series: SurfaceSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """The table, with the times of the stimulus and of the BOLD whatever `times` says, and its sidecar."""
    table = roi(series, options.parcellation)
    options.warnings.extend(table.warnings)
    path = folder / f"{content_name(series)}.csv"
    write_rows(path, time_rows(table), SEPARATORS[".csv"])
    return [path, write_sidecar(path, series, options, vertex_facts(series, full=False) | _regions(table))]


def _regions(table: RegionTable) -> dict[str, object]:
    parcels = table.parcellation
    return {
        "Columns": "start: where a row begins, in seconds of the stimulus, or of the scan where TimeAxis is scan; "
        "bold_time: start + HemodynamicOffset; the others: means over the computed vertices of a region",
        "Parcellation": parcels.name,
        "ParcellationFiles": [file.as_dict() for file in parcels.files],
        "VerticesOfRegions": dict(zip(table.names, (table.n_computed - table.n_left_out).tolist(), strict=True)),
    }


CSV = ExportFormat("csv", None, write_csv, ("parcellation",), keeps_dtype=True, leaves_out=True)
