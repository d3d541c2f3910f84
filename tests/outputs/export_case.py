"""A small predictions folder on fsaverage3, whole or of some vertices, for the tests of `export`."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tribe_np.cortex.parcellation import NO_REGION, Parcellation

PER_SIDE = 642
N_ROWS = 4
CHOSEN = [3, 5, 641, 642, 700]  # of a selection: three left, two right
RUN = {
    "tribe_np": "0.0",
    "stimulus": {"path": "film.mp4", "sha256": "s" * 64},
    "checkpoint": {"path": "encoder", "sha256": "c" * 64},
    "tr": 1.0,
    "hemodynamic_offset": 5.0,
    "mesh": "fsaverage3",
    "units": "z-scored BOLD (no physical unit)",
    "warnings": ["the film is short"],
}


def predictions_folder(
    path: Path,
    *,
    starts: Sequence[float] = range(N_ROWS),
    vertices: Sequence[int] | None = None,
    tr: float = 1.0,
    timelines: Sequence[str] | None = None,
) -> Path:
    """A folder as predict writes it, with random values."""
    path.mkdir(parents=True)
    n_columns = 2 * PER_SIDE if vertices is None else len(vertices)
    values = np.random.default_rng(0).normal(size=(len(starts), n_columns)).astype(np.float32)
    np.save(path / "predictions.npy", values)
    names = timelines or ["a"] * len(starts)
    rows = [{"row": row, "start": s, "duration": tr, "timeline": names[row]} for row, s in enumerate(starts)]
    options = {"regions": [] if vertices is None else ["V1"], "vertices": vertices}
    (path / "segments.json").write_text(json.dumps(rows))
    (path / "events.tsv").write_text("type\tstart\n")
    (path / "run.json").write_text(json.dumps(RUN | {"tr": tr, "options": options}))
    return path


def values_of(folder: Path) -> np.ndarray:
    """What the folder predicts."""
    return np.load(folder / "predictions.npy")


def halves() -> Parcellation:
    """Regions front and back on both sides; 60 vertices a side have none."""
    side = np.repeat([NO_REGION, 0, 1], [60, 300, PER_SIDE - 360])
    return Parcellation("halves", ("front", "back"), np.tile(side, 2))
