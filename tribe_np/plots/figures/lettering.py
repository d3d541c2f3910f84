"""Text in figures: fonts that have its letters, nothing in it that is taken for a formula."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from tribe_np.optional import require
from tribe_np.shown import shown

FONT = "DejaVu Sans"  # comes with matplotlib: the same picture on every machine
BOXES = "Last Resort High-Efficiency"  # comes with matplotlib from 3.11 on, and has a box for every letter
WHY = "a figure"
MOST = 200  # characters of a title


def write(target: Any, x: float, y: float, text: str, *, size: float, **settings: Any) -> Any:
    """The text on a figure or axes, and the artist that draws it; "$" and "\\" are themselves."""
    text = "\n".join(shown(line, MOST) for line in text.split("\n"))
    families = [FONT, *_families("".join(sorted(set(text))))]
    return target.text(x, y, text, fontsize=size, family=families, parse_math=False, **settings)


@contextmanager
def without_glyph_warnings() -> Iterator[None]:
    """Inside of it nothing is said of letters that no installed font has; they are drawn as boxes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing")
        yield


def is_readable(text: str) -> bool:
    """Whether installed fonts have all letters of a text; others are drawn as boxes."""
    fonts = require("matplotlib.font_manager", extra="plot", why=WHY)
    families = [name for name in _families("".join(sorted(set(text)))) if name != BOXES]
    faces = [
        fonts.get_font(fonts.findfont(fonts.FontProperties(family=[family]), fallback_to_default=False))
        for family in (FONT, *families)
    ]
    return all(any(face.get_char_index(ord(letter)) for face in faces) for letter in text if letter.isprintable())


@lru_cache(maxsize=256)
def _families(letters: str) -> tuple[str, ...]:
    """Installed fonts that have letters which `FONT` lacks, such as those of Chinese."""
    fonts = require("matplotlib.font_manager", extra="plot", why=WHY)
    own = fonts.get_font(fonts.findfont(FONT))
    left = {letter for letter in letters if letter.isprintable() and not own.get_char_index(ord(letter))}
    found: list[str] = []
    for entry in sorted(fonts.fontManager.ttflist, key=lambda entry: (entry.name, entry.fname)) if left else ():
        try:
            font = fonts.get_font(entry.fname)
        except (OSError, RuntimeError, ValueError):  # a font of bitmaps, or gone
            continue
        has = {letter for letter in left if font.get_char_index(ord(letter))}
        if has and entry.name not in found:
            found.append(entry.name)
            left -= has
        if not left:
            break
    return tuple(found)
