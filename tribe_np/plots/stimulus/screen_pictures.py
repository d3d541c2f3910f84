"""What was on screen while a picture of an experiment was shown: on its ground, or beside another; or one colour."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from tribe_np.media.pictures.kinds import GROUNDS, NO_GROUND, is_screen, screen_colour
from tribe_np.media.pictures.screens import Screen
from tribe_np.media.pictures.shown_times import ShownTimes
from tribe_np.optional import require
from tribe_np.plots.stimulus.picture_reading import Colour, fitted_size, in_the_middle


def screen_pictures(
    screen: Screen, moments: Sequence[float], width: int, height: int, fill: Colour
) -> Iterator[np.ndarray]:
    """The picture on screen at each moment; `fill` lies around one without a ground.

    Shapes   moments rising, seconds since the picture appeared -> arrays (height, width, 3) uint8
    Raises   MediaError for a picture that cannot be decoded; MissingDependencyError without Pillow
    """
    around = GROUNDS[screen_colour(screen.filepath)] if is_screen(screen.filepath) else screen.ground
    if is_screen(screen.filepath):
        blank = np.full((height, width, 3), around, np.uint8)
        yield from (blank for _ in moments)
        return
    around = fill if screen.background == NO_GROUND else around
    seconds = screen.seconds or max(moments, default=0.0) + 1.0  # a row that does not say is shown as long as asked
    numbers = ShownTimes(screen.delays, seconds).seen(moments).tolist()
    reading, at, seen = screen.video_frames(), -1, np.empty(0)
    for number, together in groupby(numbers):
        if number < at:  # it begins again
            reading, at = screen.video_frames(), -1
        while at < number:
            seen, at = next(reading), at + 1
        shown = in_the_middle(_scaled(seen, width, height), width, height, around)
        yield from (shown for _ in together)


def _scaled(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    pillow: Any = require("PIL.Image", extra="plot", why="a picture as a stimulus")
    size = fitted_size((picture.shape[1], picture.shape[0]), width, height)
    return np.asarray(pillow.fromarray(picture).resize(size, resample=3))  # bicubic
