"""A figure measured in its own pixels: boxes and text at exact places, so that a raster's pixels are the figure's.

matplotlib.pyplot is never touched: no display, no global figure, no window.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from tribe_np.errors import ConfigError
from tribe_np.optional import require
from tribe_np.plots.figures.figure_files import own_settings, png_bytes
from tribe_np.plots.figures.lettering import FIGURE_WHY, FONT, write
from tribe_np.shown import quoted

ONE_COLUMN, TWO_COLUMNS = 85.0, 180.0  # mm, of most journals
DPI = 300.0
INCH, POINTS = 25.4, 72.0
TITLE, LETTERS, SMALL = 7.0, 6.5, 6.0  # points
MOST_DPI, WIDEST = 2400.0, 1000.0
DARK = 0.45  # lightness below which ink is white


@dataclass(frozen=True)
class Look:
    """How a figure looks beside what it shows.

    Units    width in mm; background a colour that matplotlib knows, or "transparent"
    """

    width: float = ONE_COLUMN
    dpi: float = DPI
    background: str = "white"

    def __post_init__(self) -> None:
        if not 10 <= self.width <= WIDEST:
            raise ConfigError(f"a figure is 10 to {WIDEST:g} mm wide, got {self.width:g}")
        if not 30 <= self.dpi <= MOST_DPI:
            raise ConfigError(f"a figure has 30 to {MOST_DPI:g} dots per inch, got {self.dpi:g}")
        self.colour()

    @property
    def is_transparent(self) -> bool:
        """Whether there is nothing behind the brain."""
        return self.background in ("transparent", "none")

    def colour(self) -> tuple[float, float, float]:
        """The background's red, green and blue in 0..1; white where it is transparent.

        Raises   ConfigError for no colour
        """
        colours = require("matplotlib.colors", extra="plot", why=FIGURE_WHY)
        try:
            red, green, blue = colours.to_rgb("white" if self.is_transparent else self.background)
        except ValueError:
            raise ConfigError(
                f"background {quoted(self.background)} is no colour; expected white, black, transparent or one such as "
                "#1a1a2e"
            ) from None
        return float(red), float(green), float(blue)

    @property
    def is_dark(self) -> bool:
        """Whether ink must be light."""
        red, green, blue = self.colour()
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue < DARK

    @property
    def ink(self) -> str:
        """The colour of text."""
        return "#f2f2f2" if self.is_dark else "#111111"

    @property
    def faint_ink(self) -> str:
        """The colour of what is said in passing."""
        return "#b0b0b0" if self.is_dark else "#666666"

    def pixels(self, points: float) -> int:
        """Whole pixels of a length in points."""
        return round(points / POINTS * self.dpi)

    @property
    def width_in_pixels(self) -> int:
        """The figure's width."""
        return round(self.width / INCH * self.dpi)


@dataclass(frozen=True, eq=False)
class Sheet:
    """A matplotlib figure, and its size in pixels; places are counted from its upper left corner."""

    figure: Any
    width: int
    height: int
    look: Look

    def axes(self, x: float, y: float, width: float, height: float) -> Any:
        """Axes without frame or ticks at a place."""
        box = (x / self.width, 1 - (y + height) / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(box)
        axes.set_axis_off()
        return axes

    def write(self, x: float, y: float, text: str, *, size: float = LETTERS, **settings: Any) -> Any:
        """Text at a place."""
        settings = {"color": self.look.ink, "ha": "center", "va": "center"} | settings
        return write(self.figure, x / self.width, 1 - y / self.height, text, size=size, **settings)


def new_sheet(width: int, height: int, look: Look) -> Sheet:
    """An empty figure of so many pixels. A notebook shows it when it is the last thing of a cell."""
    figure_class = require("matplotlib.figure", extra="plot", why=FIGURE_WHY).Figure
    with own_settings():
        figure = figure_class(figsize=(width / look.dpi, height / look.dpi), dpi=look.dpi)
    require("matplotlib.backends.backend_agg", extra="plot", why=FIGURE_WHY).FigureCanvasAgg(figure)
    figure.patch.set_facecolor("none" if look.is_transparent else look.colour())
    figure._repr_png_ = partial(png_bytes, figure)
    return Sheet(figure, width, height, look)


def draw_thin_lines(axes: Any, look: Look) -> None:
    """Axes of a curve: thin lines to the left and below, small numbers."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_linewidth(0.5)
        axes.spines[side].set_color(look.ink)
    axes.tick_params(width=0.5, length=2, labelsize=SMALL, labelfontfamily=FONT, pad=2, colors=look.ink)
