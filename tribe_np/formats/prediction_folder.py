"""The files of a prediction folder, or of one of measured data, as arrays and tables; `outputs` writes them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import OutputError
from tribe_np.files.npy_files import mapped_npy
from tribe_np.formats.folder_kinds import PREDICTIONS, what_it_holds

MEASURED = "bold.npy"
FILES = (PREDICTIONS, "segments.json", "events.tsv", "run.json")


def why_no_prediction(folder: Path) -> str | None:
    """What of a prediction is missing, or what the folder holds instead; None where all files are there."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if not missing:
        return None
    held = what_it_holds(folder) if missing[0] == PREDICTIONS else None
    return held or f"{missing[0]} is missing"


def read_prediction(folder: str | Path) -> tuple[np.ndarray, list[dict[str, Any]], dict[str, Any]]:
    """Predictions (R, V) as a memory map, the rows of segments.json, and run.json.

    Raises   OutputError when the folder is not a whole prediction folder
    """
    folder = Path(folder)
    lacking = why_no_prediction(folder)
    if lacking is not None:
        raise OutputError(f"{folder}: not a prediction folder: {lacking}")
    try:
        predictions = mapped_npy(folder / PREDICTIONS)
        segments = json.loads((folder / "segments.json").read_text(encoding="utf-8"))
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, EOFError) as error:
        raise OutputError(f"{folder}: cannot be read: {error}") from error
    if not isinstance(segments, list) or not isinstance(run, dict):
        raise OutputError(f"{folder}: segments.json must hold a list and run.json a mapping")
    if predictions.ndim != 2 or len(segments) != predictions.shape[0]:
        raise OutputError(f"{folder}: predictions {predictions.shape} and {len(segments)} segments do not match")
    return predictions, segments, run


def read_measured(folder: str | Path) -> tuple[np.ndarray, dict[str, Any]]:
    """Measured data (R, V) as a memory map, and run.json, of a folder that `project` wrote.

    Raises   OutputError when the folder is not a whole one
    """
    folder = Path(folder)
    if not (folder / "run.json").is_file():
        raise OutputError(f"{folder}: not a folder of measured data: run.json is missing")
    try:
        values = mapped_npy(folder / MEASURED)
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, EOFError) as error:
        raise OutputError(f"{folder}: cannot be read: {error}") from error
    if not isinstance(run, dict) or values.ndim != 2:
        raise OutputError(f"{folder}: run.json must hold a mapping, and {MEASURED} rows of vertices")
    return values, run


@dataclass(frozen=True, eq=False)
class RowFacts:
    """What segments.json and run.json say of the rows and columns of a prediction.

    Shapes   starts (R,); chosen (n,) the vertex or voxel of each column of a selection run, None where all were
             computed; timelines (R,) where there are several: each has times of its own
    Units    seconds
    """

    starts: np.ndarray
    tr: float
    hemodynamic_offset: float
    chosen: np.ndarray | None
    timelines: np.ndarray | None

    def is_chosen_of(self, n_columns: int, size: int) -> bool:
        """Whether a selection names one of `size` in ascending order for each of n_columns; True without one."""
        chosen = self.chosen
        if chosen is None:
            return True
        is_whole = chosen.shape == (n_columns,) and n_columns > 0
        return bool(is_whole and chosen[0] >= 0 and chosen[-1] < size and (np.diff(chosen) > 0).all())


def row_facts(segments: Sequence[Mapping[str, Any]], run: Mapping[str, Any], kind: str, folder: str | Path) -> RowFacts:
    """The times of the rows, and the `kind` ("vertices" or "voxels") of the columns.

    Raises   OutputError where segments.json or run.json is not as predict writes it
    """
    try:
        return RowFacts(
            _starts(segments), float(run["tr"]), float(run["hemodynamic_offset"]), _chosen(run, kind),
            _timelines(segments),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise OutputError(f"{folder}: run.json or segments.json is not as predict writes it: {error}") from error


def _starts(segments: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """When each row starts, (R,) in seconds.

    Raises   KeyError, TypeError, ValueError for rows without a time
    """
    starts = np.array([segment["start"] for segment in segments], float)
    if not np.isfinite(starts).all():
        row = int(np.flatnonzero(~np.isfinite(starts))[0])
        raise ValueError(f"row {row} starts at no time ({segments[row]['start']})")
    return starts


def _chosen(run: Mapping[str, Any], kind: str) -> np.ndarray | None:
    """The `kind` ("vertices" or "voxels") of a selection run, a number for each column; None where all were computed.

    Raises   TypeError, ValueError for what is no list of whole numbers
    """
    options = run.get("options")
    chosen = options.get(kind) if isinstance(options, Mapping) else None
    if chosen is None:
        return None
    if any(type(number) is not int for number in chosen):
        raise ValueError(f"the {kind} of options must be whole numbers")
    return np.array(chosen, np.int64)


def _timelines(segments: Sequence[Mapping[str, Any]]) -> np.ndarray | None:
    """The timeline of each row, (R,), where there are several: each has times of its own. None for one, or none."""
    names = [str(segment.get("timeline")) if isinstance(segment, Mapping) else "" for segment in segments]
    return np.array(names) if len(set(names)) > 1 else None
