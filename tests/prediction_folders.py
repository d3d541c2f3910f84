"""Prediction folders as predict writes them, without a model."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def write_folder(
    folder: Path,
    values: np.ndarray,
    run: Mapping[str, Any],
    *,
    starts: Sequence[float] | None = None,
    timelines: Sequence[str] | None = None,
) -> Path:
    """The values (R, n), their rows a TR after another, and run.json with `run` in it."""
    folder.mkdir(parents=True)
    np.save(folder / "predictions.npy", np.asarray(values, np.float32))
    tr = run.get("tr", 1.0)
    starts = [row * tr for row in range(len(values))] if starts is None else starts
    timelines = ["t"] * len(values) if timelines is None else timelines
    rows = [
        {"row": row, "start": start, "duration": tr, "timeline": timeline, "n_events": 1}
        for row, (start, timeline) in enumerate(zip(starts, timelines, strict=True))
    ]
    (folder / "segments.json").write_text(json.dumps(rows))
    (folder / "events.tsv").write_text("type\tstart\n")
    (folder / "run.json").write_text(json.dumps({"tr": tr, "hemodynamic_offset": 5.0, **run}))
    return folder
