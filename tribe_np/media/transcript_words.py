"""One timed word, and a transcript: what every parser, transcriber and synthesiser hands on.

Times are seconds from the start of the sound file, not of a timeline; `transcript.word_events` does that step.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tribe_np.errors import EventsError


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word.

    Units    start, stop in seconds from the start of the sound file
    Fields   sequence_id counts the segments (cues, sentences) of the source; sentence is that segment's text;
             place says where the word stood ("line 12"), for messages only, and takes no part in comparisons;
             stated is the duration of a source that gives durations, where stop - start would round to another
    """

    text: str
    start: float
    stop: float
    sequence_id: int = 0
    sentence: str = ""
    place: str = field(default="", compare=False)
    stated: float | None = field(default=None, compare=False)

    @property
    def duration(self) -> float:
        """Seconds; 0.75 stays 0.75, whatever the start."""
        return self.stop - self.start if self.stated is None else self.stated


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of one sound file in spoken order.

    Fields   language is a code such as "en", or "" when the source does not say; source names the file or program
    """

    words: tuple[Word, ...]
    language: str = ""
    source: str = ""


def read_text(path: Path) -> str:
    """The text of a transcript file: UTF-8, or UTF-16 where a byte order mark says so.

    Raises   EventsError when the file cannot be read or is in another encoding, naming the line of the first bad byte
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise EventsError(f"{path}: no such transcript file") from error
    except OSError as error:
        raise EventsError(f"{path}: transcript cannot be read: {error.strerror}") from error
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        name = "UTF-16" if encoding == "utf-16" else "UTF-8"
        raise EventsError(f"{path}: line {line} is not {name} (byte {error.start}); save the file as UTF-8") from error


def seconds(value: object, where: str) -> float:
    """A time of a transcript as a float.

    Raises   EventsError, beginning with `where`, unless it is a finite number >= 0
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EventsError(f"{where} must be a number of seconds, got {value!r:.40}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise EventsError(f"{where} is {number}; a time must be finite")
    if number < 0:
        raise EventsError(f"{where} is negative ({number} s); times count from the start of the sound")
    return number


def timed_word(text: str, start: float, stop: float, sequence_id: int, sentence: str, *, path: Path, at: str) -> Word:
    """A checked Word.

    Raises   EventsError when it ends before it starts or its text is no text (half of a surrogate pair)
    """
    if stop < start:
        raise EventsError(f"{path}: {at}: word {text!r:.40} ends at {stop} s, before it starts at {start} s")
    if any("\ud800" <= character <= "\udfff" for character in text + sentence):
        raise EventsError(f"{path}: {at}: word {text!r:.40} holds half of a surrogate pair, which is no character")
    return Word(text, start, stop, sequence_id, sentence, at)


def spread(
    text: str, start: float, stop: float, sequence_id: int, sentence: str, *, path: Path, at: str
) -> Iterator[Word]:
    """The words of a stretch of text, each given a share of its time in proportion to its number of characters."""
    words = [word for word in text.replace('"', "").split() if word]
    total = sum(map(len, words))
    before = 0
    for word in words:
        first = start + (stop - start) * (before / total)
        before += len(word)
        last = stop if before == total else start + (stop - start) * (before / total)
        yield timed_word(word, first, last, sequence_id, sentence.replace('"', ""), path=path, at=at)


def spoken(words: Iterable[Word]) -> tuple[Word, ...]:
    """The words that have any text; a word that was only quotation marks has none left."""
    return tuple(word for word in words if word.text)
