"""The folder of measured data on the cortex: bold.npy and run.json, whole or not at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tribe_np.cortex.measured.projection import Projection
from tribe_np.formats.prediction_folder import MEASURED
from tribe_np.outputs.folder import write_array_file, write_json_file
from tribe_np.outputs.whole import write_whole

PROJECT = "project"


def measured_run(projection: Projection) -> dict[str, Any]:
    """What run.json says of a projection, as far as the projection knows it.

    Rows are `tr` seconds apart from `start` on, on `time_axis`: of the scan, or of the stimulus, of which they show the
    BOLD `hemodynamic_offset` seconds later.
    """
    return {
        "kind": "measured",
        "time_axis": projection.time_axis,
        "start": float(projection.starts[0]),
        "tr": projection.tr,
        "hemodynamic_offset": projection.hemodynamic_offset,
        **projection.facts,
        "warnings": list(projection.warnings),
    }


def write_measured(folder: str | Path, projection: Projection, more: Mapping[str, Any] | None = None) -> None:
    """Writes the folder; an earlier one of `project` is replaced if it is as it was written. `more` joins run.json.

    Raises   OutputError when the target is something else, the disk is full or the place is not writable
    """

    def fill(partial: Path) -> None:
        write_array_file(partial / MEASURED, projection.values)
        write_json_file(partial / "run.json", {**measured_run(projection), **(more or {})})

    write_whole(Path(folder), fill, PROJECT)
