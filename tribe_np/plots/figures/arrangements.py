"""Where the views of a brain stand beside each other, all at one scale: places in mm of the brain."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from tribe_np.plots.figures.brains import Brain
from tribe_np.plots.views import View

BETWEEN = 5.0  # mm between two views


@dataclass(frozen=True)
class Cell:
    """A view and its box, from the upper left corner, in mm."""

    view: View
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Arrangement:
    """Boxes of views, and the size of all together in mm."""

    cells: tuple[Cell, ...]
    n_columns: int
    width: float
    height: float


def rows_of_views(views: Sequence[View], *, is_wide: bool) -> list[tuple[View, ...]]:
    """Up to three views in one row; more in rows of two, or of four where there is width.

    Of four in a wide row the lateral views stand outside, as papers have them.
    """
    n = len(views)
    per_row = n if n <= 3 else (4 if is_wide else 2)
    per_row = ceil(n / ceil(n / per_row))
    rows = [tuple(views[i : i + per_row]) for i in range(0, n, per_row)]
    return [_lateral_outside(row) for row in rows]


def _lateral_outside(row: tuple[View, ...]) -> tuple[View, ...]:
    """left, right, medial left, medial right as left, medial left, medial right, right."""
    is_four = [(view.name.startswith("medial"), view.hemispheres) for view in row] == [
        (False, ("left",)), (False, ("right",)), (True, ("left",)), (True, ("right",)),
    ]  # fmt: skip
    return (row[0], row[2], row[3], row[1]) if is_four else row


def arrange(brain: Brain, rows: Sequence[Sequence[View]], between: float = BETWEEN) -> Arrangement:
    """The rows below each other; columns are as wide as their widest view, and a shorter last row is in the middle."""
    sizes = [[brain.size(view) for view in row] for row in rows]
    n_columns = max(len(row) for row in rows)
    widths = [max(row[column][0] for row in sizes if column < len(row)) for column in range(n_columns)]
    whole = sum(widths) + between * (n_columns - 1)
    cells, y = [], 0.0
    for row, row_sizes in zip(rows, sizes, strict=True):
        own = widths[: len(row)]
        x = (whole - sum(own) - between * (len(row) - 1)) / 2
        height = max(size[1] for size in row_sizes)
        for view, column_width in zip(row, own, strict=True):
            cells.append(Cell(view, x, y, column_width, height))
            x += column_width + between
        y += height + between
    return Arrangement(tuple(cells), n_columns, whole, y - between)
