"""Words in small boxes: wrapped, made smaller where they are many, and counted where even that leaves some out."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tribe_np.shown import shown

SIZES = (6.0, 5.5, 5.0, 4.5)  # points, from what is best to what can just be read
LEADING = 1.22  # height of a line over the size of its letters
LONGEST_WORD = 60  # characters; what is longer is cut in the middle
UNSPACED = re.compile(r"[\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")  # written without spaces
Measure = Callable[[str], float]
"""The width of a text in points, set in letters of one point."""


@dataclass(frozen=True)
class FittedWords:
    """Lines of words in letters of `size` points; `n_left_out` words found no place."""

    lines: tuple[str, ...]
    size: float
    n_left_out: int = 0


def fitted_words(words: Sequence[str], width: float, height: float, measure: Measure) -> FittedWords:
    """The words in a box of so many points; what does not fit at the smallest size is counted in the last line."""
    words = [shown(" ".join(word.split()), LONGEST_WORD) for word in words if word.strip()]
    lines: list[WordLine] = []
    n_lines, size = 1, SIZES[-1]
    for size in SIZES:
        n_lines = max(1, int(height / (size * LEADING)))
        lines = word_lines(words, width / size, measure, most=n_lines + 1)
        if len(lines) <= n_lines:
            return FittedWords(tuple(line.text for line in lines), size)
    *full, last = lines[:n_lines]
    left = len(words) - sum(len(line.ends) for line in full)
    n_kept = next((n for n in range(len(last.ends), 0, -1) if measure(last.cut(n, left)) <= width / size), 0)
    return FittedWords((*(line.text for line in full), last.cut(n_kept, left)), size, left - n_kept)


@dataclass(frozen=True)
class WordLine:
    """A line, and where in it each word ends that ends in it."""

    text: str
    ends: tuple[int, ...]

    def cut(self, n_words: int, n_left: int) -> str:
        """Its first words, and how many of `n_left` there are more."""
        kept = self.text[: self.ends[n_words - 1]] if n_words else ""
        return f"{kept} +{n_left - n_words}".strip()


def word_lines(words: Sequence[str], width: float, measure: Measure, most: int | None = None) -> list[WordLine]:
    """Lines no wider than `width`, `most` of them at most; a word that is wider is broken.

    Words are measured one by one, each once: a line is as wide as its words and the spaces between them.
    """
    lines: list[WordLine] = []
    line, taken = "", 0.0
    ends: list[int] = []
    for word in words:
        between = _between(line, word) if line else ""
        wide = measure(word)
        if line and taken + measure(between) + wide > width:
            lines.append(WordLine(line, tuple(ends)))
            line, ends, taken, between = "", [], 0.0, ""
        while wide > width and len(word) > 1:  # only at the beginning of a line
            n_letters = next((n for n in range(len(word) - 1, 1, -1) if measure(word[:n]) <= width), 1)
            lines.append(WordLine(word[:n_letters], ()))
            word = word[n_letters:]
            wide = measure(word)
        if most is not None and len(lines) >= most:
            return lines[:most]
        line += between + word
        taken += measure(between) + wide
        ends = [*ends, len(line)]
    return [*lines, WordLine(line, tuple(ends))] if line else lines


def _between(line: str, word: str) -> str:
    return "" if UNSPACED.match(word) and UNSPACED.match(line[-1]) else " "
