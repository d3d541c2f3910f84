"""The colour bar of a film: what the colours mean, with limits and unit, over the grey of the cortex."""

import numpy as np

from tribe_np.plots.colours.colour_scale import ColourScale
from tribe_np.plots.films.film_layout import Box
from tribe_np.plots.films.film_text import BRIGHT, DIM, NIGHT, TextPainter, TextStyle

GREY = 165  # of the cortex, on average
ROUND = "{:.3g}"


def draw_colour_bar(
    film_frame: np.ndarray, box: Box, scale: ColourScale, painter: TextPainter, *, size: int, unit: str
) -> None:
    """Paints lower limit, colours, upper limit and unit, in the middle of the box."""
    texts = [_number(scale.low), _number(scale.high)]
    if scale.threshold:
        unit = f"{unit}, below {_number(scale.threshold)} not shown"
    gap = size // 2
    widths = [painter.fonts.width(text, size) + 2 for text in texts]
    unit_width = painter.fonts.width(unit, size) + 2
    bar_width = max(min(box.width // 2, box.width - sum(widths) - unit_width - 4 * gap), 8)
    unit_width = max(1, min(unit_width, box.width - bar_width - sum(widths) - 3 * gap))
    x = box.x + max(0, box.width - bar_width - sum(widths) - unit_width - 3 * gap) // 2
    top, bar_height = box.y + box.height // 2, max(4, round(0.9 * size))
    for text, width in ((texts[0], widths[0]), ("", bar_width), (texts[1], widths[1]), (unit, unit_width)):
        if text:
            style = TextStyle(size, DIM if text == unit else BRIGHT, across=0.5, background=NIGHT)
            film_frame[box.y : box.y + box.height, x : x + width] = painter.line(text, (width, box.height), style)
        else:
            colours = bar_colours(scale, bar_width)
            film_frame[top - bar_height // 2 : top - bar_height // 2 + bar_height, x : x + width] = colours
        x += width + gap


def bar_colours(scale: ColourScale, width: int) -> np.ndarray:
    """The colours from low to high over grey, (width, 3) uint8."""
    rgba = scale.rgba(np.linspace(scale.low, scale.high, width))
    mixed = rgba[:, :3] * 255 * rgba[:, 3:] + GREY * (1 - rgba[:, 3:])
    return np.asarray(np.round(mixed), np.uint8)


def _number(value: float) -> str:
    return ROUND.format(value).replace("-", "\u2212")
