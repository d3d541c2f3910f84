"""The folder of a comparison: tables, pictures and comparison.json, whole or not at all."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tribe_np.formats.folder_kinds import COMPARISON_RECORD
from tribe_np.formats.prediction_folder import FILES
from tribe_np.outputs.cell_tables import SEPARATORS, write_rows
from tribe_np.outputs.folder import write_json_file
from tribe_np.outputs.whole import Inputs, check_outside, check_own_target, write_whole

COMPARE = "compare"


def check_comparison_target(folder: Path, inputs: Inputs) -> None:
    """Refuses, before any work, a folder that could not be written, that holds an input or lies in a prediction.

    Raises   OutputError
    """
    check_own_target(folder, COMPARE, inputs)
    for place in inputs.values():
        if place is not None and (place / FILES[0]).is_file():
            check_outside(folder, place)


def write_comparison(
    folder: Path, tables: Mapping[str, Iterable[list[str]]], pictures: Mapping[str, bytes], record: Mapping[str, Any]
) -> None:
    """Writes the folder; an earlier one of `compare` is replaced if it is as it was written.

    Raises   OutputError when the target is something else, the disk is full or the place is not writable
    """

    def fill(partial: Path) -> None:
        for name, rows in tables.items():
            write_rows(partial / name, rows, SEPARATORS[Path(name).suffix])
        for name, picture in pictures.items():
            (partial / name).write_bytes(picture)
        write_json_file(partial / COMPARISON_RECORD, record)

    write_whole(folder, fill, COMPARE)
