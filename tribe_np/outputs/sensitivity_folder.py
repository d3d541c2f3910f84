"""The folder of what regions listen to: tables, curves.npz, maps where regions cover the cortex, sensitivity.json."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tribe_np.formats.folder_kinds import SENSITIVITY_RECORD
from tribe_np.outputs.map_folder import MapFiles, MapFormats, check_map_target, fill_map_folder
from tribe_np.outputs.whole import Inputs, write_whole

SENSITIVITY = "sensitivity"
CURVES = "curves.npz"


def check_sensitivity_target(folder: Path, inputs: Inputs) -> None:
    """Refuses, before any work, a folder that could not be written, that holds an input or lies in one.

    Raises   OutputError
    """
    check_map_target(folder, SENSITIVITY, inputs)


def write_sensitivity(
    folder: Path, files: MapFiles, curves: Mapping[str, np.ndarray], formats: MapFormats
) -> list[str]:
    """Writes the folder; an earlier one of `sensitivity` is replaced if it is as it was written. What was odd.

    Raises   OutputError; ConfigError, ParcellationError, MissingDependencyError for a format that cannot be written
    """
    said: list[str] = []

    def fill(partial: Path) -> None:
        with (partial / CURVES).open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **curves)
        said.extend(fill_map_folder(partial, files, formats, SENSITIVITY_RECORD))

    write_whole(folder, fill, SENSITIVITY)
    return list(dict.fromkeys(said))
