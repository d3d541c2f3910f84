"""Words from the pieces that Whisper gives times to."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from tribe_np.media.transcript_words import Word

UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})  # languages written without spaces: a piece is a word there
SPOKEN_SIGNS = frozenset("&%@#")  # punctuation to Unicode, words to a reader


class Piece(Protocol):
    """A stretch of a segment's text with its times in seconds; a space in front begins a word."""

    word: str
    start: float
    end: float


class Segment(Protocol):
    """A stretch of speech."""

    text: str
    end: float

    @property
    def words(self) -> Sequence[Piece] | None:
        """Its pieces in order."""


def is_spoken(text: str) -> bool:
    """Whether a word has anything to say: a letter, a digit, or a sign such as & or €; a dash or a note has not."""
    return any(c.isalnum() or c in SPOKEN_SIGNS or unicodedata.category(c) in ("Sc", "Sm") for c in text)


def words_of(segments: Iterable[Segment], language: str, duration: float) -> Iterator[Word]:
    """The words of all segments in order, within the sound, none before its predecessor.

    Numerics pieces that do not begin with a space belong to the word before (`$3` and `.5`, `well` and `-known`), but
             for languages without spaces; times rounded to 1 ms
    """
    latest = 0.0
    for number, segment in enumerate(segments):
        sentence = segment.text.replace('"', "")
        for text, start, stop in _joined(segment.words or (), language):
            if is_spoken(text):
                latest = max(latest, min(start, duration))
                yield Word(text, round(latest, 3), round(max(latest, min(stop, duration)), 3), number, sentence)


def _joined(pieces: Sequence[Piece], language: str) -> Iterator[tuple[str, float, float]]:
    groups: list[list[Piece]] = []
    for piece in pieces:
        begins = piece.word[:1].isspace() or language in UNSPACED
        if begins or not groups:
            groups.append([piece])
        else:
            groups[-1].append(piece)
    for group in groups:
        text = "".join(piece.word for piece in group).replace('"', "").strip()
        yield text, float(group[0].start), float(group[-1].end)
