"""What a picture row shows: one picture, or two side by side, on a ground; or a blank screen. Made in memory.

The ground is square, as what the models see is. A picture is not scaled: it lies in the middle of a ground so large
that all of it is inside the centre that the models keep (256 of 292 pixels of V-JEPA 2, 224 of 256 of DINOv2, that is
7 of 8). On the background "none" it is what a film's picture is, and its edges are cut as a film's are.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import MediaError
from tribe_np.media.pictures.kinds import (
    GROUNDS,
    NO_GROUND,
    USUAL_GROUND,
    checked_background,
    is_picture,
    is_screen,
    screen_colour,
)
from tribe_np.media.pictures.reading import PictureFile, picture_file
from tribe_np.optional import require
from tribe_np.timeline.events import Event

KEPT, OF = 7, 8
"""The share of a ground's side that the models keep."""
SCREEN_SIDE = 256  # pixels of a blank screen
GAP_SHARE = 24  # two pictures side by side lie a 24th of their height apart


@dataclass(frozen=True)
class Screen:
    """What is on screen while a row is shown.

    `filepath` is a picture file or a blank screen, `beside` a picture to the right of it, or "". `seconds` is how long
    an animated picture is shown in all, 0 where a row does not say: chunks of it are rows of their own.
    Raises   ConfigError for a background that is not known
    """

    filepath: str
    background: str = USUAL_GROUND
    beside: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        checked_background(self.background)

    @classmethod
    def of_row(cls, row: Event) -> "Screen":
        """The screen of a row for which `is_picture` holds, by its extra columns."""
        told = row.extra
        seconds = told.get("seconds")
        return cls(
            row.filepath, str(told.get("background") or USUAL_GROUND), str(told.get("beside") or ""),
            float(seconds) if isinstance(seconds, (int, float)) else 0.0,
        )  # fmt: skip

    @cached_property
    def files(self) -> tuple[PictureFile, ...]:
        """The picture files; none of a blank screen.

        Raises   MediaError for what cannot be shown; MissingDependencyError without Pillow
        """
        if is_screen(self.filepath):
            screen_colour(self.filepath)
            return ()
        paths = [self.filepath, *([self.beside] if self.beside else [])]
        for path in paths:
            if not is_picture(path) or is_screen(path):
                raise MediaError(f"{path}: not a picture, which alone can be shown beside another")
        found = tuple(picture_file(path) for path in paths)
        if all(file.is_animated for file in found[:2]) and len(found) > 1:
            raise MediaError(
                f"{self.filepath} and {self.beside} are both animated: of two pictures side by side one may be; make "
                "one film of them (.mp4)"
            )
        return found

    @property
    def delays(self) -> tuple[float, ...]:
        """Seconds for which each picture of an animated file is shown; none of a still."""
        return next((file.delays for file in self.files if file.is_animated), ())

    @property
    def ground(self) -> tuple[int, int, int]:
        """The colour around the pictures and behind what is transparent in them: grey where none is asked for."""
        return GROUNDS.get(self.background, GROUNDS[USUAL_GROUND])

    @property
    def seen_size(self) -> tuple[int, int]:
        """(width, height) of the picture, or of two with the gap between them."""
        if not self.files:
            return SCREEN_SIDE, SCREEN_SIDE
        height = min(file.size[1] for file in self.files)
        widths = [_width(file.size, height) for file in self.files]
        return sum(widths) + (gap(height) if len(widths) > 1 else 0), height

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the video frames."""
        if not self.files or self.background == NO_GROUND:
            return self.seen_size
        side = ground_side(self.seen_size)
        return side, side

    def video_frames(self) -> Iterator[np.ndarray]:
        """The video frames: one of a still, or each of an animated file once.

        Shapes   -> arrays (height, width, 3) uint8, read-only
        Raises   MediaError, MissingDependencyError
        """
        if not self.files:
            colour = GROUNDS[screen_colour(self.filepath)]
            yield _frozen(np.full((SCREEN_SIDE, SCREEN_SIDE, 3), colour, np.uint8))
            return
        stills = [None if file.is_animated else next(file.pictures(self.ground)) for file in self.files]
        moving = next((file for file in self.files if file.is_animated), None)
        for picture in [None] if moving is None else moving.pictures(self.ground):
            yield self._laid_out([picture if still is None else still for still in stills])

    def _laid_out(self, pictures: Sequence[Any]) -> np.ndarray:
        """One video frame of its pictures."""
        height = min(picture.shape[0] for picture in pictures)
        parts = [_scaled(picture, height) for picture in pictures]
        width, _ = self.seen_size
        together = np.empty((height, width, 3), np.uint8)
        together[:] = self.ground
        left = 0
        for part in parts:
            together[:, left : left + part.shape[1]] = part
            left += part.shape[1] + gap(height)
        if self.background == NO_GROUND:
            return _frozen(together)
        side, _ = self.size
        ground = np.empty((side, side, 3), np.uint8)
        ground[:] = self.ground
        top, left = (side - height) // 2, (side - width) // 2
        ground[top : top + height, left : left + width] = together
        return _frozen(ground)

    @property
    def digest(self) -> str:
        """SHA-256 of all video frames and their delays: what decides the features, whatever file they come from."""
        states = []
        for file in self.files:
            found = file.path.stat()
            states.append((str(file.path), found.st_size, found.st_mtime_ns, found.st_ino))
        return _digest(self, tuple(states))

    def facts(self) -> dict[str, Any]:
        """What run.json says about it."""
        width, height = self.seen_size
        found: dict[str, Any] = {
            "file": self.filepath, "beside": self.beside or None, "background": self.background,
            "size": [width, height], "video_frame_size": list(self.size),
        }  # fmt: skip
        if profiles := {str(file.path): file.profile for file in self.files if file.profile}:
            found["in_srgb_by_profile"] = profiles
        if self.delays:
            found |= {"n_pictures": len(self.delays), "lasts": round(sum(self.delays), 6)}
        return found

    def notes(self) -> list[str]:
        """What a person should know about how it is read and shown."""
        said = [note for file in self.files for note in file.notes]
        name = Path(self.filepath).name
        if len(self.files) == 2 and self.files[0].size[1] != self.files[1].size[1]:
            said.append(
                f"{name} and {Path(self.beside).name} are {self.files[0].size[1]} and {self.files[1].size[1]} pixels "
                f"high: the higher one is made {self.seen_size[1]} pixels high"
            )
        width, height = self.seen_size
        if self.files and self.background == NO_GROUND and width != height:
            side = min(width, height) * KEPT // OF
            said.append(
                f"{name}: on no ground the models see the middle of the picture alone, about {side} x {side} of its "
                f"{width} x {height} pixels"
            )
        if self.files and not self.delays:
            frame = next(self.video_frames())
            if (frame == frame[0, 0]).all():
                said.append(f"{name}: every pixel has one colour on this background; nothing of it will be seen")
        return said


@lru_cache(maxsize=4096)
def _digest(screen: Screen, states: tuple[Any, ...]) -> str:
    found = hashlib.sha256(repr(screen.delays).encode())
    for video_frame in screen.video_frames():
        found.update(repr(video_frame.shape).encode())
        found.update(video_frame.data)
    return found.hexdigest()


def ground_side(size: tuple[int, int]) -> int:
    """Pixels of a side of the square ground for (width, height): all of it lies in the centre that is kept.

    >>> ground_side((700, 300)), ground_side((7, 9))
    (800, 11)
    """
    longest = max(size)
    side = -(-longest * OF // KEPT)
    return side + (side - longest) % 2  # the same on both sides


def gap(height: int) -> int:
    """Pixels between two pictures side by side."""
    return max(1, round(height / GAP_SHARE))


def _width(size: tuple[int, int], height: int) -> int:
    return max(1, round(size[0] * height / size[1]))


def _scaled(picture: np.ndarray, height: int) -> np.ndarray:
    """The picture in another height, bicubic; as it is where it has that height."""
    if picture.shape[0] == height:
        return picture
    pillow: Any = require("PIL.Image", extra="media", why="two pictures side by side")
    size = (_width((picture.shape[1], picture.shape[0]), height), height)
    return np.asarray(pillow.fromarray(picture).resize(size, resample=pillow.Resampling.BICUBIC))


def _frozen(video_frame: np.ndarray) -> np.ndarray:
    video_frame.flags.writeable = False
    return video_frame
