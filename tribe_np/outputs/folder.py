"""The prediction folder: predictions.npy, segments.json, events.tsv and run.json, whole or not at all."""

import errno
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import OutputError
from tribe_np.timeline.events import Events
from tribe_np.timeline.segments import Segment

FILES = ("predictions.npy", "segments.json", "events.tsv", "run.json")


@dataclass(frozen=True, eq=False)
class Prediction:
    """Predicted activity with its time axis.

    `predictions` (R, V) float32 is z-scored BOLD without a physical unit; row r describes the stimulus interval of
    segments[r], and BOLD `hemodynamic_offset` seconds later.
    """

    predictions: np.ndarray
    segments: tuple[Segment, ...]
    events: Events
    run: Mapping[str, Any] = field(default_factory=dict)

    def segment_rows(self) -> list[dict[str, Any]]:
        """One mapping per row, as segments.json holds them."""
        return [
            {"row": row, "start": s.start, "duration": s.duration, "timeline": s.timeline, "n_events": len(s.events)}
            for row, s in enumerate(self.segments)
        ]


def write_prediction(folder: str | Path, prediction: Prediction) -> None:
    """Writes the folder; an earlier prediction folder of that name is replaced, anything else is left alone.

    Raises   OutputError when the target is something else, the disk is full or the place is not writable
    """

    def fill(partial: Path) -> None:
        np.save(partial / "predictions.npy", prediction.predictions)
        _write_json(partial / "segments.json", prediction.segment_rows())
        prediction.events.to_tsv(partial / "events.tsv")
        _write_json(partial / "run.json", prediction.run)

    write_whole(Path(folder), fill, replaceable=is_prediction_folder)


def is_prediction_folder(folder: Path) -> bool:
    """Whether the folder holds a prediction's files and nothing else."""
    names = {p.name for p in folder.iterdir()}
    return names <= set(FILES) and {"predictions.npy", "run.json"} <= names


def write_whole(folder: Path, fill: Callable[[Path], None], *, replaceable: Callable[[Path], bool]) -> None:
    """Makes `folder` by filling a hidden one beside it and renaming: whoever looks sees all of it or nothing.

    Raises   OutputError as `write_prediction` does; `replaceable` says whether an existing folder may go
    """
    check_target(folder, replaceable)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    retired = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    try:
        partial.mkdir(parents=True)
        fill(partial)
        if folder.exists():
            folder.rename(retired)
        partial.rename(folder)
    except OSError as error:
        if retired.exists() and not folder.exists():
            retired.rename(folder)
        raise output_error(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(retired, ignore_errors=True)


def check_target(folder: Path, replaceable: Callable[[Path], bool]) -> None:
    """Refuses, before any work is done, a target that could not be written.

    Raises   OutputError
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"--out {folder}: is a file, expected a folder")
    if folder.is_dir() and any(folder.iterdir()) and not replaceable(folder):
        raise OutputError(f"--out {folder}: the folder holds other files; choose a new or empty folder")
    above = folder.absolute().parent
    while not above.exists():
        above = above.parent
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise OutputError(f"--out {folder}: {above} cannot be written")


def write_file_whole(path: Path, fill: Callable[[Path], None]) -> None:
    """Like `write_whole`, for one file.

    Raises   OutputError
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fill(partial)
        partial.replace(path)
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def output_error(path: Path, error: OSError) -> OutputError:
    """The one-line error for an OSError met while writing `path`."""
    if error.errno == errno.ENOSPC:
        return OutputError(f"{path}: the disk is full; nothing was written there")
    return OutputError(f"{path}: cannot be written: {error.strerror or error}")


def read_prediction(folder: str | Path) -> tuple[np.ndarray, list[dict[str, Any]], dict[str, Any]]:
    """Predictions (R, V) as a memory map, the rows of segments.json, and run.json.

    Raises   OutputError when the folder is not a whole prediction folder
    """
    folder = Path(folder)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise OutputError(f"{folder}: not a prediction folder: {missing[0]} is missing")
    try:
        predictions = np.load(folder / "predictions.npy", mmap_mode="r", allow_pickle=False)
        segments = json.loads((folder / "segments.json").read_text(encoding="utf-8"))
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(f"{folder}: cannot be read: {error}") from error
    if predictions.ndim != 2 or len(segments) != predictions.shape[0]:
        raise OutputError(f"{folder}: predictions {predictions.shape} and {len(segments)} segments do not fit together")
    return predictions, segments, run


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
