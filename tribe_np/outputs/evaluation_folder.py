"""The folder of an evaluation: maps, tables, figures and evaluation.json, whole or not at all."""

from collections.abc import Sequence
from pathlib import Path

from tribe_np.formats.folder_kinds import EVALUATION_RECORD
from tribe_np.formats.prediction_folder import FILES, MEASURED
from tribe_np.outputs.map_folder import MapFiles, MapFormats, write_map_folders
from tribe_np.outputs.whole import Inputs, check_outside, check_own_target

EVALUATE = "evaluate"


def check_evaluation_target(folder: Path, inputs: Inputs) -> None:
    """Refuses, before any work, a folder that could not be written, that holds an input or lies in one.

    Raises   OutputError
    """
    check_own_target(folder, EVALUATE, inputs)
    for place in inputs.values():
        if place is not None and any((place / name).is_file() for name in (FILES[0], MEASURED)):
            check_outside(folder, place)


def check_apart_from_truth(folder: Path, files: Sequence[Path]) -> None:
    """Refuses a folder that holds a file which a table of truth names.

    Raises   OutputError
    """
    check_own_target(folder, EVALUATE, {f"truth {path.name}": path for path in files})


def write_evaluation(folder: Path, files: MapFiles, formats: MapFormats) -> list[str]:
    """Writes the folder, and tells what was odd; an earlier one of `evaluate` is replaced if it is as it was written.

    Raises   OutputError; ConfigError, ParcellationError, MissingDependencyError for a format that cannot be written
    """
    return write_map_folders(folder, {EVALUATE: files}, formats, EVALUATION_RECORD, EVALUATE)
