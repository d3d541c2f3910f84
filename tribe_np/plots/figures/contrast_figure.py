"""The figure of a contrast: what passes the threshold on four views, and below it what was compared across what.

And the time courses around the onsets, a panel for each of the strongest regions.
"""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from tribe_np.analysis.contrasts.contrasting import Contrast
from tribe_np.analysis.contrasts.observations import TimeCourses
from tribe_np.cortex.meshes.numbering import check_numbering, numbering_at_hand
from tribe_np.cortex.random_weights import RANDOM
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError
from tribe_np.plots.colours.colour_scale import colour_scale
from tribe_np.plots.figures.brains import folded_brain
from tribe_np.plots.figures.colour_bars import ScaleBar
from tribe_np.plots.figures.figure_files import own_settings
from tribe_np.plots.figures.given_axes import shown_views
from tribe_np.plots.figures.lettering import FONT
from tribe_np.plots.figures.overlays import ValueMap
from tribe_np.plots.figures.panels import Figure, Panel, draw_panels
from tribe_np.plots.figures.sheets import LETTERS, SMALL, TITLE, TWO_COLUMNS, Look, Sheet, draw_thin_lines, new_sheet
from tribe_np.plots.figures.surface_maps import beyond_limits
from tribe_np.shown import shown

CONTRAST_VIEWS = ("lateral", "medial", "ventral", "dorsal")  # faces and places are seen from below only
PANELS = 3  # regions whose time courses are drawn
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito's
ROW = 9  # points of a row of the legend
DASHES: tuple[Any, ...] = ("solid", (0, (4, 1.5)), (0, (1, 1.5)))  # once all colours are taken
BAND = 0.18  # opacity of a standard error
TITLE_LETTERS, NOTE_LETTERS = 100, 150  # that a figure is wide


def contrast_figure(result: Contrast) -> Any:
    """The matplotlib figure: z where q is below the level, or the effect where there is no t.

    Raises   ConfigError for voxels of a mask; MeshError, MissingDependencyError
    """
    series = result.series
    if not isinstance(series, SurfaceSeries):
        raise ConfigError("a contrast of voxels has no figure; `tribe-np plot` draws a map of them")
    views, look = shown_views(CONTRAST_VIEWS), Look(TWO_COLUMNS)
    brain = folded_brain(series.mesh, "half", views=views, subjects_dir=result.options.subjects_dir)
    check_numbering(series, numbering_at_hand(series.mesh, result.options.subjects_dir), brain.surface.origin)
    values, unit = _shown_values(result)
    known = values[np.isfinite(values)]
    overlay = bar = None
    if known.size:
        least = None if result.q is None else float(np.abs(known).min())
        scale = colour_scale(known, symmetric=True, threshold=least)
        whole = np.full(2 * series.per_hemisphere, np.nan)
        whole[series.columns] = values
        overlay = ValueMap(whole, scale, shown=None if least is None else np.isfinite(whole))
        bar = ScaleBar(scale, unit, beyond_limits(whole, scale), is_vertical=True)
    return draw_panels(
        brain, [Panel("", overlay)], views, look, Figure(shown(result.formula, TITLE_LETTERS), _note(result), bar)
    )


def _shown_values(result: Contrast) -> tuple[np.ndarray, str]:
    """What is drawn, (V,), NaN where nothing is; and what the colours are."""
    if result.q is None or result.maps.z is None:
        return result.maps.effect, "Effect (z-scored BOLD)"
    with np.errstate(invalid="ignore"):
        return np.where(result.q < result.options.level, result.maps.z, np.nan), "z score"


def _note(result: Contrast) -> str:
    """The lines below: across what, how many, what is shown."""
    counts = ", ".join(f"{name} {n}" for name, n in result.trials.items())
    level = f"{result.options.level:g}"
    if result.q is None:
        what = "Effect alone: one observation in a condition"
    elif result.n_significant:
        what = (
            f"{result.maps.test}; z where q < {level}: {result.n_significant:,} of {result.maps.n_vertices:,} vertices"
        )
    else:
        what = f"{result.maps.test}; no vertex has q < {level}, so that none is coloured"
    first = textwrap.wrap(f"{what}. Trials: {counts}", NOTE_LETTERS, break_on_hyphens=False)
    lines = [*first, f"{result.across[0].upper()}{result.across[1:]}"]
    return "\n".join([*lines, f"{RANDOM[0].upper()}{RANDOM[1:]}"] if RANDOM in result.warnings else lines)


def course_figure(result: Contrast) -> Any:
    """The matplotlib figure of the conditions around their onsets in the strongest regions; None without regions.

    Raises   MissingDependencyError
    """
    courses = result.region_courses
    if courses is None or result.regions is None:
        return None
    regions = result.regions
    entries = regions.by_strength()[:PANELS]
    if not entries:
        return None
    chosen = [i for i, name in enumerate(courses.conditions) if name in result.weights]
    look = Look(TWO_COLUMNS)
    unit = look.pixels(1)
    legend = _legend_rows(courses, chosen, look)
    more = (len(legend) - 1) * ROW * unit
    width, height = look.width_in_pixels, 175 * unit + more
    sheet = new_sheet(width, height, look)
    left, right, top, bottom, gap = 42 * unit, 6 * unit, 34 * unit, 44 * unit + more, 14 * unit
    each = (width - left - right - gap * (PANELS - 1)) / PANELS
    limits = _limits(courses, chosen, entries)
    with own_settings():
        for place, entry in enumerate(entries):
            x = left + place * (each + gap)
            axes = sheet.figure.add_axes((x / width, bottom / height, each / width, (height - top - bottom) / height))
            _draw_courses(axes, courses, chosen, entry, limits, look)
            axes.tick_params(labelleft=place == 0)  # all panels have one scale
            sheet.write(x + each / 2, top - 7 * unit, regions.name(entry), size=LETTERS)
    title = f"{shown(result.formula, TITLE_LETTERS - 25)}: means around the onset"
    sheet.write(width / 2, 8 * unit, title, size=TITLE, fontweight="bold")
    _write_legend(sheet, legend, height - 16 * unit, ROW * unit)
    sheet.write(8 * unit, height / 2, "z-scored BOLD", size=SMALL, rotation=90)
    caption = f"Mean and standard error over trials, {result.across}" + (
        f"; {RANDOM}" if RANDOM in result.warnings else ""
    )
    sheet.write(width / 2, height - 6 * unit, caption, size=SMALL, color=look.faint_ink)
    return sheet.figure


def _limits(courses: TimeCourses, chosen: Sequence[int], entries: Sequence[int]) -> tuple[float, float]:
    """One scale for all panels."""
    means, errors = (each[chosen][:, :, entries] for each in (courses.means, np.nan_to_num(courses.errors)))
    found = np.concatenate([(means - errors).ravel(), (means + errors).ravel()])
    found = found[np.isfinite(found)]
    if not found.size:
        return -1.0, 1.0
    low, high = float(found.min()), float(found.max())
    margin = 0.06 * ((high - low) or 1.0)
    return low - margin, high + margin


def _draw_courses(
    axes: Any, courses: TimeCourses, chosen: Sequence[int], entry: int, limits: tuple[float, float], look: Look
) -> None:
    for number, condition in enumerate(chosen):
        mean, error = courses.means[condition, :, entry], courses.errors[condition, :, entry]
        colour = LINES[number % len(LINES)]
        axes.fill_between(courses.offsets, mean - error, mean + error, color=colour, alpha=BAND, linewidth=0)
        dashes = DASHES[number // len(LINES) % len(DASHES)]
        axes.plot(courses.offsets, mean, color=colour, linewidth=1.0, linestyle=dashes, marker="o", markersize=1.8)
    axes.axvline(0, color=look.faint_ink, linewidth=0.5, linestyle=(0, (3, 2)))
    axes.axhline(0, color=look.faint_ink, linewidth=0.4)
    axes.set_ylim(*limits)
    draw_thin_lines(axes, look)
    axes.set_xlabel("Seconds of the stimulus from the onset", fontsize=SMALL, family=FONT, labelpad=2, color=look.ink)


def _legend_rows(courses: TimeCourses, chosen: Sequence[int], look: Look) -> list[list[tuple[str, int, float]]]:
    """The conditions as name, number and width in pixels, in as many rows as they take."""
    rows: list[list[tuple[str, int, float]]] = [[]]
    for number, i in enumerate(chosen):
        name = courses.conditions[i] + ("", " (dashed)", " (dotted)")[number // len(LINES) % len(DASHES)]
        width = look.pixels(LETTERS) * 0.62 * (len(name) + 3)
        if rows[-1] and sum(each for *_, each in rows[-1]) + width > look.width_in_pixels:
            rows.append([])
        rows[-1].append((name, number, width))
    return rows


def _write_legend(sheet: Sheet, rows: Sequence[Sequence[tuple[str, int, float]]], y: float, step: float) -> None:
    """The conditions in their colours, the last row at y."""
    for k, row in enumerate(reversed(rows)):
        x = (sheet.width - sum(width for *_, width in row)) / 2
        for name, number, width in row:
            colour = LINES[number % len(LINES)]
            sheet.write(x + width / 2, y - k * step, name, color=colour, size=LETTERS, fontweight="bold")
            x += width
