"""Pictures and blank screens to rows of the events table: Video rows, which the film models read as they read films.

How a picture is shown stands in the row itself, in the extra columns `background` and `beside`: a table alone gives
the same features again.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tribe_np.errors import ConfigError, EventsError, MediaError
from tribe_np.media.pictures.kinds import (
    NO_GROUND,
    SCREEN,
    USUAL_GROUND,
    checked_background,
    is_picture,
    is_screen,
    screen_colour,
)
from tribe_np.media.pictures.screens import Screen
from tribe_np.shown import quoted
from tribe_np.timeline.events import Event
from tribe_np.timeline.features import FREQUENCY, to_index

SECONDS = 2.0
"""How long a still picture is shown by default."""
MOST_SECONDS = 3600.0
LESS_THAN_A_PICTURE = 0.01  # seconds
STILL_RATE = 25.0
"""Hz that the row of a still or a screen names: all its video frames are equal, so any rate gives the same."""


@dataclass(frozen=True)
class PictureShow:
    """How a picture is shown.

    `seconds` None is 2 s, of an animated picture as long as it lasts. `background` is "grey", "white" or "black", a
    square ground on which all of the picture lies inside what the models keep, or "none": the picture is cropped as a
    film is. `beside` is a second picture, shown to the right of the first.
    Raises   ConfigError for seconds or a background that cannot be, or something beside it that is no picture
    """

    seconds: float | None = None
    background: str = USUAL_GROUND
    beside: Path | None = None

    def __post_init__(self) -> None:
        if self.seconds is not None:
            checked_seconds(self.seconds)
        checked_background(self.background)
        if self.beside is not None and (is_screen(self.beside) or not is_picture(self.beside)):
            raise ConfigError(f"{self.beside}: not a picture, which alone can be shown beside another")


def show_of_picture(stimulus: Path, given: Mapping[str, Any]) -> PictureShow:
    """How a picture is shown, from the settings that were given.

    Raises   ConfigError for what cannot be, or for settings of pictures where the stimulus is none
    """
    if given and not is_picture(stimulus):
        raise ConfigError(f"--{next(iter(given))} is for pictures, and {stimulus.name} is none; leave it out")
    return PictureShow(**given)


def checked_seconds(seconds: float) -> float:
    """Seconds for which a picture can be shown.

    Raises   ConfigError
    """
    if not (isinstance(seconds, (int, float)) and math.isfinite(seconds) and 0 < seconds <= MOST_SECONDS):
        raise ConfigError(f"a picture is shown for more than 0 and at most {MOST_SECONDS:g} s, got {quoted(seconds)}")
    if to_index(seconds, FREQUENCY) == 0:
        raise ConfigError(
            f"a picture shown for {seconds:g} s would leave no trace: features have {FREQUENCY:g} steps a second; "
            "show it for 0.5 s or longer"
        )
    return seconds


def picture_events(path: str | Path, show: PictureShow) -> list[Event]:
    """The row of a picture from second 0 on; chunks are cut later, as of a film.

    Raises   MediaError for what is no picture; MissingDependencyError without Pillow
    """
    screen = Screen(str(path), show.background, "" if show.beside is None else str(show.beside))
    extra: dict[str, Any] = {"background": screen.background} | ({"beside": screen.beside} if screen.beside else {})
    lasts = sum(screen.delays)
    seconds = show.seconds or lasts or SECONDS
    if not lasts:
        for _ in screen.video_frames():  # a picture that is cut short is found out now
            pass
        return [Event("Video", 0.0, seconds, filepath=str(path), frequency=STILL_RATE, extra=extra)]
    if show.seconds is None and (lasts > MOST_SECONDS or to_index(lasts, FREQUENCY) == 0):
        raise MediaError(f"{path}: its pictures last {lasts:g} s; say for how long they are shown with --seconds")
    rate = round(len(screen.delays) / lasts, 6)
    extra["seconds"] = float(seconds)  # of the whole show: chunks begin and end within it
    return [Event("Video", 0.0, float(seconds), filepath=str(path), frequency=rate, extra=extra)]


def told_of_picture(row: Event) -> tuple[dict[str, Any], list[str]]:
    """What run.json says of a picture's row, and what a person should know about it."""
    screen = Screen.of_row(row)
    notes, lasts = screen.notes(), sum(screen.delays)
    if screen.delays and row.duration > lasts + LESS_THAN_A_PICTURE:
        notes.append(
            f"{Path(row.filepath).name}: lasts {lasts:g} s and is shown for {row.duration:g} s: it begins again"
        )
    return screen.facts() | {"seconds": row.duration}, notes


def screen_event(
    duration: float, colour: str = USUAL_GROUND, *, start: float = 0.0, timeline: str = "default"
) -> Event:
    """The row of a blank screen, which is made in memory and has no file.

    Raises   ConfigError for a colour that is not known; EventsError for a duration that is not above 0
    """
    if checked_background(colour) == NO_GROUND:
        raise ConfigError('a blank screen needs a colour: grey, white or black, not "none"')
    if not (math.isfinite(duration) and duration > 0):
        raise EventsError(f"a blank screen must be shown for more than 0 s, got {duration}")
    screen_colour(SCREEN + colour)
    return Event("Video", start, duration, timeline, filepath=SCREEN + colour, frequency=STILL_RATE)
