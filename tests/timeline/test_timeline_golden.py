"""Chunks, grids, windows and plans against what the real neuralset and tribev2 gave; no torch needed."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from tools.reference.timeline_cases import chunked, events_of, our_plan, table_rows
from tribe_np.errors import EventsError
from tribe_np.timeline.features import FeatureGrid, window_features
from tribe_np.timeline.segments import list_windows

GOLDEN = Path(__file__).parents[1] / "golden"
TIMELINE = json.loads((GOLDEN / "timeline.json").read_text())
PLANS = json.loads((GOLDEN / "timeline_plan.json").read_text())["cases"]


def test_words_fill_the_steps_that_neuralset_fills() -> None:
    assert len(TIMELINE["grid"]) > 200
    for start, width, begin, length, steps in TIMELINE["grid"]:
        word = FeatureGrid(np.ones(1, np.float32), 0.0, begin, length)
        filled = np.flatnonzero(window_features([word], start, width, 2.0, (1,))[0]).tolist()
        assert filled == steps, (start, width, begin, length)


@pytest.mark.parametrize("case", TIMELINE["tables"])
def test_tables_are_ordered_and_cut_as_by_neuralset(case: dict) -> None:
    assert table_rows(events_of(case["rows"]).standardized()) == case["standardized"]
    assert table_rows(chunked(case["rows"])) == case["chunked"]


def test_windows_start_where_neuralset_starts_them() -> None:
    for start, stop, stride, width, drop, starts in TIMELINE["windows"]:
        if starts is None:
            with pytest.raises(EventsError, match="shorter than a window"):
                list_windows(start, stop, stride=stride, width=width, drop_incomplete=drop)
        else:
            assert list_windows(start, stop, stride=stride, width=width, drop_incomplete=drop) == starts


@pytest.mark.parametrize("case", PLANS, ids=[case["name"] for case in PLANS])
def test_plans_keep_the_rows_and_sums_of_tribev2(case: dict) -> None:
    predictions, segments = our_plan(events_of(case["rows"]), *case["options"])
    assert [[s.start, s.timeline, s.n_events] for s in segments] == case["segments"]
    assert list(predictions.shape) == case["shape"]
    assert hashlib.sha256(np.ascontiguousarray(predictions).tobytes()).hexdigest() == case["sha256"]
