"""The bench of selections: turns, medians and ratios, on processes that are made up."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tools.bench import selection


def test_processes_take_turns_and_columns_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.random.default_rng(0).standard_normal((1, 40, 3)).astype(np.float32)
    columns, asked = np.array([0, 7, 39]), []

    def started(python: str, side: str, job: dict[str, Any], threads: int) -> dict[str, Any]:
        chosen = job["options"]["columns"]
        asked.append(chosen is None)
        if job["save"]:
            np.save(job["save"], whole if chosen is None else whole[:, chosen])
        seconds = [4.0, 4.0, 9.0] if chosen is None else [3.0, 3.0, 1.0]
        return {"seconds": seconds, "loading": 2.0 if chosen is None else 1.0, "peak": 800 if chosen is None else 600}

    monkeypatch.setattr(selection, "start", started)
    found = selection.measure(tmp_path, columns, threads=2, rounds=2, kept=tmp_path)
    assert asked == [True, False, True, False]
    assert found["ratios"] == {"seconds": 0.75, "loading": 0.5, "peak_bytes": 0.75}
    assert found["difference"] == {"largest": 0.0, "rms": 0.0}
    assert selection.spread(523)[[0, -1]].tolist() == [0, 20483]
