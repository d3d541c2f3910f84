"""What was seen, heard and said at steps of time: the rows that stand above the brains of a figure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from tribe_np.plots.figures.lettering import is_readable, write
from tribe_np.plots.figures.sheets import POINTS, Sheet
from tribe_np.plots.figures.timesteps.timesteps_words import LEADING, fitted_words, word_lines
from tribe_np.plots.stimulus.run_stimulus import RunStimulus

SAMPLES_PER_STEP = 80  # of the sound wave
NOTHING_SEEN = (236, 236, 236)  # where no picture is on screen
WAVE = "#3b4a5a"
FULL = 0.96  # of a box, so that words of neighbours stay apart
SPACE = 0.318  # of the size of the letters
MEASURED_AT = 20.0  # points, at which widths of text are measured
QUIET = 1e-4  # of full scale: sound below it is drawn as silence, not blown up


@dataclass(frozen=True)
class StepBox:
    """A step of time and where its column stands.

    Units    seconds of the stimulus: from `start` for `duration`; x and width in pixels of the sheet
    """

    start: float
    duration: float
    x: float
    width: float


@dataclass(frozen=True, eq=False)
class StimulusRows:
    """Draws the rows of a stimulus; what found no place, or has no font, is counted."""

    sheet: Sheet
    stimulus: RunStimulus
    left_out: list[int] = field(default_factory=list)
    boxed: list[str] = field(default_factory=list)

    def draw_pictures(self, steps: Sequence[StepBox], y: float, height: float) -> None:
        """The picture on screen at the start of each step, as large as its box takes."""
        width = int(min(step.width for step in steps))
        size = self.stimulus.picture_size(width, int(height))
        moments = [step.start for step in steps]
        for step, picture in zip(
            steps, self.stimulus.pictures_at(moments, *size, fill=NOTHING_SEEN), strict=True
        ):  # fmt: skip
            axes = self.sheet.axes(
                step.x + (step.width - size[0]) / 2, y + (height - size[1]) / 2, size[0], size[1]
            )  # fmt: skip
            axes.imshow(picture, interpolation="nearest", aspect="auto")

    def draw_sound(self, steps: Sequence[StepBox], y: float, height: float) -> None:
        """The sound wave through all steps, as loud as the whole stimulus is loud."""
        for step in steps:
            wave = self.stimulus.sound_envelope(step.start, step.start + step.duration, SAMPLES_PER_STEP)
            wave = wave / max(self._loudest, QUIET)
            axes = self.sheet.axes(step.x, y, step.width, height)
            places = (np.arange(SAMPLES_PER_STEP) + 0.5) / SAMPLES_PER_STEP
            axes.fill_between(places, -wave, wave, color=WAVE, linewidth=0.3, step="mid")
            axes.set_xlim(0, 1)
            axes.set_ylim(-1.05, 1.05)

    def draw_words(self, steps: Sequence[StepBox], y: float, height: float) -> None:
        """The words that begin in each step, from the top of its box on."""
        for step in steps:
            words = [word.text for word in self.stimulus.words_between(step.start, step.start + step.duration)]
            self.left_out.append(write_words(self.sheet, words, step.x, y, step.width, height, is_centred=False))
            self.boxed.extend(word for word in words if not is_readable(word))

    @property
    def odd(self) -> list[str]:
        """What could not be shown of the words."""
        n_left_out, n_boxed = sum(self.left_out), len(self.boxed)
        found = [f"+N: {n_left_out} words found no place"] if n_left_out else []
        return [*found, *([f"no installed font has all letters of {n_boxed} words: boxes"] if n_boxed else [])]

    @cached_property
    def _loudest(self) -> float:
        whole = self.stimulus.sound_envelope(self.stimulus.start, self.stimulus.stop, 1000)
        return float(np.max(whole, initial=0.0))


def write_words(
    sheet: Sheet, words: Sequence[str], x: float, y: float, width: float, height: float, *, ha: str = "center",
    is_centred: bool = True, **settings: Any,
) -> int:  # fmt: skip
    """Words in a box of the sheet, wrapped, and made smaller where they must; how many found no place.

    Units    pixels
    """
    dpi = sheet.look.dpi
    fitted = fitted_words(words, width * FULL / dpi * POINTS, height / dpi * POINTS, partial(_width, sheet))
    leading = sheet.look.pixels(fitted.size * LEADING)
    top = y + (height - leading * len(fitted.lines)) / 2 if is_centred else y
    at = {"center": x + width / 2, "left": x, "right": x + width}[ha]
    for number, line in enumerate(fitted.lines):
        sheet.write(at, top + (number + 0.5) * leading, line, size=fitted.size, ha=ha, va="center_baseline", **settings)
    return fitted.n_left_out


def text_lines(sheet: Sheet, text: str, width: float, size: float) -> list[str]:
    """A text in lines of at most `width` pixels, in letters of `size` points."""
    room = width / sheet.look.dpi * POINTS / size
    return [line.text for line in word_lines(text.split(), room, partial(_width, sheet))]


def _width(sheet: Sheet, text: str) -> float:
    """Points that a text takes in letters of one point."""
    known: dict[str, float] = sheet.figure.__dict__.setdefault("_widths_of_texts", {})
    if text == " ":
        return SPACE  # of which a picture has no extent
    if text not in known:
        artist: Any = write(sheet.figure, 0, 0, text, size=MEASURED_AT)
        box = artist.get_window_extent(sheet.figure.canvas.get_renderer())
        artist.remove()
        known[text] = box.width * POINTS / sheet.look.dpi / MEASURED_AT
    return known[text]
