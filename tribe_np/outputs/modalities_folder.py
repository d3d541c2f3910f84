"""The folder of what each modality contributes: maps in files, a table, figures, modalities.json, whole or not at all.

Of two ways of taking a modality away each has a folder in it, so that their maps are never taken for each other.
"""

from collections.abc import Mapping
from pathlib import Path

from tribe_np.formats.folder_kinds import MODALITIES_RECORD
from tribe_np.outputs.map_folder import MapFiles, MapFormats, check_map_target, write_map_folders
from tribe_np.outputs.whole import Inputs

MODALITIES = "modalities"


def check_modalities_target(folder: Path, inputs: Inputs) -> None:
    """Refuses, before any work, a folder that could not be written, that holds an input or lies in one.

    Raises   OutputError
    """
    check_map_target(folder, MODALITIES, inputs)


def write_modalities(folder: Path, made: Mapping[str, MapFiles], formats: MapFormats) -> list[str]:
    """Writes one way into the folder, or several into one folder each, named by their keys; what was odd.

    Raises   OutputError; ConfigError, ParcellationError, MissingDependencyError for a format that cannot be written
    """
    return write_map_folders(folder, made, formats, MODALITIES_RECORD, MODALITIES)
