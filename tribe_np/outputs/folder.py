"""The prediction folder: predictions.npy, segments.json, events.tsv and run.json, whole or not at all.

That of an experiment holds trials.tsv too.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.outputs.whole import write_whole
from tribe_np.timeline.events import Events
from tribe_np.timeline.segments import Segment
from tribe_np.timeline.trials import TRIALS, Trials

TRANSCRIPT = "transcript.json"  # only where a recogniser heard words
COMMAND = "predict"


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
    trials: Trials | None = None  # of an experiment

    def segment_rows(self) -> list[dict[str, Any]]:
        """One mapping per row, as segments.json holds them."""
        return [
            {"row": row, "start": s.start, "duration": s.duration, "timeline": s.timeline, "n_events": len(s.events)}
            for row, s in enumerate(self.segments)
        ]


def write_prediction(folder: str | Path, prediction: Prediction, command: str = COMMAND) -> None:
    """Writes the folder as the result of `command`; an earlier one there is replaced if it is as it was written.

    Raises   OutputError when the target is something else, the disk is full or the place is not writable
    """

    def fill(partial: Path) -> None:
        write_array_file(partial / "predictions.npy", prediction.predictions)
        write_json_file(partial / "segments.json", prediction.segment_rows())
        prediction.events.to_tsv(partial / "events.tsv")
        if prediction.transcript is not None:
            (partial / TRANSCRIPT).write_text(prediction.transcript, encoding="utf-8")
        if prediction.trials is not None:
            prediction.trials.to_tsv(partial / TRIALS)
        write_json_file(partial / "run.json", prediction.run)

    write_whole(Path(folder), fill, command)


def write_array_file(path: Path, array: np.ndarray) -> None:
    """np.save, whose own writing loses the reason when the disk is full."""
    array = np.ascontiguousarray(array)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        file.write(array.data)


def write_json_file(path: Path, value: Any) -> None:
    """A value as indented JSON."""
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", errors="backslashreplace")  # half a surrogate pair becomes a JSON escape
