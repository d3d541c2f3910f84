"""Times for a text that was spoken, from what a recogniser heard: matched words take its times.

The text stays as it is written; a recogniser only says when. What it heard otherwise, or not at all, is placed between
its neighbours.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from tribe_np.errors import EventsError
from tribe_np.media.speech.whisper_words import BY_CHARACTER, UNSPACED
from tribe_np.media.transcripts.non_speech import is_said
from tribe_np.media.transcripts.timed_words import Transcript, Word, read_text
from tribe_np.media.transcripts.untimed_words import PartialTime, place_untimed
from tribe_np.timeline.alignment import equal_pairs
from tribe_np.timeline.matching import normalize
from tribe_np.timeline.word_cuts import cut_words

MOST_BYTES = 1 << 24  # of a text: some 3 million words, weeks of speech
SMALLEST_SHARE = 0.3  # of the characters of the text, in words that were heard; measured in docs/words.md


@dataclass(frozen=True)
class Aligned:
    """A text with times: of n_words of the text n_found were heard; n_left_out heard words are not in it."""

    transcript: Transcript
    n_words: int
    n_found: int
    n_left_out: int


@dataclass(frozen=True)
class _Spoken:
    """One word of the text, with its line (its number and text)."""

    text: str
    line: int
    sentence: str


def read_known_text(path: Path) -> str:
    """The text of a file, which has at least one word.

    Raises   EventsError when there is none, or it cannot be read
    """
    try:
        if path.is_char_device() or path.stat().st_size > MOST_BYTES:
            raise EventsError(f"{path}: --align takes a text of at most {MOST_BYTES >> 20} MB")
    except OSError as error:
        raise EventsError(f"{path}: the text for --align cannot be read ({error.strerror})") from error
    text = read_text(path)
    if not is_said(text):
        raise EventsError(f"{path}: contains no words; --align needs the text that is spoken")
    return text


def align_text(text: str, heard: Transcript, path: Path, duration: float) -> Aligned:
    """The words of a text with the times at which they were heard, in a sound of so many seconds.

    Numerics words are equal without case, accents and punctuation; a minimal edit script pairs them. A run that was
             not heard as written takes the time of what was heard in its place, else what its neighbours leave,
             shared out in proportion to length; before the first and after the last word that was heard, as much time
             as such words take to say
    Raises   EventsError, with the share, when too little of the text was heard
    """
    words = list(_spoken(text, heard.language))
    keys, heard_keys = [spelling_key(word.text) for word in words], [spelling_key(word.text) for word in heard.words]
    pairs = equal_pairs(keys, heard_keys)
    share = sum(len(keys[i]) for i, _ in pairs) / max(sum(map(len, keys)), 1)
    if share < SMALLEST_SHARE:
        raise EventsError(
            f"{path}: the text does not match the sound: {share:.0%} of it was heard, at least {SMALLEST_SHARE:.0%} is "
            "needed; is it the text of another film, or in another language?"
        )
    start, stop = _bounds(pairs, words, heard.words, duration)
    times = place_untimed([word.text for word in words], _times(pairs, len(words), heard.words), start, stop)
    timed = tuple(
        Word(word.text, round(start, 3), round(stop, 3), word.line, word.sentence)
        for word, (start, stop) in zip(words, times, strict=True)
    )
    transcript = replace(heard, words=timed, source=f"{path} aligned to {heard.source}")
    return Aligned(transcript, len(words), len(pairs), _left_out(pairs, len(words), len(heard.words)))


def _spoken(text: str, language: str) -> Iterator[_Spoken]:
    for number, line in enumerate(line for line in text.replace('"', "").splitlines() if line.strip()):
        sentence = " ".join(line.split())
        if language in BY_CHARACTER:
            parts = cut_words(line)
        else:
            parts = re.findall(r"\w\W*", line) if language in UNSPACED else line.split()
        for part in parts:
            if is_said(part):
                yield _Spoken(part.strip(), number, sentence)


def spelling_key(word: str) -> str:
    """What two spellings of a word have in common: `10:45` and `10.45`, `well-known` and `Well known`'s halves not."""
    return re.sub(r"[\W_]", "", normalize(word)) or word


def _gaps(pairs: Sequence[tuple[int, int]], n_words: int, n_heard: int) -> Iterator[tuple[int, int, int, int]]:
    """First and stop of the words, and of what was heard, between one pair and the next."""
    ends = [(-1, -1), *pairs, (n_words, n_heard)]
    for (i, j), (next_i, next_j) in pairwise(ends):
        yield i + 1, next_i, j + 1, next_j


def _bounds(
    pairs: Sequence[tuple[int, int]], words: Sequence[_Spoken], heard: Sequence[Word], duration: float
) -> tuple[float, float]:
    """Where the words before the first pair begin and those after the last end, at the pace of what was heard."""
    letters = [len(word.text) for word in words]
    pace = sum(word.duration for word in heard) / sum(len(word.text) for word in heard)  # seconds a character
    (first, first_heard), (last, last_heard) = pairs[0], pairs[-1]
    start = heard[first_heard].start - pace * sum(letters[:first])
    stop = heard[last_heard].stop + pace * sum(letters[last + 1 :])
    return max(start, 0.0), min(stop, duration)


def _times(pairs: Sequence[tuple[int, int]], n_words: int, heard: Sequence[Word]) -> list[PartialTime]:
    times: list[PartialTime] = [(None, None)] * n_words
    for i, j in pairs:
        times[i] = (heard[j].start, heard[j].stop)
    for first, stop, first_heard, stop_heard in _gaps(pairs, n_words, len(heard)):
        if first < stop and first_heard < stop_heard:
            start, end = heard[first_heard].start, heard[stop_heard - 1].stop
            times[first] = (start, times[first][1])
            times[stop - 1] = (times[stop - 1][0], end)
    return times


def _left_out(pairs: Sequence[tuple[int, int]], n_words: int, n_heard: int) -> int:
    """Heard words where the text has none at all."""
    return sum(
        stop_heard - first_heard
        for first, stop, first_heard, stop_heard in _gaps(pairs, n_words, n_heard)
        if first == stop
    )
