"""Bands of time steps on a sheet: in each the times, the rows of the stimulus, and the rows of brains."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from tribe_np.plots.figures.brains import FoldedBrain
from tribe_np.plots.figures.colour_bars import ScaleBar
from tribe_np.plots.figures.drawn_views import draw_view
from tribe_np.plots.figures.overlays import ValueMap
from tribe_np.plots.figures.region_labels import RegionMarks
from tribe_np.plots.figures.sheets import SMALL, Look, Sheet, new_sheet
from tribe_np.plots.figures.timesteps.stimulus_rows import StepBox, StimulusRows, text_lines, write_words
from tribe_np.plots.figures.timesteps.timesteps_plan import TimeStep, TimestepsPlan
from tribe_np.plots.views import View

LABELS, GAP, MARGIN = 33.0, 2.0, 4.0  # points: left of the rows, between columns and rows, around
TIME, SOUND, WORDS = 9.0, 16.0, 22.5  # points high
BETWEEN, LEADING = 8.0, 8.5  # points between two bands, and from line to line below them
WIDEST_COLUMN = 150.0  # points
TALLEST_PICTURE = 0.75  # of the width of a column


@dataclass(frozen=True, eq=False)
class BrainRow:
    """One row of brains: its name, one of its views, its height in pixels."""

    name: str
    view: View
    height: int


@dataclass(frozen=True, eq=False)
class StepBands:
    """The figure of a plan: `column` pixels a step, `mm_per_pixel` for all brains."""

    plan: TimestepsPlan
    brain: FoldedBrain
    bar: ScaleBar
    marks: RegionMarks
    brain_rows: tuple[BrainRow, ...]
    look: Look
    per_band: int
    column: int
    mm_per_pixel: float
    shows_bar: bool

    @classmethod
    def of(
        cls, plan: TimestepsPlan, brain: FoldedBrain, bar: ScaleBar, marks: RegionMarks,
        shown: Sequence[tuple[str, View]], look: Look, per_band: int, *, shows_bar: bool,
    ) -> "StepBands":  # fmt: skip
        """As wide as the look says; brains as large as their columns."""
        per_band = ceil(len(plan.steps) / ceil(len(plan.steps) / per_band))  # bands of one length
        free = look.width_in_pixels - look.pixels(LABELS + 2 * MARGIN)
        column = max(8, min(free // per_band, look.pixels(WIDEST_COLUMN)))
        mm_per_pixel = max(brain.size(view)[0] for _, view in shown) / (column - look.pixels(GAP))
        rows = tuple(BrainRow(name, view, ceil(brain.size(view)[1] / mm_per_pixel)) for name, view in shown)
        return cls(plan, brain, bar, marks, rows, look, per_band, column, mm_per_pixel, shows_bar)

    @property
    def stimulus_heights(self) -> dict[str, int]:
        """Pixels of the rows of the stimulus, of those that there are."""
        stimulus, found = self.plan.stimulus, {}
        if stimulus is None:
            return {}
        if stimulus.has_pictures:
            width = self.column - self.look.pixels(GAP)
            found["picture"] = stimulus.picture_size(width, int(self.column * TALLEST_PICTURE))[1]
        if stimulus.has_sound:
            found["sound"] = self.look.pixels(SOUND)
        if stimulus.words:
            found["words"] = self.look.pixels(WORDS)
        return found

    @property
    def band_height(self) -> int:
        """Pixels of one band."""
        rows = [*self.stimulus_heights.values(), *(row.height for row in self.brain_rows)]
        return self.look.pixels(TIME) + sum(rows) + len(rows) * self.look.pixels(GAP)

    def draw(self) -> Any:
        """The matplotlib figure."""
        steps, pixels = self.plan.steps, self.look.pixels
        bands = [steps[first : first + self.per_band] for first in range(0, len(steps), self.per_band)]
        step = self.band_height + pixels(BETWEEN)
        foot = self._foot_height()
        sheet = new_sheet(
            pixels(LABELS + 2 * MARGIN) + self.column * self.per_band,
            2 * pixels(MARGIN) + len(bands) * step + foot,
            self.look,
        )
        rows = None if self.plan.stimulus is None else StimulusRows(sheet, self.plan.stimulus)
        written: set[str] = set()
        for number, band in enumerate(bands):
            written |= self._draw_band(sheet, rows, band, pixels(MARGIN) + number * step)
        of_words = [] if rows is None else rows.odd
        self._draw_foot(sheet, self.plan.said(of_words), pixels(MARGIN) + len(bands) * step)
        sheet.figure.odd = (*self.plan.odd(of_words), *self.marks.unwritten(written))
        return sheet.figure

    def _draw_band(self, sheet: Sheet, rows: StimulusRows | None, band: Sequence[TimeStep], y: float) -> set[str]:
        pixels = self.look.pixels
        left, gap = pixels(LABELS + MARGIN), pixels(GAP)
        boxes = [
            StepBox(step.at, step.duration, left + k * self.column, self.column - gap) for k, step in enumerate(band)
        ]
        for step, box in zip(band, boxes, strict=True):
            sheet.write(
                box.x + box.width / 2, y + pixels(TIME) * 0.45, step.label, size=SMALL, color=self.look.faint_ink
            )
        y += pixels(TIME)
        for name, height in self.stimulus_heights.items():
            assert rows is not None
            draw = {"picture": rows.draw_pictures, "sound": rows.draw_sound, "words": rows.draw_words}[name]
            draw(boxes, y, height)
            self._label(sheet, name, y, height)
            y += height + gap
        return self._draw_brains(sheet, band, boxes, y)

    def _draw_brains(self, sheet: Sheet, band: Sequence[TimeStep], boxes: Sequence[StepBox], y: float) -> set[str]:
        """The brains; gives the names of regions that were written, which is done at the first step alone."""
        gap, named = self.look.pixels(GAP), ""
        written: set[str] = set()
        for row in self.brain_rows:
            raster = self.brain.raster(row.view, int(boxes[0].width), row.height, self.mm_per_pixel)
            for step, box in zip(band, boxes, strict=True):
                values = self.plan.values_at(row.name, step)
                overlay = None if values is None else ValueMap(values, self.bar.scale)
                axes = sheet.axes(box.x, y, raster.width, raster.height)
                drawn = draw_view(axes, self.brain, raster, overlay)
                written |= self.marks.draw(drawn, has_names=step is self.plan.steps[0])
            if row.name != named:
                views = [other.height + gap for other in self.brain_rows if other.name == row.name]
                self._label(sheet, row.name, y, sum(views) - gap)
            named, y = row.name, y + row.height + gap
        return written

    def _label(self, sheet: Sheet, text: str, y: float, height: float) -> None:
        x, width = self.look.pixels(MARGIN), self.look.pixels(LABELS)
        write_words(sheet, text.split(" "), x, y, width, height, ha="left", color=self.look.faint_ink)

    # -- what is said below --------------------------------------------------------------------------------------

    def _foot_lines(self, sheet: Sheet, said: Sequence[str]) -> list[str]:
        """What is said, in lines beside the colour bar or, in a narrow figure, below it."""
        width = self._foot_width - (self.bar.size(self.look)[0] if self.shows_bar and self._is_wide else 0)
        return [line for text in said for line in text_lines(sheet, text, width, SMALL)]

    @property
    def _foot_width(self) -> int:
        return self.column * self.per_band + self.look.pixels(LABELS - MARGIN)

    @property
    def _is_wide(self) -> bool:
        """Whether there is room for a text beside the colour bar."""
        return self._foot_width >= 2.5 * self.bar.size(self.look)[0]

    def _foot_height(self) -> int:
        # words that find no place are counted while they are drawn: there are lines for them in any case
        has_words = self.plan.stimulus is not None and self.plan.stimulus.words
        n_lines = len(self._foot_lines(new_sheet(8, 8, self.look), self.plan.said())) + (2 if has_words else 0)
        bar = self.bar.size(self.look)[1] if self.shows_bar else 0
        text = self.look.pixels(LEADING) * n_lines
        return max(bar, text) if self._is_wide else bar + text

    def _draw_foot(self, sheet: Sheet, said: Sequence[str], y: float) -> None:
        pixels, left = self.look.pixels, self.look.pixels(MARGIN)
        top = y if self._is_wide or not self.shows_bar else y + self.bar.size(self.look)[1]
        for number, line in enumerate(self._foot_lines(sheet, said)):
            middle = top + (number + 0.5) * pixels(LEADING)
            sheet.write(left, middle, line, size=SMALL, ha="left", va="center_baseline", color=self.look.faint_ink)
        if self.shows_bar:
            width, height = self.bar.size(self.look)
            self.bar.draw(sheet, (sheet.width - left - width, y, width, height))
