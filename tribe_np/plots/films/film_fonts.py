"""The fonts of a film: DejaVu, which comes with matplotlib, and for what it lacks the fonts of the machine.

Text is measured and drawn by Pillow, which comes with matplotlib too.
"""

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

from tribe_np.optional import require

WHY = "text on a film"
DEJAVU = {False: "DejaVuSans.ttf", True: "DejaVuSans-Bold.ttf"}
NOT_DRAWN = ("Cc", "Cs", "Co", "Cn")  # controls, halves of pairs, private and unknown characters
SELECTORS = range(0xFE00, 0xFE10)  # which of its pictures a character has: fonts of one colour have one
RIGHT_TO_LEFT = ("R", "AL", "RLE", "RLO", "RLI")
DIGITS = "0123456789:."


class Fonts:
    """Fonts by size, and which characters were in none of them."""

    def __init__(self) -> None:
        self.missing: set[str] = set()
        self.folder = Path(require("matplotlib", extra="plot", why=WHY).get_data_path()) / "fonts" / "ttf"
        self._by_text: dict[tuple[str, int, bool], Any] = {}

    def font(self, text: str, size: int, *, bold: bool = False) -> Any:
        """A font that has all characters of a text, or of those there are the one with the most."""
        key = (text, size, bold)
        if key not in self._by_text:
            self._by_text[key] = self._found(text, size, bold)
        return self._by_text[key]

    def width(self, text: str, size: int, *, bold: bool = False) -> int:
        """Pixels from the start of a text to where the next would begin."""
        width: float = self.font(text, size, bold=bold).getlength(text)
        return round(width)

    def _found(self, text: str, size: int, bold: bool) -> Any:
        own = self.folder / DEJAVU[bold]
        wanted = {ord(c) for c in text if not c.isspace() and unicodedata.category(c) != "Cf"}
        lacking = wanted - covered(own)
        best = own
        if lacking:
            for path in other_fonts():
                still = wanted - covered(path)
                if len(still) < len(lacking) and _opened(path, size) is not None:
                    best, lacking = path, still
                if not lacking:
                    break
        self.missing |= {chr(code) for code in lacking}
        return _opened(best, size)


@lru_cache(maxsize=512)
def covered(path: Path) -> frozenset[int]:
    """The characters of a font file; none of one that cannot be read."""
    ft2font = require("matplotlib.ft2font", extra="plot", why=WHY)
    try:
        return frozenset(ft2font.FT2Font(str(path)).get_charmap())
    except (RuntimeError, OSError, ValueError):
        return frozenset()


@lru_cache(maxsize=1)
def other_fonts() -> tuple[Path, ...]:
    """The fonts that are installed on this machine, those without serifs first."""
    manager = require("matplotlib.font_manager", extra="plot", why=WHY)
    found = sorted(Path(path) for path in manager.findSystemFonts())
    return tuple(sorted(found, key=lambda path: ("sans" not in path.name.lower(), "mono" in path.name.lower())))


@lru_cache(maxsize=256)
def _opened(path: Path, size: int) -> Any:
    """None for a font that has no outlines: pictures of one size, in colour."""
    try:
        return require("PIL.ImageFont", extra="plot", why=WHY).truetype(str(path), size)
    except OSError:
        return None


def drawable(text: str) -> str:
    """A word as it is drawn: composed, in one line, without what has no picture.

    >>> drawable("one\\n\\x07two")
    'one two'
    """
    kept = [
        " " if c.isspace() else c
        for c in unicodedata.normalize("NFC", text)
        if c.isspace() or not (unicodedata.category(c) in NOT_DRAWN or ord(c) in SELECTORS)
    ]
    return " ".join("".join(kept).split())


def is_right_to_left(text: str) -> bool:
    """Whether the first letter of a text belongs to a script that is read from right to left."""
    kinds = (unicodedata.bidirectional(character) for character in text)
    return next((kind in RIGHT_TO_LEFT for kind in kinds if kind in ("L", *RIGHT_TO_LEFT)), False)


@lru_cache(maxsize=1)
def shapes_scripts() -> bool:
    """Whether Pillow orders and joins letters as each script asks for; without, they stand alone, turned by us."""
    return bool(require("PIL.features", extra="plot", why=WHY).check("raqm"))


def in_drawing_order(text: str) -> str:
    """The letters of a word from left to right, as Pillow without raqm draws them."""
    return text[::-1] if is_right_to_left(text) and not shapes_scripts() else text
