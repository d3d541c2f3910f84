"""One view of a brain in matplotlib axes: the picture, outlines of regions as lines, which side is which."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError
from tribe_np.optional import require
from tribe_np.plots.figures.brains import FoldedBrain
from tribe_np.plots.figures.lettering import FIGURE_WHY, write
from tribe_np.plots.figures.overlays import Overlay, painted
from tribe_np.plots.figures.sheets import INCH, SMALL
from tribe_np.plots.raster.raster import Raster

OUTLINE_WIDTH, THINNEST = 0.45, 0.12  # points
OF_VIEW, OF_REGION = 0.015, 0.08  # points for each mm of a view's width on paper, and of its regions'
OUTLINE_COLOUR = "#101010"


@dataclass(frozen=True, eq=False)
class DrawnView:
    """What axes show: their data coordinates are the raster's pixels."""

    axes: Any
    brain: FoldedBrain
    raster: Raster


def draw_view(axes: Any, brain: FoldedBrain, raster: Raster, overlay: Overlay | None) -> DrawnView:
    """The picture in the axes, without frame and ticks, in the right proportions."""
    picture = painted(brain, raster, overlay)
    axes.imshow(picture, extent=(0, raster.width, raster.height, 0), interpolation="antialiased", aspect="equal")
    axes.set_xlim(0, raster.width)
    axes.set_ylim(raster.height, 0)
    axes.set_axis_off()
    drawn = DrawnView(axes, brain, raster)
    axes.drawn_view = drawn
    return drawn


def drawn_view_of(axes: Any) -> DrawnView:
    """What `draw_view` drew in these axes.

    Raises   ConfigError for others
    """
    drawn = getattr(axes, "drawn_view", None)
    if not isinstance(drawn, DrawnView):
        raise ConfigError("these axes show no brain; draw one with plot_surf(..., axes=...) first")
    return drawn


def draw_outlines(
    drawn: DrawnView, region_of: np.ndarray, *, colour: str = OUTLINE_COLOUR, width: float | None = None
) -> Any:
    """The borders of regions as lines: vectors in SVG and PDF.

    Shapes   region_of (2 V,); negative is no region
    Units    width in points; None: what suits the number of regions and the size of the view
    """
    width = outline_width(drawn, region_of) if width is None else width
    lines = require("matplotlib.collections", extra="plot", why=FIGURE_WHY).LineCollection(
        drawn.brain.contours(drawn.raster, region_of),
        colors=colour,
        linewidths=width,
        capstyle="round",
        joinstyle="round",
    )
    return drawn.axes.add_collection(lines, autolim=False)


def outline_width(drawn: DrawnView, region_of: np.ndarray) -> float:
    """Points of a border: the smaller regions come out on paper, the thinner, so that their colours stay seen."""
    shown = drawn.raster.width / drawn.axes.figure.dpi * INCH
    n = max(1, len(np.unique(region_of[region_of >= 0])))
    return float(np.clip(min(OF_VIEW, OF_REGION / np.sqrt(n)) * shown, THINNEST, OUTLINE_WIDTH))


def draw_sides(drawn: DrawnView, ink: str) -> None:
    """L and R, each where its hemisphere is."""
    for side, (x, y), (ha, va) in _places_of_sides(drawn.raster):
        write(
            drawn.axes, x * drawn.raster.width, y * drawn.raster.height, side[0].upper(), size=SMALL, color=ink,
            ha=ha, va=va,
        )  # fmt: skip


def _places_of_sides(raster: Raster) -> Sequence[tuple[str, tuple[float, float], tuple[str, str]]]:
    sides = raster.view.hemispheres
    if len(sides) == 1:
        return [(sides[0], (0.0, 0.0), ("left", "top"))]
    coordinates = raster.surface.coordinates
    per_side = len(coordinates) // 2
    halves = (coordinates[:per_side], coordinates[per_side:])
    middles = raster.camera.place(np.stack([half.mean(axis=0) for half in halves]))[0]
    step = middles[1] - middles[0]
    if abs(step[0]) >= abs(step[1]):  # beside each other
        at, ends = 0.0, ("left", "right")
        left, right = (0.0, 1.0) if step[0] > 0 else (1.0, 0.0)
        return [("left", (left, at), (ends[int(left)], "top")), ("right", (right, at), (ends[int(right)], "top"))]
    left, right = (0.0, 1.0) if step[1] > 0 else (1.0, 0.0)
    ends = ("top", "bottom")
    return [("left", (0.0, left), ("left", ends[int(left)])), ("right", (0.0, right), ("left", ends[int(right)]))]
