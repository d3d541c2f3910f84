"""The folder of what each modality contributes: maps in files, a table, figures, modalities.json, whole or not at all.

Of two ways of taking a modality away each has a folder in it, so that their maps are never taken for each other.
"""

from collections.abc import Mapping
from pathlib import Path

from tribe_np.formats.folder_kinds import MODALITIES_RECORD
from tribe_np.outputs.map_folder import MapFiles, MapFormats, fill_map_folder
from tribe_np.outputs.whole import Inputs, check_outside, check_own_target, write_whole

MODALITIES = "modalities"


def check_modalities_target(folder: Path, inputs: Inputs) -> None:
    """Refuses, before any work, a folder that could not be written, that holds an input or lies in one.

    Raises   OutputError
    """
    check_own_target(folder, MODALITIES, inputs)
    for place in inputs.values():
        if place is not None and place.is_dir():
            check_outside(folder, place)


def write_modalities(folder: Path, made: Mapping[str, MapFiles], formats: MapFormats) -> list[str]:
    """Writes one way into the folder, or several into one folder each, named by their keys; what was odd.

    Raises   OutputError; ConfigError, ParcellationError, MissingDependencyError for a format that cannot be written
    """
    said: list[str] = []

    def fill(partial: Path) -> None:
        for name, files in made.items():
            below = partial if len(made) == 1 else partial / name
            below.mkdir(exist_ok=True)
            said.extend(fill_map_folder(below, files, formats, MODALITIES_RECORD))

    write_whole(folder, fill, MODALITIES)
    return list(dict.fromkeys(said))
