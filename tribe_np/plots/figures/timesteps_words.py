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
    lines: list[tuple[str, int]] = []
    for size in SIZES:
        lines = wrapped(words, width / size, measure)
        if len(lines) <= max(1, int(height / (size * LEADING))):
            return FittedWords(tuple(text for text, _ in lines), size)
    n_lines = max(1, int(height / (SIZES[-1] * LEADING)))
    return _cut(words, lines, n_lines, width / SIZES[-1], measure)


def wrapped(words: Sequence[str], width: float, measure: Measure) -> list[tuple[str, int]]:
    """Lines no wider than `width`, each with the number of words that end in it; a word that is wider is broken."""
    lines: list[tuple[str, int]] = []
    line, n_words = "", 0
    for word in words:
        longer = word if not line else line + _between(line, word) + word
        if line and measure(longer) > width:
            lines.append((line, n_words))
            line, n_words, longer = "", 0, word
        while measure(longer) > width and len(longer) > 1:
            n_letters = next((n for n in range(len(longer) - 1, 1, -1) if measure(longer[:n]) <= width), 1)
            lines.append((longer[:n_letters], 0))
            longer = longer[n_letters:]
        line, n_words = longer, n_words + 1
    return [*lines, (line, n_words)] if line else lines


def _cut(
    words: Sequence[str], lines: list[tuple[str, int]], n_lines: int, width: float, measure: Measure
) -> FittedWords:
    """The first lines, the last of them with how many words there are more."""
    kept = lines[:n_lines]
    n_left_out = len(words) - sum(n for _, n in kept)
    text = kept[-1][0]
    while text and measure(f"{text} +{n_left_out}") > width:
        shorter = text[: -1 if " " not in text else len(text) - text.rindex(" ") and text.rindex(" ")]
        n_left_out += 1 if " " in text else 0
        text = shorter
    if not text:
        n_left_out = len(words) - sum(n for _, n in kept[:-1])
    last = f"{text} +{n_left_out}".strip()
    return FittedWords((*(text for text, _ in kept[:-1]), last), SIZES[-1], n_left_out)


def _between(line: str, word: str) -> str:
    return "" if UNSPACED.match(word) and UNSPACED.match(line[-1]) else " "
