"""Pictures of a stimulus in the size that a figure or film wants: of films by ffmpeg, turned and with square pixels as
the features were made, and of picture files.

A picture keeps its shape: it is put in the middle of the size that is asked for, and the rest has one colour.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import MediaError, reason_of
from tribe_np.media.film.probe import MediaInfo, probe
from tribe_np.media.film.timed_frames import on_screen
from tribe_np.media.film.video import OURS
from tribe_np.media.pictures.screens import Screen
from tribe_np.media.pictures.shown_times import ShownTimes
from tribe_np.optional import require

FAR = 6.0  # seconds between two moments from which a seek is quicker than reading on
Colour = tuple[int, int, int]
BLACK: Colour = (0, 0, 0)


def fitted_size(size: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """The largest (width, height) of the shape of `size` that fits, each at least 1.

    >>> fitted_size((1920, 1080), 320, 320)
    (320, 180)
    """
    scale = min(width / size[0], height / size[1])
    return max(1, min(width, round(size[0] * scale))), max(1, min(height, round(size[1] * scale)))


def in_the_middle(picture: np.ndarray, width: int, height: int, fill: Colour = BLACK) -> np.ndarray:
    """The picture in the middle of a ground.

    Shapes   picture (h, w, 3) uint8, no larger -> (height, width, 3) uint8
    """
    ground = np.empty((height, width, 3), np.uint8)
    ground[:] = fill
    top, left = (height - picture.shape[0]) // 2, (width - picture.shape[1]) // 2
    ground[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return ground


def film_size(path: Path) -> tuple[int, int]:
    """(width, height) of a film as it is seen.

    Raises   MediaError for what is no film that can be read, or has no pictures; MissingDependencyError without ffmpeg
    """
    info = probe(path)
    if not info.has_video:
        raise MediaError(f"{path}: has sound but no pictures")
    return info.seen_size


def film_pictures(path: Path, moments: Sequence[float], width: int, height: int) -> Iterator[np.ndarray]:
    """The picture on screen at each moment of a film, no larger than asked for; moments are seconds of the file.

    Shapes   moments rising -> arrays (h, w, 3) uint8 of one size
    Raises   MediaError
    """
    info = _in_size(probe(path), width, height)
    for stretch in stretches(moments):
        with closing(on_screen(info, np.asarray(stretch, float), OURS)) as shown:
            yield from shown


def stretches(moments: Sequence[float]) -> list[list[float]]:
    """Rising moments in stretches that are read in one go each.

    >>> stretches([0.0, 1.0, 60.0, 61.0])
    [[0.0, 1.0], [60.0, 61.0]]
    """
    parts = [[moments[0]]] if len(moments) else []
    for before, after in pairwise(moments):
        if after - before > FAR:
            parts.append([])
        parts[-1].append(after)
    return parts


def _in_size(info: MediaInfo, width: int, height: int) -> MediaInfo:
    """The film as one whose pictures have the size that fits: ffmpeg scales while it decodes."""
    fitted = fitted_size(info.seen_size, width, height)
    is_turned = info.displayed_size != (info.width, info.height)
    coded = fitted[::-1] if is_turned else fitted
    return replace(info, width=coded[0], height=coded[1], pixel_aspect=1.0)


def picture_of_file(path: Path, width: int, height: int, fill: Colour = BLACK) -> np.ndarray:
    """A picture file, turned as its camera says, no larger than asked for; `fill` shows where it is transparent.

    Shapes   -> (h, w, 3) uint8
    Raises   MediaError for what is no picture; MissingDependencyError without Pillow
    """
    with _opened_picture(path) as picture:
        pillow: Any = require("PIL.ImageOps", extra="plot", why="a picture as a stimulus")
        try:
            upright = pillow.exif_transpose(picture).convert("RGBA")
            small = upright.resize(fitted_size(upright.size, width, height), resample=3)  # bicubic
        except Exception as error:  # a damaged picture raises whatever its decoder does
            raise MediaError(f"{path}: cannot be decoded: {reason_of(error)}") from error
        values = np.asarray(small, np.float32)
    alpha = values[..., 3:] / 255
    return np.asarray(np.rint(values[..., :3] * alpha + np.array(fill, np.float32) * (1 - alpha)), np.uint8)


def screen_pictures(screen: Screen, moments: Sequence[float], width: int, height: int) -> Iterator[np.ndarray]:
    """What a picture row has on screen at each of its moments, its ground included, no larger than asked for.

    Shapes   moments (n,) seconds of the picture's own clock -> arrays (h, w, 3) uint8 of one size
    Raises   MediaError, MissingDependencyError
    """
    times = ShownTimes(screen.delays, screen.seconds or max(moments, default=0.0) + 1.0)
    numbers = [times.at(moment) for moment in moments]
    pillow: Any = require("PIL.Image", extra="media", why="a picture as a stimulus")
    size, wanted, small = fitted_size(screen.size, width, height), set(numbers), {}
    for number, video_frame in enumerate(screen.video_frames()):
        if number in wanted:
            small[number] = np.asarray(pillow.fromarray(video_frame).resize(size, resample=3))  # bicubic
    for number in numbers:
        yield small[number]


def written_still(screen: Screen, path: Path) -> Path:
    """The one video frame of a still or a blank screen as a PNG file."""
    pillow: Any = require("PIL.Image", extra="media", why="a picture as a stimulus")
    pillow.fromarray(next(screen.video_frames())).save(path)
    return path


def picture_file_size(path: Path) -> tuple[int, int]:
    """(width, height) of a picture file as it is seen.

    Raises   MediaError for what is no picture; MissingDependencyError without Pillow
    """
    with _opened_picture(path) as picture:
        turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)  # Exif's orientation: a quarter turn
        width, height = picture.size
        return (height, width) if turned else (width, height)


def _opened_picture(path: Path) -> Any:
    pillow: Any = require("PIL.Image", extra="plot", why="a picture as a stimulus")
    try:
        return pillow.open(path)
    except Exception as error:  # OSError, and for pictures of a monstrous size an error of its own
        raise MediaError(f"{path}: not a picture that can be read: {reason_of(error)}") from error
