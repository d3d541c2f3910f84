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

from tribe_np.atomic import passing_name, whole_file
from tribe_np.errors import OutputError
from tribe_np.timeline.events import Events
from tribe_np.timeline.segments import Segment

FILES = ("predictions.npy", "segments.json", "events.tsv", "run.json")
TRANSCRIPT = "transcript.json"  # only where a recogniser heard words
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
    transcript: str | None = None  # the text of transcript.json

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
        _write_array(partial / "predictions.npy", prediction.predictions)
        _write_json(partial / "segments.json", prediction.segment_rows())
        prediction.events.to_tsv(partial / "events.tsv")
        if prediction.transcript is not None:
            (partial / TRANSCRIPT).write_text(prediction.transcript, encoding="utf-8")
        _write_json(partial / "run.json", prediction.run)

    write_whole(Path(folder), fill, replaceable=is_prediction_folder)


def is_prediction_folder(folder: Path) -> bool:
    """Whether the folder holds a prediction's files and nothing else."""
    names = {p.name for p in folder.iterdir()}
    return names <= {*FILES, TRANSCRIPT} and {"predictions.npy", "run.json"} <= names


def write_whole(folder: Path, fill: Callable[[Path], None], *, replaceable: Callable[[Path], bool]) -> None:
    """Makes `folder` by filling a hidden one beside it and renaming: whoever looks sees all of it or nothing.

    Raises   OutputError as `write_prediction` does; `replaceable` says whether an existing folder may go
    """
    check_target(folder, replaceable)
    shown, folder = folder, real_path(folder)  # a link stays a link, and "." has a name
    partial, retired = passing_name(folder, "partial"), passing_name(folder, "old")
    try:
        partial.mkdir(parents=True)
        fill(partial)
        if folder.exists():
            folder.rename(retired)
        partial.rename(folder)
    except OSError as error:
        raise output_error(shown, error) from error
    finally:
        with suppress(OSError):  # stopped between the two renames; a name too long for the disk: nothing to bring back
            if retired.exists() and not folder.exists():
                retired.rename(folder)
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(retired, ignore_errors=True)


def check_target(folder: Path, replaceable: Callable[[Path], bool]) -> None:
    """Refuses, before any work is done, a target that could not be written.

    Raises   OutputError
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"--out {folder}: is a file, expected a folder")
        if folder.is_dir() and any(folder.iterdir()) and not replaceable(folder):
            raise OutputError(f"--out {folder}: the folder holds other files; choose a new or empty folder")
        _check_writable(folder)
    except OutputError:
        raise
    except OSError as error:
        raise output_error(folder, error) from error


def check_file_target(path: Path, replaceable: Callable[[Path], bool]) -> None:
    """`check_target` for one file: a file that is there already goes only if it is `replaceable`.

    Raises   OutputError
    """
    try:
        if path.is_dir():
            raise OutputError(f"--out {path}: is a folder, expected the name of a file")
        if path.exists() and not replaceable(path):
            raise OutputError(f"--out {path}: is there already and is no earlier result; choose another name")
        _check_writable(path)
    except OutputError:
        raise
    except OSError as error:
        raise output_error(path, error) from error


def _check_writable(path: Path) -> None:
    above = real_path(path).parent
    while not above.exists():
        above = above.parent
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise OutputError(f"--out {path}: {above} cannot be written")


def real_path(path: Path) -> Path:
    """The absolute path behind links; unlike Path.resolve it takes a loop of links as it is."""
    return Path(os.path.realpath(path))


def write_file_whole(path: Path, fill: Callable[[Path], None]) -> None:
    """Like `write_whole`, for one file.

    Raises   OutputError
    """
    shown, path = path, real_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial:
            fill(partial)
    except OSError as error:
        raise output_error(shown, error) from error


def output_error(path: Path, error: OSError) -> OutputError:
    """The one-line error for an OSError met while writing `path`; libraries give a full disk as text alone."""
    if error.errno in FULL or os.strerror(errno.ENOSPC) in str(error):
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


def _write_array(path: Path, array: np.ndarray) -> None:
    """np.save, whose own writing loses the reason when the disk is full."""
    array = np.ascontiguousarray(array)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        file.write(array.data)


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", errors="backslashreplace")  # half a surrogate pair becomes a JSON escape
