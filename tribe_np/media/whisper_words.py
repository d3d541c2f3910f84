"""Words from the pieces that Whisper gives times to."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from tribe_np.media.non_speech import is_said
from tribe_np.media.transcript_words import Word

UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})  # languages written without spaces: a piece is a word there


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


def words_of(segments: Iterable[Segment], language: str, duration: float) -> Iterator[Word]:
    """The words of all segments in order, within the sound, none before its predecessor.

    Numerics pieces that do not begin with a space belong to the word before (`$3` and `.5`, `well` and `-known`), but
             for languages without spaces; times rounded to 1 ms
    """
    latest = 0.0
    for number, segment in enumerate(segments):
        sentence = segment.text.replace('"', "")
        for text, start, stop in _joined(segment.words or (), language):
            if is_said(text):
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
