"""Words from the pieces that Whisper gives times to."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from tribe_np.media.transcripts.non_speech import is_said
from tribe_np.media.transcripts.timed_words import Word
from tribe_np.timeline.word_cuts import word_spans

# a word is a character there (timeline.word_cuts), a piece may be several
BY_CHARACTER = frozenset({"zh", "ja", "yue"})
UNSPACED = frozenset({*BY_CHARACTER, "th", "lo", "my"})  # written without spaces; elsewhere a space begins a word


class WhisperPiece(Protocol):
    """A stretch of a segment's text with its times in seconds; a space in front begins a word."""

    word: str
    start: float
    end: float


class WhisperSegment(Protocol):
    """A stretch of speech."""

    text: str
    end: float

    @property
    def words(self) -> Sequence[WhisperPiece] | None:
        """Its pieces in order."""


def words_of(segments: Iterable[WhisperSegment], language: str, duration: float) -> Iterator[Word]:
    """The words of all segments in order, within the sound, none before its predecessor.

    Numerics pieces that do not begin with a space belong to the word before (`$3` and `.5`, `well` and `-known`).
             Chinese and Japanese have a word per character, which shares the time of its piece; in other languages
             without spaces a piece is a word. Times rounded to 1 ms
    """
    latest = 0.0
    for number, segment in enumerate(segments):
        sentence = segment.text.replace('"', "")
        pieces = segment.words or ()
        for text, start, stop in _cut(pieces) if language in BY_CHARACTER else _joined(pieces, language):
            if is_said(text):
                latest = max(latest, min(start, duration))
                yield Word(text, round(latest, 3), round(max(latest, min(stop, duration)), 3), number, sentence)


def _cut(pieces: Sequence[WhisperPiece]) -> Iterator[tuple[str, float, float]]:
    """The characters of Chinese and Japanese, and Latin words and numbers whole, wherever pieces end."""
    text, edges = "", list[tuple[float, float]]()  # start and stop of each character
    for piece in pieces:
        start, step = float(piece.start), float(piece.end - piece.start) / max(len(piece.word), 1)
        edges += [(start + n * step, start + (n + 1) * step) for n in range(len(piece.word))]
        text += piece.word
    for first, stop in word_spans(text):
        yield text[first:stop].replace('"', "").strip(), edges[first][0], edges[stop - 1][1]


def _joined(pieces: Sequence[WhisperPiece], language: str) -> Iterator[tuple[str, float, float]]:
    """Words of the pieces, by the language, which Whisper tells. A file may tell none: `untimed_words.joined`."""
    groups: list[list[WhisperPiece]] = []
    for piece in pieces:
        begins = piece.word[:1].isspace() or language in UNSPACED
        if begins or not groups:
            groups.append([piece])
        else:
            groups[-1].append(piece)
    for group in groups:
        text = "".join(piece.word for piece in group).replace('"', "").strip()
        yield text, float(group[0].start), float(group[-1].end)
