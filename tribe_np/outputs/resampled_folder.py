"""A prediction folder on another mesh: what `cortex.resample` made, with everything else of the folder it came from."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np import __version__
from tribe_np.cortex.meshes.resampling import Resampled
from tribe_np.cortex.output_space import OutputSpace
from tribe_np.errors import OutputError
from tribe_np.files.sha256 import sha256_of
from tribe_np.formats.prediction_folder import MEASURED, read_measured, read_prediction
from tribe_np.outputs.folder import TRANSCRIPT, write_array_file, write_json_file
from tribe_np.outputs.whole import check_own_target, write_whole
from tribe_np.timeline.trials import TRIALS

RESAMPLE = "resample"
KEPT = ("segments.json", "events.tsv", TRIALS, TRANSCRIPT)


def check_resample_target(folder: str | Path, source: str | Path) -> None:
    """Refuses a folder that could not be written, or that holds the predictions, before any work.

    Raises   OutputError
    """
    check_own_target(Path(folder), RESAMPLE, {"predictions": Path(source)})


def write_resampled(folder: str | Path, made: Resampled, source: str | Path) -> dict[str, Any]:
    """Writes a whole folder, of predictions or measured data as `source` is, and gives its run.json.

    run.json is the source's with the mesh, the shape, the vertices of a selection, and `resampled`: how it was made.
    Raises   OutputError when the target is something else, the disk is full or the place is not writable
    """
    source = Path(source)
    is_measured = (source / MEASURED).is_file()
    before = read_measured(source)[1] if is_measured else read_prediction(source)[2]
    name_of_values = MEASURED if is_measured else "predictions.npy"
    run = _run(before, made, source / name_of_values)

    def fill(partial: Path) -> None:
        write_array_file(partial / name_of_values, np.asarray(made.values, np.float32))
        for name in KEPT:
            if (source / name).is_file():
                shutil.copyfile(source / name, partial / name)
        write_json_file(partial / "run.json", run)

    write_whole(Path(folder), fill, RESAMPLE)
    return run


def _run(before: Mapping[str, Any], made: Resampled, values: Path) -> dict[str, Any]:
    series = made.series
    options = before.get("options")
    vertices = None if series.vertices is None else [int(vertex) for vertex in series.vertices]
    record = {
        **made.record,
        "source": {"path": str(values.parent.absolute()), "sha256": sha256_of(values, error=OutputError)},
        "tribe_np": __version__,
        "warnings": list(made.warnings),
    }
    if "resampled" in before:
        record["before"] = before["resampled"]
    kept = {key: value for key, value in before.items() if key != "numbering"}
    numbering = {} if series.numbering is None else {"numbering": series.numbering}
    warnings = before.get("warnings")
    return {
        **kept,
        "options": {**(options if isinstance(options, Mapping) else {}), "vertices": vertices},
        "space": OutputSpace("surface", 2 * series.per_hemisphere, series.mesh).as_dict(),
        "mesh": series.mesh,
        **numbering,
        "shape": list(made.values.shape),
        "warnings": [*(warnings if isinstance(warnings, list) else []), *made.warnings],
        "resampled": record,
        "summary": f"{before.get('summary', 'predictions')}; resampled from {record['from']} to {record['to']}",
    }
