"""One timed word, and a transcript: what every parser, transcriber and synthesiser hands on.

Times are seconds from the start of the sound file, not of a timeline; `transcript.word_events` does that step.
"""

import math
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tribe_np.errors import EventsError
from tribe_np.files.file_kinds import HEAD, description
from tribe_np.files.small_files import MEGABYTE, read_small_file
from tribe_np.files.text_encoding import text_encoding
from tribe_np.timeline.word_cuts import cut_words

MAX_BYTES = 64 * MEGABYTE  # words with times take some 3 an hour
INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")  # never a part of a word


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
class Note:
    """What a reader did with something odd, for the person who runs it.

    Fields   kind is its key in run.json ("repeated_lines"), count how often it happened, text the
             sentence, without the name of the source
    """

    kind: str
    count: int
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of one sound file in spoken order.

    Fields   language is a code such as "en", or "" when the source does not say; source names the file or program;
             notes say what its reader repaired or left out
    """

    words: tuple[Word, ...]
    language: str = ""
    source: str = ""
    notes: tuple[Note, ...] = field(default=(), compare=False)


NOT_WORDS = dict.fromkeys(("media", "picture"), "give the file that holds the words")


def read_text(path: Path) -> str:
    """The text of a transcript file: in the encoding that its first bytes show (see `text_encoding`).

    Raises   EventsError when the file cannot be read, is of another kind (an archive, a web page, ...), or is in
             another encoding, naming the line of the first bad byte
    """
    if not os.path.lexists(path):
        raise EventsError(f"{path}: no such transcript file")
    content = read_small_file(path, most=MAX_BYTES, error=EventsError)
    encoding = text_encoding(content[:HEAD])
    is_utf8 = encoding in ("utf-8", "utf-8-sig")
    plain = content[:HEAD] if is_utf8 else content[: 2 * HEAD].decode(encoding, "replace").encode()
    for head in (content[:HEAD], plain):
        if other := description(head, remedies=NOT_WORDS):
            raise EventsError(f"{path}: not a transcript but {other}")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        if not is_utf8:
            where = f"line {line} is not {encoding.upper()} (byte {error.start})"
            raise EventsError(f"{path}: {where}; the file is damaged, or save it as UTF-8") from error
        shown = content.split(b"\n")[line - 1].decode("cp1252", "replace").strip()
        raise EventsError(
            f"{path}: line {line} is not UTF-8 (byte {error.start}); save the file as UTF-8 "
            f"(`iconv -f WINDOWS-1252 -t UTF-8` does it if the line should read {shown!r:.60})"
        ) from error


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

    Raises   EventsError when it ends before it starts or its text is not text (half of a surrogate pair)
    """
    if stop < start:
        raise EventsError(f"{path}: {at}: word {text!r:.40} ends at {stop} s, before it starts at {start} s")
    if any("\ud800" <= character <= "\udfff" for character in text + sentence):
        raise EventsError(f"{path}: {at}: word {text!r:.40} holds half of a surrogate pair, which is not a character")
    return Word(text, start, stop, sequence_id, sentence, at)


def spread(
    text: str, start: float, stop: float, sequence_id: int, sentence: str, *, path: Path, at: str
) -> Iterator[Word]:
    """The words of a stretch of text, each given a share of its time in proportion to its number of characters."""
    words = cut_words(text.replace('"', ""))
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
