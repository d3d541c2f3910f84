"""What colours mean: a thin bar with few ticks, the triangle of three mixed colours, and upstream's cube of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError
from tribe_np.optional import require
from tribe_np.plots.colours.colour_scale import ColourScale
from tribe_np.plots.figures.lettering import FIGURE_WHY, FONT
from tribe_np.plots.figures.sheets import LETTERS, SMALL, TITLE, Look, Sheet, new_sheet

GREY = 0.66  # of the folds under a map, in the middle between gyri and sulci
THICK, LONG, TICK, LINE = 4.5, 90.0, 2.0, 0.4  # points
CLOSEST = 0.12  # of the range between two ticks
LETTER = 0.62  # width of a letter, of its height
MINUS = "\N{MINUS SIGN}"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, eq=False)
class ScaleBar:
    """The bar of a scale; its ends are pointed where values lie beyond the limits.

    Units    pixels in `size` and `draw`
    """

    scale: ColourScale
    title: str = ""
    is_pointed: tuple[bool, bool] = (False, False)
    is_vertical: bool = False

    def size(self, look: Look) -> tuple[int, int]:
        """Width and height with ticks and title."""
        if self.is_vertical:
            wide = THICK + TICK + SMALL * LETTER * _longest(self.scale) + (SMALL + LETTERS if self.title else 0)
            return look.pixels(wide), look.pixels(LONG * 0.75)
        return look.pixels(LONG + 20), look.pixels(THICK + TICK + SMALL * 1.3 + (LETTERS * 1.4 if self.title else 0))

    def draw(self, sheet: Sheet, box: tuple[float, ...]) -> None:
        """The bar in the middle of a box: x, y, width and height."""
        x, y, width, height = box
        look = sheet.look
        thick, long = look.pixels(THICK), look.pixels(LONG * (0.6 if self.is_vertical else 1))
        beside, below = (x, y + (height - long) / 2, thick, long), (x + (width - long) / 2, y, long, thick)
        at = beside if self.is_vertical else below
        _draw_bar(sheet.axes(*at), self, long, thick, look)
        self._draw_ticks(sheet, *at)

    def _draw_ticks(self, sheet: Sheet, x: float, y: float, width: float, height: float) -> None:
        look, (start, long) = sheet.look, _inner(self, max(width, height), min(width, height))
        tick, letter = look.pixels(TICK), look.pixels(SMALL)
        for value in ticks_of(self.scale, CLOSEST if self.is_vertical else _wide_as_text(self.scale)):
            along = start + long * (value - self.scale.low) / (self.scale.high - self.scale.low)
            if self.is_vertical:
                sheet.write(x + width + tick, y + height - along, tick_text(value), size=SMALL, ha="left")
            else:
                sheet.write(x + along, y + height + tick, tick_text(value), size=SMALL, va="top")
        if self.title and self.is_vertical:
            beyond = letter * (LETTER * _longest(self.scale) + 1.0)
            sheet.write(x + width + tick + beyond, y + height / 2, self.title, rotation=90)
        elif self.title:
            sheet.write(x + width / 2, y + height + tick + letter * 1.45, self.title, va="top")


def _inner(bar: ScaleBar, long: float, thick: float) -> tuple[float, float]:
    """Where the colours begin between the points of a bar, and how long they are."""
    first, last = (thick * 0.8 * pointed for pointed in bar.is_pointed)
    return first, long - first - last


def _draw_bar(axes: Any, bar: ScaleBar, long: float, thick: float, look: Look) -> None:
    """Colours as they look on the brain, over grey, with a thin line around."""
    start, inner = _inner(bar, long, thick)
    end, middle = start + inner, thick / 2
    colours = seen_colours(bar.scale)
    spans = ((start, end), (0.0, thick))
    across, upwards = spans[::-1] if bar.is_vertical else spans
    strip = colours[:, None] if bar.is_vertical else colours[None]
    axes.imshow(strip, extent=(*across, *upwards), origin="lower", aspect="auto", interpolation="nearest")
    polygon = require("matplotlib.patches", extra="plot", why=FIGURE_WHY).Polygon
    step = -1 if bar.is_vertical else 1
    low_end, high_end = [(start, 0), (0, middle), (start, thick)], [(end, thick), (long, middle), (end, 0)]
    for colour, points in ((colours[0], low_end), (colours[-1], high_end)):
        axes.add_patch(polygon([point[::step] for point in points], facecolor=colour, edgecolor="none"))
    around = [point[::step] for point in (*low_end, *high_end)]
    axes.add_patch(polygon(around, fill=False, edgecolor=look.ink, linewidth=LINE, clip_on=False))
    width, height = (long, thick)[::step]
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)


def seen_colours(scale: ColourScale) -> np.ndarray:
    """The 256 colours of a scale as they look over the folds, (256, 3) in 0..1; grey where nothing is shown."""
    n = len(scale.table)
    rgba = scale.rgba(scale.low + (np.arange(n) + 0.5) / n * (scale.high - scale.low))
    seen: np.ndarray = rgba[:, :3] * rgba[:, 3:] + GREY * (1 - rgba[:, 3:])
    return seen


def ticks_of(scale: ColourScale, closest: float = CLOSEST) -> list[float]:
    """The limits, 0 between them, and the threshold on both sides, as far as they are apart: `closest` of the range."""
    found = [scale.low, scale.high]
    limit = scale.threshold or 0.0
    apart = closest * (scale.high - scale.low)
    for value in (limit, -limit) if limit else (0.0,):
        if scale.low < value < scale.high and min(abs(value - other) for other in found) > apart:
            found.append(value)
    return sorted(found)


def _longest(scale: ColourScale) -> int:
    """Letters of the longest tick."""
    return max(len(tick_text(value)) for value in ticks_of(scale))


def _wide_as_text(scale: ColourScale) -> float:
    """How much of a lying bar's range a tick's text takes."""
    return max(CLOSEST, SMALL * LETTER * (_longest(scale) + 1) / LONG)


def tick_text(value: float) -> str:
    """A number in three digits, as it is printed.

    >>> [tick_text(value) for value in (-2.581, 0.0, 1500.0, 0.00001234)]
    ['−2.58', '0', '1500', '1.23·10⁻⁵']
    """
    if value == 0:
        return "0"
    text = f"{value:.0f}" if 1000 <= abs(value) < 100_000 else f"{value:.3g}"
    digits, _, power = text.replace("-", MINUS, 1).partition("e") if value < 0 else text.partition("e")
    return f"{digits}·10{str(int(power)).translate(SUPERSCRIPTS)}" if power else digits


def plot_rgb_colorbar(n_cubes: int = 4, alpha: float = 1, labels: Sequence[str] = ("Text", "Audio", "Video")) -> Any:
    """A matplotlib figure of the cube of colours that three maps mix to, with an axis a map.

    Raises   ConfigError for fewer than two cubes an edge, or not three labels
    Source   tribev2 7239908 plotting.utils.plot_rgb_colorbar
    """
    if n_cubes < 2 or len(labels) != 3:
        raise ConfigError(f"expected at least 2 cubes an edge and 3 labels, got {n_cubes} and {len(labels)}")
    require("mpl_toolkits.mplot3d", extra="plot", why=FIGURE_WHY)  # the projection "3d"
    sheet = new_sheet(1200, 800, Look(width=101.6))
    axes = sheet.figure.add_subplot(projection="3d", proj_type="persp", focal_length=0.15)
    steps = np.linspace(0, 1, n_cubes)
    corners = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    edge = 0.6 / (n_cubes - 1)
    for corner in corners:
        axes.bar3d(*(corner - edge / 2), edge, edge, edge, color=tuple(corner), alpha=alpha, edgecolor="none")
    for axis, (label, colour) in enumerate(zip(labels, ("red", "green", "blue"), strict=True)):
        tip = np.eye(3)[axis]
        axes.quiver(0, 0, 0, *(1.4 * tip), color=sheet.look.ink, arrow_length_ratio=0.1, linewidth=1)
        axes.text(
            *(1.55 * tip), label, fontsize=TITLE + 2, color=colour, fontweight="bold", ha="center", va="center",
            parse_math=False, family=FONT,
        )  # fmt: skip
    axes.set_axis_off()
    axes.view_init(elev=45, azim=45)
    axes.set_box_aspect(None, zoom=1.05)
    return sheet.figure


def mappable_of(scale: ColourScale) -> Any:
    """matplotlib's ScalarMappable of a scale, for `figure.colorbar`: colours as they look over the folds."""
    colours = require("matplotlib.colors", extra="plot", why=FIGURE_WHY)
    kind = require("matplotlib.cm", extra="plot", why=FIGURE_WHY).ScalarMappable
    made = kind(colours.Normalize(scale.low, scale.high), colours.ListedColormap(seen_colours(scale), scale.name))
    made.set_array([])
    return made
