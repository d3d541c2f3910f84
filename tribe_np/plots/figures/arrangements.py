"""Where the views of a brain stand beside each other, all at one scale: places in mm of the brain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tribe_np.plots.figures.brains import Brain
from tribe_np.plots.views import View

BETWEEN = 5.0  # mm between two views
FLAT = 0.6  # of a flat map's own size, beside others


@dataclass(frozen=True)
class Cell:
    """A view and its box, from the upper left corner, in mm; a flat map is shown smaller than the brain, by `scale`."""

    view: View
    x: float
    y: float
    width: float
    height: float
    scale: float = 1.0


@dataclass(frozen=True)
class Arrangement:
    """Boxes of views, and the size of all together in mm."""

    cells: tuple[Cell, ...]
    n_columns: int
    width: float
    height: float


def rows_of_views(views: Sequence[View], *, is_wide: bool) -> list[tuple[View, ...]]:
    """Up to three views in one row; more in rows of two, or of four where there is width; flat maps in the last row.

    Of four in a wide row the lateral views stand outside, as papers have them.
    """
    flat = tuple(view for view in views if view.is_flat)
    solid = [view for view in views if not view.is_flat]
    n = len(solid)
    per_row = max(1, n) if n <= 3 else (4 if is_wide else 2)
    rows = [tuple(solid[i : i + per_row]) for i in range(0, n, per_row)]
    return [_lateral_outside(row) for row in rows] + ([flat] if flat else [])


def _lateral_outside(row: tuple[View, ...]) -> tuple[View, ...]:
    """left, right, medial left, medial right as left, medial left, medial right, right."""
    is_four = [(view.name.startswith("medial"), view.hemispheres) for view in row] == [
        (False, ("left",)), (False, ("right",)), (True, ("left",)), (True, ("right",)),
    ]  # fmt: skip
    return (row[0], row[2], row[3], row[1]) if is_four else row


def arrange(brain: Brain, rows: Sequence[Sequence[View]], between: float = BETWEEN) -> Arrangement:
    """The rows below each other. Columns are as wide as their widest view; flat maps have rows of their own width."""
    sizes = {view: brain.size(view) for row in rows for view in row}
    solid = [row for row in rows if not any(view.is_flat for view in row)]
    n_columns = max(len(row) for row in rows)
    columns = [max(sizes[row[i]][0] for row in solid if i < len(row)) for i in range(max(map(len, solid), default=0))]
    whole = (
        sum(columns) + between * (len(columns) - 1) if columns else max(_length(row, sizes, between) for row in rows)
    )
    cells, y = [], 0.0
    for row in rows:
        is_solid = row in solid
        scale = 1.0 if is_solid else min(FLAT if columns else 1.0, whole / _length(row, sizes, between))
        widths = columns[: len(row)] if is_solid else [sizes[view][0] * scale for view in row]
        x = (whole - sum(widths) - between * (len(row) - 1)) / 2
        height = max(sizes[view][1] for view in row) * scale
        for view, column in zip(row, widths, strict=True):
            own = sizes[view][0] * scale, sizes[view][1] * scale
            cells.append(Cell(view, x + (column - own[0]) / 2, y + (height - own[1]) / 2, *own, scale))
            x += column + between
        y += height + between
    return Arrangement(tuple(cells), n_columns, whole, y - between)


def _length(row: Sequence[View], sizes: Mapping[View, tuple[float, float]], between: float) -> float:
    return sum(sizes[view][0] for view in row) + between * (len(row) - 1)
