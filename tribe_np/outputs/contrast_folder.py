"""The folder of a contrast: maps in files of every format, tables, figures and contrast.json, whole or not at all.

Each format has a folder of its own. The .npy files hold the columns of the prediction in float64, as they are; the
others are those that `export` writes, one for each map.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tribe_np.formats.folder_kinds import CONTRAST_RECORD
from tribe_np.outputs.map_folder import MapFiles, MapFormats, write_map_folders
from tribe_np.outputs.whole import Inputs, check_outside, check_own_target

CONTRAST = "contrast"
LONGEST_NAME = 60


def check_contrast_target(folder: Path, inputs: Inputs, predictions: Sequence[str]) -> None:
    """Refuses, before any work, a folder that could not be written, that holds an input or lies in a prediction.

    Raises   OutputError
    """
    check_own_target(folder, CONTRAST, {**inputs, **{f"prediction {name}": Path(name) for name in predictions}})
    for name in predictions:
        check_outside(folder, Path(name))


def write_contrasts(folder: Path, made: Mapping[str, MapFiles], formats: MapFormats) -> list[str]:
    """Writes one contrast into the folder, or several into one folder each, named by their keys; what was odd.

    Raises   OutputError; ConfigError, ParcellationError, MissingDependencyError for a format that cannot be written
    """
    return write_map_folders(folder, made, formats, CONTRAST_RECORD, CONTRAST)


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
