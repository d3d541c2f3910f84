"""Words with times as captions: as many as fit into a box of lines, a new one after a sentence or a pause.

The word that is heard stands out. A caption stays until the next begins, but no longer than `HELD` after its end.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

HELD = 1.0  # seconds
PAUSE = 2.0  # seconds without a word after which the next caption begins
SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！", "؟", "।")
CLOSERS = "\"'”’»)]"
Width = Callable[[str], float]


class TimedText(Protocol):
    """A word that is heard from `start` for `duration` seconds."""

    @property
    def text(self) -> str:
        """As written."""

    @property
    def start(self) -> float:
        """In seconds."""

    @property
    def duration(self) -> float:
        """In seconds."""

    @property
    def sentence(self) -> str:
        """The sentence that it is of; empty where nobody knows."""


@dataclass(frozen=True)
class CaptionLines:
    """Lines of words that are shown together.

    Units    start and stop in seconds: when the first word begins, and until when the caption is shown
    """

    lines: tuple[tuple[str, ...], ...]
    starts: tuple[float, ...]  # of each word
    stops: tuple[float, ...]
    start: float
    stop: float

    def word_at(self, seconds: float) -> int:
        """The word that is heard, counted over all lines; -1 between words."""
        index = bisect_right(self.starts, seconds) - 1
        return index if index >= 0 and seconds < self.stops[index] else -1


def caption_lines(words: Sequence[TimedText], width: Width, *, box_width: float, n_lines: int) -> list[CaptionLines]:
    """All words in captions of at most n_lines, each at most box_width wide; `width` measures a text.

    A word that is wider than the box is cut into pieces, each a line's.
    """
    groups: list[list[TimedText]] = []
    for word in sorted(words, key=lambda word: word.start):
        if not groups or _begins_anew(groups[-1], word, width, box_width, n_lines):
            groups.append([])
        groups[-1].append(word)
    nexts = [group[0].start for group in groups[1:]] + [float("inf")]
    return [_caption(group, then, width, box_width) for group, then in zip(groups, nexts, strict=True)]


def caption_at(captions: Sequence[CaptionLines], seconds: float) -> CaptionLines | None:
    """The caption that is shown, or None."""
    index = bisect_right(captions, seconds, key=lambda caption: caption.start) - 1
    return captions[index] if index >= 0 and seconds < captions[index].stop else None


def wrapped_caption(texts: Sequence[str], width: Width, box_width: float) -> list[tuple[str, ...]]:
    """Words in lines; no line is wider than the box unless one character is.

    >>> wrapped_caption(["a", "bc", "def"], len, 4)
    [('a', 'bc'), ('def',)]
    """
    lines: list[tuple[str, ...]] = []
    for text in texts:
        if lines and width(" ".join([*lines[-1], text])) <= box_width:
            lines[-1] += (text,)
        else:
            lines.append((text,))
    return lines


def pieces_of(text: str, width: Width, box_width: float) -> list[str]:
    """A word that is wider than the box, in pieces that are not.

    >>> pieces_of("abcdefg", len, 3)
    ['abc', 'def', 'g']
    """
    pieces, rest = [], text
    while rest and width(rest) > box_width:
        n = len(rest)
        while n > 1 and width(rest[:n]) > box_width:
            n = min(n - 1, max(1, int(n * box_width / width(rest[:n]))))
        pieces.append(rest[:n])
        rest = rest[n:]
    return [*pieces, rest] if rest else pieces


def _begins_anew(group: Sequence[TimedText], word: TimedText, width: Width, box_width: float, n_lines: int) -> bool:
    last = group[-1]
    pause = word.start - (last.start + last.duration)
    is_of_another = word.sentence != last.sentence and bool(word.sentence and last.sentence)
    if pause > PAUSE or last.text.rstrip(CLOSERS).endswith(SENTENCE_ENDS) or is_of_another:
        return True
    texts = [piece for each in (*group, word) for piece in pieces_of(each.text, width, box_width)]
    return len(wrapped_caption(texts, width, box_width)) > n_lines


def _caption(group: Sequence[TimedText], then: float, width: Width, box_width: float) -> CaptionLines:
    texts, starts, stops = [], [], []
    for word, following in zip(group, [*(w.start for w in group[1:]), then], strict=True):
        pieces = pieces_of(word.text, width, box_width)
        texts += pieces
        starts += [word.start] * len(pieces)
        # a word without a duration, and pauses that no one hears: it stands out until the next
        stop = word.start + max(word.duration, 0.0)
        stops += [following if following - stop < 0.3 else max(stop, word.start + 0.1)] * len(pieces)
    end = group[-1].start + max(group[-1].duration, 0.0)
    stop = min(then, end + HELD)
    return CaptionLines(
        tuple(wrapped_caption(texts, width, box_width)), tuple(starts), tuple(stops), group[0].start, stop
    )
