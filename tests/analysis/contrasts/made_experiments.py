"""Experiments without a model: prediction folders with trials.tsv, on the smallest mesh."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.prediction_folders import write_folder

N = 2 * 642  # vertices of fsaverage3
RUN: dict[str, Any] = {
    "space": {"kind": "surface", "mesh": "fsaverage3", "n_outputs": N},
    "mesh": "fsaverage3",
    "checkpoint": {"path": "model", "sha256": "a" * 64},
    "models": {"video": {"sha256": "b" * 64}},
    "command": "experiment",
}
HEAD = "onset\tduration\ttrial_type\trun\tpair"


def write_experiment(
    folder: Path,
    values: np.ndarray,
    trials: Sequence[Sequence[object]],
    *,
    head: str = HEAD,
    starts: Sequence[float] | None = None,
    timelines: Sequence[str] | None = None,
    run: Mapping[str, Any] | None = None,
) -> Path:
    """The folder, its trials as cells in the order of `head`."""
    timelines = ["run-1"] * len(values) if timelines is None else timelines
    write_folder(folder, values, RUN | dict(run or {}), starts=starts, timelines=timelines)
    write_trials(folder / "trials.tsv", trials, head=head)
    return folder


def write_trials(path: Path, trials: Sequence[Sequence[object]], *, head: str = HEAD) -> Path:
    """A table."""
    lines = ["\t".join(map(str, trial)) for trial in trials]
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


def noise(n_rows: int, seed: int = 0) -> np.ndarray:
    """Rows that follow each other smoothly, as predictions do, (n, V) float32."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(n_rows, N))
    for row in range(1, n_rows):
        found[row] = 0.6 * found[row - 1] + 0.8 * found[row]
    return found.astype(np.float32)


def blocks(n: int = 6, *, duration: float = 2.0, step: float = 5.0) -> list[tuple[Any, ...]]:
    """Trials of a and b in turn, n each, with pairs of neighbours."""
    return [(2 + step * k, duration, "ab"[k % 2], "run-1", f"p{k // 2}") for k in range(2 * n)]


def with_effect(values: np.ndarray, columns: slice | np.ndarray) -> np.ndarray:
    """The rows, in place, with 3 more in some columns where trials of `blocks()` show a, 3 less where b."""
    for onset, _, condition, *_ in blocks():
        values[int(onset) : int(onset) + 2, columns] += 3 if condition == "a" else -3
    return values
