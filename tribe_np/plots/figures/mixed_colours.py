"""What mixed colours mean: the triangle between three maps, the strip between two, or a swatch for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.optional import require
from tribe_np.plots.figures.lettering import WHY
from tribe_np.plots.figures.sheets import SMALL, Look, Sheet

SIDE = 34.0  # points of the triangle, or of the strip
STRIP = 4.5
CORNERS = np.array([[0.5, 0.0], [0.0, 1.0], [1.0, 1.0]])  # of red, green and blue, x to the right and y downwards


@dataclass(frozen=True, eq=False)
class MixLegend:
    """Names of two or three maps whose colours are mixed; beside the brain or, without `is_vertical`, below it."""

    labels: Sequence[str]
    is_vertical: bool = False

    def size(self, look: Look) -> tuple[int, int]:
        """Width and height with the names."""
        if len(self.labels) == 2:
            return look.pixels(SIDE * 2), look.pixels(STRIP + SMALL * 1.6)
        lowest = SMALL * 0.62 * (len(self.labels[1]) + len(self.labels[2])) / 2
        return look.pixels(SIDE + lowest), look.pixels(SIDE * 0.87 + SMALL * 3.2)

    def draw(self, sheet: Sheet, box: tuple[float, ...]) -> None:
        """The legend in the middle of a box: x, y, width and height."""
        x, y, width, height = box
        look = sheet.look
        y += (height - self.size(look)[1]) / 2
        letter = look.pixels(SMALL)
        if len(self.labels) == 2:
            wide = look.pixels(SIDE * 2)
            left = x + (width - wide) / 2
            share = np.linspace(0, 1, 256)
            _fill(
                sheet.axes(left, y, wide, look.pixels(STRIP)), _mixed(np.stack([1 - share, share, 0 * share], 1))[None]
            )
            for at, label, ha in ((left, self.labels[0], "left"), (left + wide, self.labels[1], "right")):
                sheet.write(at, y + look.pixels(STRIP) + letter * 0.3, label, size=SMALL, ha=ha, va="top")
            return
        side = look.pixels(SIDE)
        left, top, tall = x + (width - side) / 2, y + letter * 1.4, round(side * 0.87)
        _fill(sheet.axes(left, top, side, tall), _triangle(side, tall))
        sheet.write(left + side / 2, top - letter * 0.3, self.labels[0], size=SMALL, va="bottom")
        sheet.write(left, top + tall + letter * 0.3, self.labels[1], size=SMALL, va="top")
        sheet.write(left + side, top + tall + letter * 0.3, self.labels[2], size=SMALL, va="top")


@dataclass(frozen=True, eq=False)
class SwatchLegend:
    """A colour and a name for each of several maps, in one line below the brain."""

    labels: Sequence[str]
    colours: np.ndarray  # (n, 3)
    is_vertical: bool = False

    def size(self, look: Look) -> tuple[int, int]:
        """Width and height."""
        return look.pixels(sum(self._widths())), look.pixels(SMALL * 1.6)

    def _widths(self) -> list[float]:
        return [SMALL * (2.6 + 0.62 * len(label)) for label in self.labels]

    def draw(self, sheet: Sheet, box: tuple[float, ...]) -> None:
        """The legend in the middle of a box: x, y, width and height."""
        x, y, width, _ = box
        look, letter = sheet.look, sheet.look.pixels(SMALL)
        x += (width - self.size(look)[0]) / 2
        for label, colour, wide in zip(self.labels, self.colours, self._widths(), strict=True):
            _fill(sheet.axes(x, y + letter * 0.3, letter, letter), np.asarray(colour)[None, None])
            sheet.write(x + letter * 1.4, y + letter * 0.8, label, size=SMALL, ha="left")
            x += look.pixels(wide)


Legend = MixLegend | SwatchLegend


def _fill(axes: Any, picture: np.ndarray) -> None:
    axes.imshow(picture, aspect="auto", interpolation="nearest")
    if picture.shape[2] == 3:
        rectangle = require("matplotlib.patches", extra="plot", why=WHY).Rectangle
        axes.add_patch(rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False, linewidth=0.4, edgecolor="0.3"))


def _mixed(weights: np.ndarray) -> np.ndarray:
    """Colours at their brightest for shares (..., 3)."""
    brightest: np.ndarray = weights / np.maximum(weights.max(axis=-1, keepdims=True), 1e-9)
    return brightest


def _triangle(width: int, height: int) -> np.ndarray:
    """The triangle between the corners' colours, (height, width, 4), with soft edges."""
    y, x = np.mgrid[:height, :width]
    y, x = (y + 0.5) / height, (x + 0.5) / width
    red = 1 - y
    blue = x - CORNERS[0, 0] * red
    weights = np.stack([red, 1 - red - blue, blue], axis=-1)
    inside = np.clip(weights.min(axis=-1) * width + 0.5, 0, 1)
    colours = _mixed(np.clip(weights, 0, 1))
    return np.concatenate([colours, inside[..., None]], axis=-1)
