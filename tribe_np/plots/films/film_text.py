"""Pieces of text as pictures, each drawn once and kept: a film shows the same word for many film frames."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.optional import require
from tribe_np.plots.films.caption_lines import CaptionLines
from tribe_np.plots.films.film_fonts import WHY, Fonts, drawable, in_drawing_order, is_right_to_left

Colour = tuple[int, int, int]
KEPT = 256  # pictures of text; the oldest goes first

NIGHT: Colour = (13, 15, 20)  # behind everything: films are shown in dark rooms
PANEL: Colour = (24, 28, 36)
EDGE: Colour = (52, 58, 70)
BRIGHT: Colour = (240, 243, 248)
DIM: Colour = (158, 167, 181)
ACCENT: Colour = (255, 205, 74)  # the word that is heard, the moment on screen
WARNING: Colour = (255, 152, 82)
BOLD_COLOUR: Colour = (125, 196, 255)  # of all that is said of the brain


@dataclass(frozen=True)
class TextStyle:
    """How text is drawn: size in pixels, and where in its box (0 left or top, 0.5 middle, 1 right or bottom)."""

    size: int
    colour: Colour = BRIGHT
    bold: bool = False
    across: float = 0.0
    down: float = 0.5
    background: Colour = NIGHT


class TextPainter:
    """Draws text with one set of fonts."""

    def __init__(self) -> None:
        self.fonts = Fonts()
        self._image = require("PIL.Image", extra="plot", why=WHY)
        self._draw = require("PIL.ImageDraw", extra="plot", why=WHY)
        self._kept: OrderedDict[Any, np.ndarray] = OrderedDict()

    def lines(self, texts: Sequence[str], size: tuple[int, int], styles: Sequence[TextStyle]) -> np.ndarray:
        """A picture (height, width, 3) uint8 of lines below each other; one that is too wide is made smaller or cut."""
        return self._once(("lines", tuple(texts), size, tuple(styles)), lambda: self._lines(texts, size, styles))

    def line(self, text: str, size: tuple[int, int], style: TextStyle) -> np.ndarray:
        """A picture (height, width, 3) uint8 of one line."""
        return self.lines([text], size, [style])

    def caption(self, caption: CaptionLines, spoken: int, size: tuple[int, int], style: TextStyle) -> np.ndarray:
        """A picture (height, width, 3) uint8 of a caption; `spoken` is the word that stands out, or -1."""
        key = ("caption", caption.lines, caption.start, spoken, size, style)
        return self._once(key, lambda: self._caption(caption, spoken, size, style))

    def mask(self, width: int, height: int) -> "TextMask":
        """An empty sheet for letters alone."""
        picture = self._image.new("L", (width, height), 0)
        return TextMask(self.fonts, picture, self._draw.Draw(picture))

    def _once(self, key: Any, made: Any) -> np.ndarray:
        if key not in self._kept:
            self._kept[key] = made()
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _lines(self, texts: Sequence[str], size: tuple[int, int], styles: Sequence[TextStyle]) -> np.ndarray:
        width, height = size
        picture, draw = self._sheet(size, styles[0].background)
        fitted = [self._fitted(drawable(text), width, style) for text, style in zip(texts, styles, strict=True)]
        heights = [round(1.32 * points) for _, points in fitted]
        y = styles[0].down * (height - sum(heights))
        for (text, points), style, line_height in zip(fitted, styles, heights, strict=True):
            font = self.fonts.font(text, points, bold=style.bold)
            x = style.across * (width - self.fonts.width(text, points, bold=style.bold))
            draw.text((x, y + line_height / 2), in_drawing_order(text), style.colour, font, anchor="lm")
            y += line_height
        return np.asarray(picture)

    def _fitted(self, text: str, width: int, style: TextStyle) -> tuple[str, int]:
        """The text and its size, a fifth smaller at most, then with its middle left out."""
        size = style.size
        while size > 0.8 * style.size and self.fonts.width(text, size, bold=style.bold) > width:
            size -= 1
        most = len(text)
        whole = text
        while most > 4 and self.fonts.width(text, size, bold=style.bold) > width:
            most -= max(1, most // 12)
            head = (most - 1) * 2 // 3
            text = f"{whole[:head].rstrip()}…{whole[len(whole) - (most - 1 - head) :].lstrip()}"
        return text, size

    def _caption(self, caption: CaptionLines, spoken: int, size: tuple[int, int], style: TextStyle) -> np.ndarray:
        width, height = size
        picture, draw = self._sheet(size, style.background)
        line_height = round(1.42 * style.size)
        y = style.down * (height - line_height * len(caption.lines)) + line_height / 2
        space = self.fonts.width(" ", style.size)
        is_reversed = is_right_to_left("".join(map("".join, caption.lines)))
        now = caption.starts[spoken] if spoken >= 0 else None
        number = 0
        for line in caption.lines:
            widths = [self.fonts.width(word, style.size) for word in line]
            total = sum(widths) + space * (len(line) - 1)
            x = style.across * (width - total) if not is_reversed else width - style.across * (width - total)
            for word, word_width in zip(line, widths, strict=True):
                colour = ACCENT if caption.starts[number] == now else style.colour
                left = x - word_width if is_reversed else x
                font = self.fonts.font(word, style.size)
                draw.text((left, y), in_drawing_order(word), colour, font, anchor="lm")
                x += -(word_width + space) if is_reversed else word_width + space
                number += 1
            y += line_height
        return np.asarray(picture)

    def _sheet(self, size: tuple[int, int], background: Colour) -> tuple[Any, Any]:
        picture = self._image.new("RGB", size, background)
        return picture, self._draw.Draw(picture)


@dataclass(frozen=True, eq=False)
class TextMask:
    """How far letters cover each pixel."""

    fonts: Fonts
    picture: Any
    drawing: Any

    def write(self, text: str, x: float, y: float, size: int, stroke: int) -> None:
        """A text with its middle at (x, y), its lines `stroke` pixels wider on both sides."""
        text = drawable(text)
        font = self.fonts.font(text, size, bold=True)
        self.drawing.text((x, y), in_drawing_order(text), 255, font, anchor="mm", stroke_width=stroke)

    @property
    def cover(self) -> np.ndarray:
        """(height, width) float32 from 0 to 1."""
        return np.asarray(self.picture, np.float32) / 255
