"""A figure of one or several maps: the same views of each, one scale, one legend, nothing wasted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from tribe_np.plots.figures.arrangements import Arrangement, arrange, rows_of_views
from tribe_np.plots.figures.brains import FoldedBrain
from tribe_np.plots.figures.colour_bars import ScaleBar
from tribe_np.plots.figures.drawn_views import DrawnView, draw_sides, draw_view
from tribe_np.plots.figures.mixed_colours import Legend
from tribe_np.plots.figures.overlays import Overlay
from tribe_np.plots.figures.region_labels import RegionMarks
from tribe_np.plots.figures.sheets import LETTERS, SMALL, TITLE, Look, Sheet, new_sheet
from tribe_np.plots.views import View

EDGE, GAP_ACROSS, GAP_DOWN = 3.0, 8.0, 6.0  # points: around all, between maps
WIDE = 120.0  # mm from which four views stand in a row
SMALLEST_VIEW = 19.0  # mm of a view in a mosaic


@dataclass(frozen=True, eq=False)
class Panel:
    """One map; without an overlay the brain is bare."""

    title: str
    overlay: Overlay | None


@dataclass(frozen=True, eq=False)
class Figure:
    """What stands around the maps: all that is written, and what the colours mean."""

    title: str = ""
    note: str = ""  # in small letters under all
    legend: ScaleBar | Legend | None = None
    shows_sides: bool = True


@dataclass(frozen=True)
class _Plan:
    """Sizes in pixels."""

    block: Arrangement
    n_columns: int
    n_rows: int
    per_mm: float
    left: float
    top: float
    step: tuple[float, float]
    titles: int
    height: int
    legend_box: tuple[float, ...]


def draw_panels(
    brain: FoldedBrain,
    panels: Sequence[Panel],
    views: Sequence[View],
    look: Look,
    around: Figure,
    *,
    n_columns: int | None = None,
    marks: RegionMarks | None = None,
) -> Any:
    """The matplotlib figure; borders of regions are drawn on every map, their names on the first."""
    plan = _plan(brain, panels, views, look, around, n_columns)
    sheet = new_sheet(look.width_in_pixels, plan.height, look)
    written: set[str] = set()
    for number, panel in enumerate(panels):
        row, column = divmod(number, plan.n_columns)
        x, y = plan.left + column * plan.step[0], plan.top + row * plan.step[1]
        if panel.title:
            middle = x + plan.block.width * plan.per_mm / 2
            sheet.write(middle, y + plan.titles * 0.45, panel.title, size=LETTERS)
        for drawn in _draw_block(sheet, brain, panel, plan, (x, y + plan.titles)):
            if marks is not None:
                written |= marks.draw(drawn, has_names=number == 0)
            if around.shows_sides and number == 0:
                draw_sides(drawn, look.faint_ink)
    if around.legend is not None:
        around.legend.draw(sheet, plan.legend_box)
    edge = look.pixels(EDGE)
    if around.title:
        sheet.write(sheet.width / 2, edge + look.pixels(TITLE) * 0.6, around.title, size=TITLE, fontweight="bold")
    if around.note:
        sheet.write(sheet.width / 2, sheet.height - edge, around.note, size=SMALL, color=look.faint_ink, va="bottom")
    sheet.figure.odd = () if marks is None else tuple(marks.unwritten(written))
    return sheet.figure


def odd_of(figure: Any) -> tuple[str, ...]:
    """What a person should know of a figure of this room."""
    return tuple(getattr(figure, "odd", ()))


def _draw_block(
    sheet: Sheet, brain: FoldedBrain, panel: Panel, plan: _Plan, corner: tuple[float, float]
) -> Iterator[DrawnView]:
    """The views of one map."""
    for cell in plan.block.cells:
        width, height = ceil(cell.width * plan.per_mm) + 2, ceil(cell.height * plan.per_mm) + 2
        raster = brain.raster(cell.view, width, height, 1 / (plan.per_mm * cell.scale))
        x, y = corner[0] + cell.x * plan.per_mm - 1, corner[1] + cell.y * plan.per_mm - 1
        yield draw_view(sheet.axes(round(x), round(y), width, height), brain, raster, panel.overlay)


def _plan(
    brain: FoldedBrain,
    panels: Sequence[Panel],
    views: Sequence[View],
    look: Look,
    around: Figure,
    n_columns: int | None,
) -> _Plan:  # fmt: skip
    is_one = len(panels) == 1
    rows = rows_of_views(views, is_wide=is_one and look.width >= WIDE)
    block = arrange(brain, rows)
    n_columns = n_columns or _columns(len(panels), block.n_columns, look.width)
    n_rows = ceil(len(panels) / n_columns)
    edge, across, down = (look.pixels(points) for points in (EDGE, GAP_ACROSS, GAP_DOWN))
    legend = (0, 0) if around.legend is None else around.legend.size(look)
    is_beside = around.legend is not None and around.legend.is_vertical
    taken = 2 * edge + (n_columns - 1) * across + (legend[0] + across if is_beside else 0)
    per_mm = (look.width_in_pixels - taken) / (n_columns * block.width)
    titles = look.pixels(LETTERS * 1.6) * max(len(panel.title.splitlines()) for panel in panels)
    top = edge + (look.pixels(TITLE * 1.7) if around.title else 0)
    step = (block.width * per_mm + across, block.height * per_mm + titles + down)
    bottom = top + n_rows * step[1] - down
    box: tuple[float, ...] = (edge, bottom + down, look.width_in_pixels - 2 * edge, legend[1])
    if is_beside:
        box = (look.width_in_pixels - edge - legend[0], top, legend[0], bottom - top)
    elif around.legend is not None:
        bottom += legend[1] + down
    note = look.pixels(SMALL * 1.6) * (around.note.count("\n") + 1) if around.note else 0
    return _Plan(block, n_columns, n_rows, per_mm, edge, top, step, titles, ceil(bottom + edge + note), box)


def _columns(n_panels: int, n_views: int, width: float) -> int:
    """Columns in which every view keeps `SMALLEST_VIEW`, and rows are as full as they can be."""
    most = max(1, int(width / (SMALLEST_VIEW * n_views)))
    return ceil(n_panels / ceil(n_panels / most))


def legend_is_beside(views: Sequence[View], n_panels: int, look: Look) -> bool:
    """Whether all stands in one row, so that a bar on the right takes no height."""
    return n_panels == 1 and len(rows_of_views(views, is_wide=look.width >= WIDE)) == 1
