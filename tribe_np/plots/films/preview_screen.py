"""One film frame of a preview: the picture on screen, and over it the word that is shown."""

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from tribe_np.plots.films.film_fonts import drawable
from tribe_np.plots.films.film_text import BRIGHT, Colour, TextPainter
from tribe_np.plots.stimulus.shown_words import ShownWord

DARK: Colour = (0, 0, 0)
WORD_SHARE = 10  # a word is a tenth of the screen's height
OUTLINE_SHARE = 24  # and its outline over a picture a 24th of the word
SMALLEST = 8  # pixels
ROUNDING = 1e-6  # seconds: a word that begins with a film frame is on it


class PreviewScreen:
    """Paints film frames; a word stands in black on an empty screen or a light ground, in white on a dark one."""

    def __init__(self, size: tuple[int, int], empty: Colour, words: Sequence[ShownWord]) -> None:
        self.size, self.empty = size, empty
        self.words = [ShownWord(text, w.start, w.duration) for w in words if (text := drawable(w.text))]
        self._starts = [word.start for word in self.words]
        self.painter = TextPainter() if self.words else None
        self._covers: dict[tuple[str, int], np.ndarray] = {}

    @property
    def warnings(self) -> list[str]:
        """Letters that no font had."""
        missing = sorted(self.painter.fonts.missing) if self.painter is not None else []
        if not missing:
            return []
        return [f"no font of this machine has {''.join(missing[:10])}: words with them show boxes"]

    def word_at(self, seconds: float) -> str:
        """The word on screen at a moment: the last that has begun, until it ends."""
        place = bisect_right(self._starts, seconds + ROUNDING) - 1
        if place < 0 or seconds + ROUNDING >= self.words[place].stop:
            return ""
        return self.words[place].text

    def at(self, seconds: float, picture: np.ndarray) -> np.ndarray:
        """The film frame of a moment. Shapes   picture (height, width, 3) uint8 -> the same."""
        word = self.word_at(seconds)
        if not word:
            return np.ascontiguousarray(picture)
        height, width = picture.shape[:2]
        middle = picture[height // 3 : -(height // 3), width // 8 : -(width // 8)]
        is_dark = float(middle.mean()) < 112
        is_plain = bool((middle == middle[0, 0]).all())
        shown = picture.astype(np.float32)
        inside, outside = (BRIGHT, DARK) if is_dark else (DARK, BRIGHT)
        if not is_plain:  # over a picture: with an outline
            shown = _over(shown, self._cover(word, is_outline=True), outside)
        return np.asarray(np.rint(_over(shown, self._cover(word, is_outline=False), inside)), np.uint8)

    def _cover(self, word: str, *, is_outline: bool) -> np.ndarray:
        """How far the letters cover each pixel, (height, width, 1) float32."""
        key = (word, int(is_outline))
        if key not in self._covers:
            assert self.painter is not None
            if len(self._covers) > 64:
                self._covers.clear()
            width, height = self.size
            points = self._points(word)
            mask = self.painter.mask(width, height)
            stroke = max(1, points // OUTLINE_SHARE) if is_outline else 0
            mask.write(word, width / 2, height / 2, points, stroke)
            self._covers[key] = mask.cover[..., None]
        return self._covers[key]

    def _points(self, word: str) -> int:
        """The size at which a word is nine tenths of the screen wide at most."""
        assert self.painter is not None
        points, most = max(SMALLEST, self.size[1] // WORD_SHARE), 0.9 * self.size[0]
        while points > SMALLEST and self.painter.fonts.width(word, points, bold=True) > most:
            points -= 1
        return points


def _over(picture: np.ndarray, cover: np.ndarray, colour: Colour) -> np.ndarray:
    return np.asarray(picture * (1 - cover) + np.asarray(colour, np.float32) * cover)
