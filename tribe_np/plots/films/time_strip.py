"""The time line under a film: what is on screen, which BOLD is shown, and the seconds that lie between the two.

Two lanes share one axis. A line leads from the moment of the stimulus that the shown BOLD answers down to the moment
at which that BOLD is measured. A long film has an axis a minute, which turns like a page.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from math import floor

import numpy as np

from tribe_np.plots.films.film_layout import Box
from tribe_np.plots.films.film_text import (
    ACCENT,
    BOLD_COLOUR,
    BRIGHT,
    DIM,
    EDGE,
    NIGHT,
    PANEL,
    Colour,
    TextPainter,
    TextStyle,
)
from tribe_np.plots.stimulus.row_clock import RowClock
from tribe_np.plots.stimulus.run_stimulus import RunStimulus

PAGE = 60.0  # seconds of a long film on one axis
LONGEST_PAGE = 90.0  # seconds that still go on a single one
STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0)
TICK_WIDTH = 5.5  # of the size of its text: the outer ones are moved inwards by half of what they take
SOUND: Colour = (120, 129, 145)
PREDICTED: Colour = (38, 66, 94)
SHOWN: Colour = (58, 64, 76)


@dataclass(frozen=True)
class Axis:
    """Seconds from `start` to `stop` over pixels from `left` on."""

    start: float
    stop: float
    left: int
    width: int
    tick_width: int = 60  # pixels from a tick to the next, at least

    def x(self, seconds: float) -> int:
        """The pixel of a moment, which may lie outside."""
        return self.left + round((seconds - self.start) / (self.stop - self.start) * self.width)

    @property
    def step(self) -> float:
        """Seconds from a tick to the next."""
        length, most = self.stop - self.start, self.width / self.tick_width
        return next((step for step in STEPS if length / step <= most), STEPS[-1])

    def ticks(self) -> list[float]:
        """Round moments on the axis."""
        first = int(np.ceil(self.start / self.step - 1e-9))
        return [number * self.step for number in range(first, int(np.floor(self.stop / self.step + 1e-9)) + 1)]


@dataclass(frozen=True)
class Lanes:
    """Where the lanes begin and end, pixels of the strip from above."""

    top: int
    height: int
    gap: int

    @property
    def stimulus(self) -> tuple[int, int]:
        """First and past the last row of pixels."""
        return self.top, self.top + self.height

    @property
    def bold(self) -> tuple[int, int]:
        """First and past the last row of pixels."""
        first = self.top + self.height + self.gap
        return first, first + self.height


class TimeStrip:
    """Draws the time line of a film."""

    def __init__(
        self, box: Box, scale: float, painter: TextPainter, *, clock: RowClock, stimulus: RunStimulus,
        start: float, stop: float, loudest: float, lane: str,
    ) -> None:  # fmt: skip
        self.box, self.scale, self.painter = box, scale, painter
        self.clock, self.stimulus, self.loudest, self.lane = clock, stimulus, loudest, lane
        self.offset = clock.hemodynamic_offset
        self.is_bold = clock.align == "bold"
        length = stop - start
        n_pages = 1 if length <= LONGEST_PAGE else int(np.ceil(length / PAGE))
        self.page_starts = [start + number * PAGE for number in range(n_pages)]
        self.page_length = length if n_pages == 1 else PAGE
        self.text = max(11, round(15 * scale))
        self.lanes = Lanes(round(6 * scale), round(26 * scale), round(26 * scale))
        self._page: tuple[int, Axis, np.ndarray] | None = None

    def draw(self, film_frame: np.ndarray, seconds: float) -> None:
        """Paints the strip at a moment into (height, width, 3) uint8."""
        axis, ground = self._page_at(seconds)
        strip = film_frame[self.box.window]
        strip[:] = ground
        bold = seconds if self.is_bold else seconds + self.offset
        answered = bold - self.offset
        wide = max(2, round(3 * self.scale))
        (top, bottom), (bold_top, bold_bottom) = self.lanes.stimulus, self.lanes.bold
        self._slanted(strip, axis, axis.x(answered), bottom, axis.x(bold), bold_top)
        if self.is_bold and self.offset:
            self._upright(strip, axis, answered, top, bottom, BOLD_COLOUR, max(1, wide // 2))
        self._upright(strip, axis, seconds, top - wide, bottom, ACCENT, wide)
        self._upright(strip, axis, bold, bold_top, bold_bottom + wide, BOLD_COLOUR, wide)
        if self.offset:
            self._say_offset(strip, axis.x(answered), axis.x(bold))

    def _page_at(self, seconds: float) -> tuple[Axis, np.ndarray]:
        number = max(0, bisect_right(self.page_starts, seconds + 1e-9) - 1)
        if self._page is None or self._page[0] != number:
            left = self.painter.fonts.width("stimulus", self.text) + round(30 * self.scale)
            start = self.page_starts[number]
            early = self.offset if self.is_bold and number else 0.0
            late = 0.0 if self.is_bold else self.offset
            pad, tick = 0.01 * self.page_length, round(TICK_WIDTH * self.text)
            axis = Axis(start - early - pad, start + self.page_length + late + pad, left, self.box.width - left, tick)
            self._page = (number, axis, self._ground(axis))
        return self._page[1], self._page[2]

    def _ground(self, axis: Axis) -> np.ndarray:
        """All of a page that does not move."""
        ground = np.empty((self.box.height, self.box.width, 3), np.uint8)
        ground[:] = NIGHT
        (top, bottom), (bold_top, bold_bottom) = self.lanes.stimulus, self.lanes.bold
        for first, last in (self.lanes.stimulus, self.lanes.bold):
            ground[first:last, axis.left : axis.left + axis.width] = PANEL
        if self.stimulus.kind != "none":
            self._fill(ground, axis, self.stimulus.start, self.stimulus.stop, top, bottom, SHOWN)
            self._sound_or_words(ground, axis, top, bottom)
        for begin, end in self._predicted():
            self._fill(ground, axis, begin, end, bold_top, bold_bottom, PREDICTED)
        self._labels(ground, axis)
        return ground

    def _predicted(self) -> list[tuple[float, float]]:
        """Moments (from, to) whose BOLD is predicted."""
        if not self.clock.n_rows:
            return []
        late = self.offset - self.clock.delay
        edges = [self.clock.first, *(moment for gap in self.clock.gaps for moment in gap), self.clock.stop]
        return [(edges[i] + late, edges[i + 1] + late) for i in range(0, len(edges), 2)]

    def _sound_or_words(self, ground: np.ndarray, axis: Axis, top: int, bottom: int) -> None:
        if self.stimulus.has_sound:
            loud = self.stimulus.sound_envelope(axis.start, axis.stop, axis.width)
            reach = loud / self.loudest * (bottom - top) * 0.42
            middle = (top + bottom) / 2
            rows = np.arange(top, bottom)[:, None] + 0.5
            is_inside = (np.abs(rows - middle) <= reach[None, :]) & (loud > 0)[None, :]
            ground[top:bottom, axis.left : axis.left + axis.width][is_inside] = SOUND
            return
        inset = max(1, (bottom - top) // 4)
        for word in self.stimulus.words_between(axis.start, axis.stop):
            self._fill(ground, axis, word.start, word.start + word.duration, top + inset, bottom - inset, SOUND)

    def _labels(self, ground: np.ndarray, axis: Axis) -> None:
        width = axis.left - round(12 * self.scale)
        for text, (first, last), colour in (
            ("stimulus", self.lanes.stimulus, ACCENT), (self.lane, self.lanes.bold, BOLD_COLOUR),
        ):  # fmt: skip
            style = TextStyle(self.text, colour, across=1.0)
            ground[first:last, :width] = self.painter.line(text, (width, last - first), style)
        top = self.lanes.bold[1] + round(6 * self.scale)
        height = round(1.35 * self.text)
        used = -1
        for moment in axis.ticks():
            text = clock_face(moment, digits=0 if axis.step >= 1 else 1)
            wide = self.painter.fonts.width(text, self.text) + 2
            x = min(max(axis.x(moment) - wide // 2, axis.left), axis.left + axis.width - wide)
            if x > used and top + height <= len(ground):
                ground[top : top + height, x : x + wide] = self.painter.line(
                    text, (wide, height), TextStyle(self.text, DIM, across=0.5)
                )
                used = x + wide + round(8 * self.scale)
            at = axis.x(moment)
            if axis.left <= at < axis.left + axis.width:
                for first, last in (self.lanes.stimulus, self.lanes.bold):
                    ground[last - max(2, (last - first) // 6) : last, at] = EDGE

    def _say_offset(self, strip: np.ndarray, left: int, right: int) -> None:
        """Beside the line from `left` to `right`, where there is room."""
        top, bottom = self.lanes.stimulus[1], self.lanes.bold[0]
        text, size, gap = f"{self.offset:g} s later", max(10, round(14 * self.scale)), round(10 * self.scale)
        wide = self.painter.fonts.width(text, size) + 2
        x = right + gap if right + gap + wide < strip.shape[1] else left - gap - wide
        if x >= 0 and bottom - top >= size:
            strip[top:bottom, x : x + wide] = self.painter.line(text, (wide, bottom - top), TextStyle(size, DIM))

    @staticmethod
    def _fill(ground: np.ndarray, axis: Axis, begin: float, end: float, top: int, bottom: int, colour: Colour) -> None:
        edge = axis.left + axis.width
        first, last = (min(max(axis.x(moment), axis.left), edge) for moment in (begin, end))
        ground[top:bottom, first:last] = colour

    @staticmethod
    def _upright(
        strip: np.ndarray, axis: Axis, moment: float, top: int, bottom: int, colour: Colour, wide: int
    ) -> None:
        x = axis.x(moment) - wide // 2
        if axis.left - wide <= x < axis.left + axis.width:
            strip[max(top, 0) : bottom, max(x, axis.left - wide) : x + wide] = colour

    def _slanted(self, strip: np.ndarray, axis: Axis, x: int, top: int, to_x: int, bottom: int) -> None:
        """A line from (x, top) to (to_x, bottom), without stairs, as far as it lies on the axis."""
        cover = line_cover(to_x - x, bottom - top, max(1.5, 2.2 * self.scale))
        first, last = max(x, axis.left), min(x + cover.shape[1], strip.shape[1])
        if first >= last:
            return
        cover = cover[:, first - x : last - x, None]
        ground = strip[top:bottom, first:last]
        ground[:] = np.round(ground + cover * (np.array(BRIGHT, np.float32) - ground))


@lru_cache(maxsize=64)
def line_cover(run: int, drop: int, thick: float) -> np.ndarray:
    """How far a line from the upper left corner, `run` pixels to the right and `drop` down, covers each pixel.

    Shapes   -> (drop, run + 1) float32, 0 to 1
    """
    y, x = np.mgrid[:drop, : max(run, 0) + 1].astype(np.float32) + 0.5
    length = max(float(np.hypot(run, drop)), 1e-6)
    distance = np.abs(x * drop - y * run) / length
    return np.asarray(np.clip(thick / 2 + 0.5 - distance, 0, 1), np.float32)


def clock_face(seconds: float, *, digits: int = 1) -> str:
    """A moment as a clock shows it.

    >>> clock_face(3725.25), clock_face(-2, digits=0)
    ('1:02:05.2', '-0:02')
    """
    ticks = floor(abs(seconds) * 10**digits + 1e-6)
    whole, part = divmod(ticks, 10**digits)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    sign = "-" if seconds < 0 and ticks else ""
    end = f".{part:0{digits}d}" if digits else ""
    return f"{sign}{hours}:{minute:02d}:{second:02d}{end}" if hours else f"{sign}{minute}:{second:02d}{end}"
