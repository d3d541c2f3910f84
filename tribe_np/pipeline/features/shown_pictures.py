"""Rows that show pictures, for models of film and of single pictures: what is on screen when, and what decides it.

All clips of a still are 64 equal frames: one is run and stands in every step. Its key holds no time, so that every
repetition, however long, is one entry.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from extractors.common.costs import Load
from tribe_np.media.pictures.kinds import is_picture
from tribe_np.media.pictures.screens import Screen
from tribe_np.media.pictures.shown_times import ShownTimes
from tribe_np.pipeline.features.modality import EventFeatures, EventKey, Piece
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.timeline.events import Event
from tribe_np.timeline.features import to_index


def is_still(row: Event) -> bool:
    """Whether a row shows one picture all the time."""
    return is_picture(row.filepath) and not Screen.of_row(row).delays


def screen_times(row: Event) -> ShownTimes:
    """When the pictures of a row are on screen; a row that does not say how long all of it lasts is the whole."""
    screen = Screen.of_row(row)
    return ShownTimes(screen.delays, screen.seconds or row.offset + row.duration)


def picture_frames(row: Event, chosen: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Video frames of a row's pictures by number, each once, in order.

    Shapes   chosen (n,) ascending -> n pairs of a number and (height, width, 3) uint8
    """
    wanted = set(chosen.tolist())
    for number, video_frame in enumerate(Screen.of_row(row).video_frames()):
        if number in wanted:
            yield number, video_frame


def picture_parts(row: Event, options: PipelineConfig) -> dict[str, Any]:
    """What decides the features of a picture row, for keys: its pixels, and of an animated one which of them when."""
    parts: dict[str, Any] = {
        "pixels": Screen.of_row(row).digest,
        "final_norm": options.video_final_norm,
        "n_video_frames": options.n_video_frames,
    }
    if is_still(row):
        return parts
    return parts | {"offset": row.offset, "duration": row.duration, "seconds": screen_times(row).seconds}


def spread_out(
    features: Mapping[EventKey, EventFeatures], piece: Piece, frequency: float
) -> dict[EventKey, EventFeatures]:
    """The features of a piece's rows, the one column of a still in every step of it."""
    (row,) = piece.rows
    if not is_still(row):
        return dict(features)
    n_steps = to_index(row.duration, frequency)
    return {key: replace(made, n_steps=n_steps, duration=n_steps / frequency) for key, made in features.items()}


def without_repeats(rows: Sequence[Event]) -> list[Event]:
    """The rows without those that show a still once more, which cost nothing."""
    found: dict[object, Event] = {}
    for number, row in enumerate(rows):
        found.setdefault(Screen.of_row(row) if is_still(row) else number, row)
    return list(found.values())


def most_pixels(rows: Sequence[Event]) -> tuple[int, int]:
    """(height, width) of the largest video frames; of films, which are not opened for it, an estimate's default."""
    sizes = [Screen.of_row(row).size[::-1] if is_picture(row.filepath) else Load.picture for row in rows]
    return max(sizes, key=lambda size: size[0] * size[1], default=Load.picture)
