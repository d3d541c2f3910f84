"""A row of time steps: the brain at each, and above it what was seen, heard and said then.

Source   tribev2 7239908 plotting.base.BasePlotBrain.plot_timesteps, plot_stimuli (arguments and order of the rows)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError
from tribe_np.plots.colours.colour_scale import PERCENTILE, ColourScale, colour_scale
from tribe_np.plots.colours.normalising import robust_normalize
from tribe_np.plots.figures.brains import Brain, Inflate, load_brain
from tribe_np.plots.figures.colour_bars import ScaleBar
from tribe_np.plots.figures.drawn_views import draw_view
from tribe_np.plots.figures.overlays import ValueMap
from tribe_np.plots.figures.sheets import LETTERS, SMALL, TWO_COLUMNS, Look, Sheet, new_sheet
from tribe_np.plots.figures.stimulus_rows import StepBox, StimulusRows, write_words
from tribe_np.plots.figures.timesteps_plan import TimestepsPlan, TimeStep, plan_of
from tribe_np.plots.views import View, views_named

PER_BAND = 8  # steps beside each other
LABELS, GAP, MARGIN = 33.0, 2.0, 4.0  # points: left of the rows, between columns and rows, around
TIME, SOUND, WORDS = 9.0, 16.0, 19.0  # points high
BETWEEN = 9.0  # points between two bands
TALLEST_PICTURE = 0.75  # of the width of a column
FOOT = 26.0
Views = str | Sequence[str] | Mapping[str, str | Sequence[str]]


def plot_timesteps(
    neuro: Any,
    segments: Sequence[Any] | None = None,
    *,
    plot_every_k_timesteps: int | None = None,
    trues: Any = None,
    norm_percentile: float | None = None,
    show_stimuli: bool | None = None,
    views: Views = "left",
    timestamps: Sequence[float] | None = None,
    align: str = "stimulus",
    timeline: str | None = None,
    stimulus: str | Path | None = None,
    steps_per_band: int = PER_BAND,
    look: Look | None = None,
    **kwargs: Any,
) -> Any:
    """A matplotlib figure of brains at steps of time; many steps wrap into bands.

    neuro       a prediction folder, a SurfaceSeries, rows (R, 2 V), or several of these by name: a row of brains each
    segments    what predict returns beside the rows: their times, and with show_stimuli what was seen and heard
    plot_every_k_timesteps   None takes as few steps as stay readable, and says so
    trues       measured rows of the same times, drawn below
    norm_percentile   each is brought into 0..1 by `robust_normalize` first, as upstream
    show_stimuli      None: where neuro is a folder
    views       a view, several, or one for each name of neuro
    align       "stimulus": below each moment the row that describes it; "bold": the BOLD of that moment
    timeline, stimulus   one of several recordings; a file to show in the place of the run's own
    kwargs      of plot_surf: vmin, vmax, symmetric_cbar, threshold, cmap, alpha_cmap, colorbar, colorbar_title; and
                percentile, mesh, inflate, bg_map, subjects_dir
    Raises      ShapeError, ConfigError, MeshError, OutputError, MediaError, MissingDependencyError
    """
    drawing = _drawing(kwargs)
    plan = plan_of(
        neuro, segments, trues, every=plot_every_k_timesteps, timestamps=timestamps, mesh=drawing.mesh, align=align,
        timeline=timeline, stimulus=stimulus, show_stimuli=show_stimuli,
    )  # fmt: skip
    if isinstance(steps_per_band, bool) or not isinstance(steps_per_band, int) or steps_per_band < 1:
        raise ConfigError(f"steps_per_band must be a whole number from 1 on, got {steps_per_band}")
    if norm_percentile is not None:
        rows = {name: robust_normalize(values, percentile=norm_percentile) for name, values in plan.rows.items()}
        plan = TimestepsPlan(rows, plan.series, plan.clock, plan.steps, plan.stimulus, plan.every)
    return _Timesteps.of(plan, views, drawing, look or Look(TWO_COLUMNS), steps_per_band).draw()


@dataclass(frozen=True)
class _Drawing:
    """plot_surf's arguments, by its names, and those of the brain."""

    vmin: float | None = None
    vmax: float | None = None
    symmetric_cbar: bool | None = None
    threshold: float | None = None
    cmap: Any = None
    alpha_cmap: tuple[float, float] | None = None
    percentile: float = PERCENTILE
    colorbar: bool = True
    colorbar_title: str | None = None
    mesh: str | None = None
    inflate: Inflate = "half"
    bg_map: str = "sulcal"
    subjects_dir: str | Path | None = None

    def scale(self, rows: Mapping[str, np.ndarray]) -> ColourScale:
        """One scale for all rows of brains and all times."""
        settings: dict[str, Any] = {} if self.alpha_cmap is None else {"fade": self.alpha_cmap}
        return colour_scale(
            np.stack([np.asarray(values) for values in rows.values()]) if len(rows) > 1 else next(iter(rows.values())),
            cmap=self.cmap, low=self.vmin, high=self.vmax, percentile=self.percentile, symmetric=self.symmetric_cbar,
            threshold=self.threshold, **settings,
        )  # fmt: skip


def _drawing(kwargs: dict[str, Any]) -> _Drawing:
    from tribe_np.shown import did_you_mean

    known = list(_Drawing.__dataclass_fields__)
    for name in kwargs:
        if name not in known:
            raise ConfigError(f"plot_timesteps has no argument {name}{did_you_mean(name, known)}")
    return _Drawing(**kwargs)


@dataclass(frozen=True, eq=False)
class _BrainRow:
    """One row of brains: a name (written once for several views of it), a view, its height in pixels."""

    name: str
    view: View
    height: int


@dataclass(frozen=True, eq=False)
class _Timesteps:
    """The figure: sizes in pixels."""

    plan: TimestepsPlan
    look: Look
    brain: Brain
    scale: ColourScale
    drawing: _Drawing
    brain_rows: tuple[_BrainRow, ...]
    per_band: int
    column: int
    mm_per_pixel: float

    @classmethod
    def of(cls, plan: TimestepsPlan, views: Views, drawing: _Drawing, look: Look, per_band: int) -> "_Timesteps":
        named = [(name, view) for name in plan.rows for view in _views_of(views, name, list(plan.rows))]
        all_views = tuple(dict.fromkeys(view for _, view in named))
        brain = load_brain(
            plan.series.mesh, drawing.inflate, bg_map=drawing.bg_map, views=all_views, subjects_dir=drawing.subjects_dir
        )
        per_band = min(per_band, len(plan.steps))
        free = look.width_in_pixels - look.pixels(LABELS + 2 * MARGIN)
        column = min(free // per_band, look.pixels(150))
        inside = column - look.pixels(GAP)
        scale = max(brain.size(view)[0] for view in all_views) / inside
        rows = tuple(_BrainRow(name, view, ceil(brain.size(view)[1] / scale)) for name, view in named)
        return cls(plan, look, brain, drawing.scale(plan.rows), drawing, rows, per_band, column, scale)

    # -- sizes ---------------------------------------------------------------------------------------------------

    @property
    def stimulus_heights(self) -> dict[str, int]:
        """Pixels of the rows of the stimulus, of those that there are."""
        found, stimulus = {}, self.plan.stimulus
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
        """The figure."""
        bands = [self.plan.steps[k : k + self.per_band] for k in range(0, len(self.plan.steps), self.per_band)]
        pixels = self.look.pixels
        width = pixels(LABELS + 2 * MARGIN) + self.column * self.per_band
        foot = pixels(FOOT)
        height = 2 * pixels(MARGIN) + len(bands) * self.band_height + (len(bands) - 1) * pixels(BETWEEN) + foot
        sheet = new_sheet(width, height, self.look)
        shown_rows = None if self.plan.stimulus is None else StimulusRows(sheet, self.plan.stimulus)
        for number, band in enumerate(bands):
            y = pixels(MARGIN) + number * (self.band_height + pixels(BETWEEN))
            self._draw_band(sheet, shown_rows, band, y)
        self._draw_foot(sheet, shown_rows, height - pixels(MARGIN) - foot, foot)
        return sheet.figure

    # -- a band --------------------------------------------------------------------------------------------------

    def _draw_band(self, sheet: Sheet, rows: StimulusRows | None, band: Sequence[TimeStep], y: float) -> None:
        pixels, look = self.look.pixels, self.look
        left, gap = pixels(LABELS + MARGIN), pixels(GAP)
        boxes = [
            StepBox(step.at, step.duration, left + k * self.column, self.column - gap) for k, step in enumerate(band)
        ]
        for step, box in zip(band, boxes, strict=True):
            sheet.write(box.x + box.width / 2, y + pixels(TIME) / 2, step.label, size=SMALL, color=look.faint_ink)
        y += pixels(TIME)
        for name, height in self.stimulus_heights.items():
            assert rows is not None
            draw = {"picture": rows.draw_pictures, "sound": rows.draw_sound, "words": rows.draw_words}[name]
            draw(boxes, y, height)
            self._label(sheet, name, y, height)
            y += height + gap
        named = ""
        for row in self.brain_rows:
            for step, box in zip(band, boxes, strict=True):
                self._draw_brain(sheet, row, step, box, y)
            if row.name != named:
                of_name = sum(other.height + gap for other in self.brain_rows if other.name == row.name)
                self._label(sheet, row.name, y, of_name)
            named, y = row.name, y + row.height + gap

    def _draw_brain(self, sheet: Sheet, row: _BrainRow, step: TimeStep, box: StepBox, y: float) -> None:
        raster = self.brain.raster(row.view, int(box.width), row.height, self.mm_per_pixel)
        values = self.plan.values_at(row.name, step)
        overlay = None if values is None else ValueMap(values, self.scale)
        draw_view(sheet.axes(box.x, y, raster.width, raster.height), self.brain, raster, overlay)

    def _label(self, sheet: Sheet, text: str, y: float, height: float) -> None:
        write_words(
            sheet, [text] if " " not in text else text.split(" "), self.look.pixels(MARGIN), y, self.look.pixels(LABELS),
            height, ha="left", color=self.look.faint_ink,
        )  # fmt: skip

    # -- what is said below --------------------------------------------------------------------------------------

    def _draw_foot(self, sheet: Sheet, rows: StimulusRows | None, y: float, height: int) -> None:
        pixels = self.look.pixels
        lines = self.said(0 if rows is None else sum(rows.left_out))
        for number, line in enumerate(lines):
            sheet.write(
                pixels(MARGIN), y + pixels(BETWEEN * 0.5) + pixels(LETTERS * 1.35) * number, line, size=SMALL,
                color=self.look.faint_ink, ha="left", va="top",
            )  # fmt: skip
        if self.drawing.colorbar:
            bar = ScaleBar(self.scale, self.drawing.colorbar_title or "")
            bar_width, bar_height = bar.size(self.look)
            bar.draw(sheet, sheet.width - pixels(MARGIN) - bar_width, y + pixels(BETWEEN * 0.5), bar_width, bar_height)

    def said(self, n_words_left_out: int) -> list[str]:
        """What a reader must know, in short lines."""
        series, clock = self.plan.series, self.plan.clock
        offset = f"{series.hemodynamic_offset:g} s"
        lines = []
        if clock.align == "bold":
            lines.append(f"brains: the BOLD at the time above, which answers to the stimulus {offset} before")
        elif series.hemodynamic_offset:
            lines.append(f"brains: the row that describes the stimulus above; its BOLD comes {offset} later")
        if self.plan.every > 1:
            lines.append(f"every {_nth(self.plan.every)} of {self.plan.n_rows} rows is drawn")
        missing = sum(self.plan.clock.rows_at(step.at) is None for step in self.plan.steps)
        if missing:
            lines.append(f"nothing is predicted at {missing} of {len(self.plan.steps)} steps: bare brains")
        if n_words_left_out:
            lines.append(f"+N: {n_words_left_out} words found no place")
        if self.plan.stimulus is not None and self.plan.stimulus.note:
            lines.append(self.plan.stimulus.note)
        return lines


def _nth(number: int) -> str:
    """
    >>> _nth(2), _nth(3), _nth(11), _nth(22)
    ('2nd', '3rd', '11th', '22nd')
    """
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _views_of(views: Views, name: str, names: Sequence[str]) -> tuple[View, ...]:
    """Raises   ConfigError for a mapping without the name"""
    if not isinstance(views, Mapping):
        return views_named([views] if isinstance(views, str) else list(views))
    if name not in views:
        raise ConfigError(f"views must name a view for each of {', '.join(names)}; {name} has none")
    own = views[name]
    return views_named([own] if isinstance(own, str) else list(own))
