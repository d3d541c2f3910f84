"""The table of events and the windows as those who listen see them, and what a run goes on with."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tribe_np.nn.stages import is_heard, open_stage
from tribe_np.timeline.events import Events
from tribe_np.timeline.segments import Window


def seen_events(table: Events, types: Mapping[str, str]) -> Events:
    """The table after start, duration and offset of each modality's rows were shown as MODALITY`.events`.

    types    the type of event that each modality describes
    Shapes   shown (n, 3) float64
    """
    if not is_heard():
        return table
    for modality, kind in types.items():
        rows = table.of_type(kind).rows
        if not rows:
            continue
        times = np.array([[row.start, row.duration, row.offset] for row in rows])
        seen = open_stage(modality).see("events", times)
        if seen is times:
            continue
        moved = [
            replace(row, start=start, duration=duration, offset=offset)
            for row, (start, duration, offset) in zip(rows, seen.tolist(), strict=True)
        ]
        table = Events([*(row for row in table if row.type != kind), *moved]).standardized()
    return table


def seen_windows(windows: Sequence[Window]) -> list[Window]:
    """The windows after each was shown: its `span` (start, duration) and which of its rows are kept.

    Shapes   shown `plan.NUMBER.span` (2,) float64, `plan.NUMBER.kept_rows` (n,) int64
    """
    if not is_heard():
        return list(windows)
    seen = []
    for number, window in enumerate(windows):
        ctx = open_stage(f"plan.{number}")
        start, duration = ctx.see("span", np.array([window.start, window.duration])).tolist()
        rows = ctx.see("kept_rows", np.array(window.kept_rows, np.int64)).tolist()
        seen.append(replace(window, start=start, duration=duration, kept_rows=tuple(rows)))
    return seen
