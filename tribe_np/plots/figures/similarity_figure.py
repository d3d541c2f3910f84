"""Heat maps of how alike stimuli are: one square for the maps, and one for the courses where those were compared."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tribe_np.optional import require
from tribe_np.plots.colours.colour_maps import DIVERGING
from tribe_np.plots.figures.figure_files import own_settings
from tribe_np.plots.figures.lettering import write

SIMILARITY_WHY = "the heat map of compare (leave it out with --no-figure)"
INCH = 25.4
CELL_MM, SMALLEST_CELL_MM, LARGEST_CELL_MM = 110.0, 2.2, 13.0  # a square; a cell of it at the most and the least
MOST_WITH_NUMBERS = 16  # stimuli; more and the numbers would be too small to read
LONGEST_NAME = 28
LETTER = 0.56  # width of a letter, of its height
POINT_MM = 0.3528
LABEL_POINTS = (4.5, 8.0)
NOT_A_NUMBER = "#b8b8b8"
TITLE_POINTS, NOTE_POINTS = 9.0, 6.0
MARGIN_MM = 5.0
BAR_MM, BAR_ROOM_MM = 3.0, 18.0
DPI = 200


def similarity_figure(names: Sequence[str], matrices: Sequence[tuple[str, np.ndarray]], *, note: str = "") -> Any:
    """A matplotlib figure with a heat map (N, N) for each (title, matrix), colours from -1 to 1, one bar for all.

    Up to `MOST_WITH_NUMBERS` stimuli have their numbers in the cells; what is no number is grey.
    Raises   MissingDependencyError without matplotlib
    """
    figures = require("matplotlib.figure", extra="plot", why=SIMILARITY_WHY)
    with own_settings():
        layout = _Layout(names, [title for title, _ in matrices], note)
        figure = figures.Figure(figsize=(layout.width / INCH, layout.height / INCH), dpi=DPI, facecolor="white")
        for place, (title, matrix) in enumerate(matrices):
            image = _square(figure, layout, place, title, matrix)
        bar = figure.colorbar(image, cax=figure.add_axes(layout.bar()), ticks=[-1, -0.5, 0, 0.5, 1])
        bar.ax.tick_params(labelsize=7, length=2, width=0.5)
        bar.outline.set_linewidth(0.5)
        if note:
            write(
                figure,
                MARGIN_MM / layout.width,
                3.0 / layout.height,
                note,
                size=NOTE_POINTS,
                va="center",
                color="#444444",
            )
    return figure


class _Layout:
    """Where things stand, in mm from the lower left."""

    def __init__(self, names: Sequence[str], titles: Sequence[str], note: str) -> None:
        n = len(names)
        self.labels = short_labels(names)
        self.cell = min(LARGEST_CELL_MM, max(SMALLEST_CELL_MM, CELL_MM / n))
        self.side = self.cell * n
        self.points = float(np.clip(0.75 * self.cell / POINT_MM, *LABEL_POINTS))
        self.room = max(map(len, self.labels)) * LETTER * self.points * POINT_MM + 3
        self.below = MARGIN_MM + (5 if note else 0) + self.room
        of_title = max(map(len, titles)) * LETTER * TITLE_POINTS * POINT_MM
        self.step = MARGIN_MM + max(self.room + self.side, of_title)
        last = MARGIN_MM + (len(titles) - 1) * self.step + self.room
        self.right = last + self.side + MARGIN_MM
        of_note = 2 * MARGIN_MM + len(note) * LETTER * NOTE_POINTS * POINT_MM
        self.width = max(self.right + BAR_ROOM_MM, last + of_title + MARGIN_MM, of_note)
        self.height = self.below + self.side + 9

    def square(self, place: int) -> tuple[float, float, float, float]:
        """The axes of a heat map, as shares of the figure."""
        left = MARGIN_MM + place * self.step + self.room
        return left / self.width, self.below / self.height, self.side / self.width, self.side / self.height

    def bar(self) -> tuple[float, float, float, float]:
        """The axes of the colour bar."""
        height = min(self.side, 60.0)
        return (
            self.right / self.width, (self.below + (self.side - height) / 2) / self.height, BAR_MM / self.width,
            height / self.height,
        )  # fmt: skip


def _square(figure: Any, layout: _Layout, place: int, title: str, matrix: np.ndarray) -> Any:
    axes = figure.add_axes(layout.square(place))
    axes.set_facecolor(NOT_A_NUMBER)
    image = axes.imshow(
        np.ma.masked_invalid(matrix), vmin=-1, vmax=1, cmap=DIVERGING, interpolation="nearest", aspect="equal"
    )
    n = len(matrix)
    axes.set_xticks(range(n), labels=[""] * n)
    axes.set_yticks(range(n), labels=[""] * n)
    axes.tick_params(length=1.5, width=0.4)
    for spine in axes.spines.values():
        spine.set_linewidth(0.5)
    gap = 0.5 + 1.2 / layout.cell  # of a cell, from the middle of the first one
    for number, label in enumerate(layout.labels):
        write(axes, -gap, number, label, size=layout.points, ha="right", va="center")
        write(axes, number, n - 1 + gap, label, size=layout.points, ha="center", va="top", rotation=90)
    write(axes, -0.5, -0.5 - 2.0 / layout.cell, title, size=TITLE_POINTS, ha="left", va="bottom")
    if n <= MOST_WITH_NUMBERS:
        _numbers(axes, matrix, size=min(7.5, 0.3 * layout.cell / POINT_MM))
    return image


def _numbers(axes: Any, matrix: np.ndarray, *, size: float) -> None:
    for (row, column), value in np.ndenumerate(matrix):
        colour = "white" if np.isfinite(value) and abs(value) > 0.7 else "black"
        shown = f"{value:.2f}".replace("-0.00", "0.00") if np.isfinite(value) else "n/a"
        write(axes, column, row, shown, size=size, ha="center", va="center", color=colour)


def short_labels(names: Sequence[str], most: int = LONGEST_NAME) -> list[str]:
    """The names, each once, in at most about `most` letters: long ones lose their middle, and equal ones get numbers.

    >>> short_labels(["a_very_long_name_of_film_1", "a_very_long_name_of_film_2", "b"], 12)
    ['a_ver…film_1', 'a_ver…film_2', 'b']
    """
    cut = [name if len(name) <= most else f"{name[: (most - 1) // 2]}…{name[-(most // 2) :]}" for name in names]
    return [f"{label} ({cut[: place + 1].count(label)})" if cut.count(label) > 1 else label
            for place, label in enumerate(cut)]  # fmt: skip
