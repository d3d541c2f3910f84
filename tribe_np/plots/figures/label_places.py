"""Where names of regions are written: on the region, or beside it with a thin line, never one over another.

No name leaves its picture, and a region of which little more than its rim is seen gets none there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, pi, sin
from typing import Any

import numpy as np

from tribe_np.optional import require
from tribe_np.plots.figures.drawn_views import DrawnView
from tribe_np.plots.figures.lettering import FIGURE_WHY, without_glyph_warnings, write
from tribe_np.plots.figures.sheets import SMALL
from tribe_np.plots.raster.raster import Raster

LEAST_SEEN = 0.0004  # of the picture: a region of which less is seen gets no name
LEAST_SHARE = 0.1  # nor one of which less than this share is seen, unless what is seen is
ROOMY = 2.0  # times as large as the name
DIRECTIONS, RINGS = 16, 40  # places tried around a region: so many directions, in rings one height of a letter apart
AIR = 0.12  # of a letter's height between two names
HALO = 0.9  # points of white around letters


@dataclass(frozen=True)
class _Box:
    """A rectangle around a middle, in the data coordinates of the axes."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: "_Box", air: float) -> bool:
        """Whether two rectangles are nearer than `air`."""
        return (
            abs(self.x - other.x) < (self.width + other.width) / 2 + air
            and abs(self.y - other.y) < (self.height + other.height) / 2 + air
        )


def place_labels(
    drawn: DrawnView, region_of: np.ndarray, names: Mapping[int, str], settings: Mapping[str, Any]
) -> set[int]:
    """Writes the names of the regions that are seen, the largest first, and gives the numbers of those.

    Shapes   region_of (2 V,) numbers of `names`; negative is none
    """
    least = LEAST_SEEN * drawn.raster.width * drawn.raster.height
    points = {number: point for number, point in drawn.raster.label_points(region_of).items() if point[2] >= least}
    shares = _shares_seen(drawn.raster, region_of, points)
    taken: list[_Box] = []
    written: set[int] = set()
    for number, (x, y, n_pixels) in sorted(points.items(), key=lambda item: (-item[1][2], item[0])):
        chosen: dict[str, Any] = {"size": SMALL - 0.5, "color": "#101010", "ha": "center", "va": "center"} | dict(
            settings
        )
        chosen["size"] = chosen.pop("fontsize", chosen["size"])
        text = write(drawn.axes, x, y, names[number], zorder=6, **chosen)
        wanted = _measured(drawn, text, x, y)
        is_seen = shares[number] >= LEAST_SHARE or n_pixels >= ROOMY * wanted.width * wanted.height
        box = _free(wanted, taken, drawn) if is_seen else None
        if box is None:
            text.remove()
            continue
        written.add(number)
        taken.append(box)
        text.set_position((box.x, box.y))
        _halo(drawn, text)
        if abs(box.x - x) > box.width / 2 or abs(box.y - y) > box.height:
            drawn.axes.plot(
                [x, box.x], [y, box.y], color="#101010", linewidth=0.35, zorder=4, scalex=False, scaley=False
            )
    return written


def _shares_seen(
    raster: Raster, region_of: np.ndarray, points: Mapping[int, tuple[float, float, int]]
) -> dict[int, float]:
    """How much of each region's area its largest visible part is, from 0 to about 1."""
    corners = raster.surface.coordinates[raster.surface.faces].astype(np.float64)
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    of_vertex = np.bincount(raster.surface.faces.reshape(-1), np.repeat(np.nan_to_num(areas), 3) / 3, len(region_of))
    whole = np.bincount(region_of[region_of >= 0], of_vertex[region_of >= 0])
    return {
        number: n_pixels * raster.mm_per_pixel**2 / max(whole[number], 1e-9)
        for number, (_, _, n_pixels) in points.items()
    }


def _measured(drawn: DrawnView, text: Any, x: float, y: float) -> _Box:
    figure = drawn.axes.figure
    canvas = require("matplotlib.backends.backend_agg", extra="plot", why=FIGURE_WHY).FigureCanvasAgg
    renderer = getattr(figure.canvas, "get_renderer", None) or canvas(figure).get_renderer
    with without_glyph_warnings():
        extent = text.get_window_extent(renderer())
    corners = drawn.axes.transData.inverted().transform([(extent.x0, extent.y0), (extent.x1, extent.y1)])
    width, height = np.abs(corners[1] - corners[0])
    return _Box(x, y, float(width), float(height))


def _free(wanted: _Box, taken: list[_Box], drawn: DrawnView) -> _Box | None:
    """The nearest place to the wanted one, wholly in the picture, that no name has; None where there is none."""
    air = AIR * wanted.height
    wide, high = drawn.raster.width, drawn.raster.height
    for ring in range(RINGS):
        for step in range(DIRECTIONS if ring else 1):
            angle = 2 * pi * step / DIRECTIONS
            far = 0.8 * ring * wanted.height
            tried = _Box(
                wanted.x + far * cos(angle) * 1.6, wanted.y + far * sin(angle), wanted.width, wanted.height
            )  # names are wide: more room is needed across
            is_inside = (
                2 * air <= tried.x - tried.width / 2 and tried.x + tried.width / 2 <= wide - 2 * air
                and tried.y - tried.height / 2 >= 0 and tried.y + tried.height / 2 <= high
            )  # fmt: skip
            if is_inside and not any(tried.meets(other, air) for other in taken):
                return tried
    return None


def _halo(drawn: DrawnView, text: Any) -> None:
    """White around the letters: a text of its own, below, whose effects make it a path; the name itself stays text."""
    effects = require("matplotlib.patheffects", extra="plot", why=FIGURE_WHY)
    x, y = text.get_position()
    below = write(
        drawn.axes, x, y, text.get_text(), size=text.get_fontsize(), color="white", zorder=5,
        ha=text.get_ha(), va=text.get_va(), fontweight=text.get_fontweight(),
    )  # fmt: skip
    below.set_path_effects([effects.Stroke(linewidth=2 * HALO, foreground="white", alpha=0.75)])
