"""Words that are shown one after another without a voice (RSVP): their times, and nothing else.

A word is what `timeline.word_cuts` cuts, as for words that are spoken: a stretch without blanks, and in Chinese and
Japanese a character.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from tribe_np.errors import ConfigError, EventsError
from tribe_np.media.transcripts.timed_words import Word
from tribe_np.shown import quoted
from tribe_np.timeline.alignment import equal_pairs
from tribe_np.timeline.events import AROUND_WORDS, Event, Events
from tribe_np.timeline.word_cuts import cut_words, unspaced_stretch

QUOTE = '"'
DECIMALS = 9  # of a time in seconds: 100 words of 1.1 s end at 110 s, not a rounding error after it


def words_to_show(text: str, source: str) -> list[str]:
    """The words of a text, without the quotation marks that spoken words lose too.

    Raises   EventsError for a text without words, or one whose words only a person can tell apart
    """
    if stretch := unspaced_stretch(text):
        raise EventsError(
            f"{source}: holds {len(stretch)} letters without a space ({quoted(stretch, 12)}), and nothing here says "
            "where their words begin; put spaces or zero-width spaces between the words"
        )
    words = cut_words(text.replace(QUOTE, ""))
    if not "".join(words).strip("."):
        raise EventsError(f"{source}: holds no word to show" + (", only periods" if words else ""))
    return words


def word_times(
    words: Sequence[str],
    *,
    seconds_per_word: float,
    seconds_per_letter: float | None = None,
    duration: float | None = None,
) -> list[Word]:
    """The words one after another from 0 s on, each as long as the next, or in proportion to its letters.

    Units    seconds; `duration` spreads the words over so much instead
    Numerics a start is a product, not a sum: the thousandth word has no more rounding error than the first. The last
             word ends at the end and never a rounding error past it, where a row of predictions would begin
    Raises   ConfigError for a duration that is not above 0
    """
    sizes = [1 if seconds_per_letter is None else n_letters(word) for word in words]
    each = seconds_per_word if seconds_per_letter is None else seconds_per_letter
    end = round(sum(sizes) * each, DECIMALS)
    if duration is not None:
        if not (math.isfinite(duration) and duration > 0):
            raise ConfigError(f"words need a duration above 0 s to be shown in, got {duration}")
        each, end = duration / sum(sizes), duration
    shown, before = [], 0
    for number, (word, size) in enumerate(zip(words, sizes, strict=True), 1):
        start, after = round(before * each, DECIMALS), before + size
        stop = end if number == len(words) else round(after * each, DECIMALS)
        stated = round(size * each, DECIMALS)
        if start + stated > end:
            stated = lasting(start, end)
        shown.append(Word(word, start, stop, place=f"word {number}", stated=stated))
        before = after
    return shown


def lasting(start: float, stop: float) -> float:
    """The duration in seconds from start to stop, the largest that does not end after it when it is added again."""
    duration = stop - start
    while start + duration > stop:
        duration = math.nextafter(duration, 0.0)
    return duration


def n_letters(word: str) -> int:
    """Characters of a word, marks and signs included; an accent that is a character of its own is none. At least 1."""
    return max(1, sum(not unicodedata.combining(character) for character in unicodedata.normalize("NFC", word)))


def within_words(events: Events) -> Events:
    """The table with texts and sentences that begin and end with the words on their timeline.

    A sentence is a millionth of a second wider than its words, which goes unnoticed where there is sound; alone, it
    would have the first row of predictions begin before 0 s, and another row follow the last word.
    """
    edges = {
        timeline: (min(word.start for word in words), max(word.stop for word in words))
        for timeline, words in events.of_type("Word").by_timeline().items()
    }
    return Events(_cut(row, edges[row.timeline]) if row.type in AROUND_WORDS else row for row in events)


def _cut(row: Event, edges: tuple[float, float]) -> Event:
    start, stop = max(row.start, edges[0]), min(row.stop, edges[1])
    return replace(row, start=start, duration=lasting(start, stop))


def n_differences(text: Sequence[str], shown: Sequence[str]) -> tuple[int, int]:
    """How many words of a text are not shown, and how many that are shown are not of it, in order."""
    n_equal = len(equal_pairs(list(text), list(shown)))
    return len(text) - n_equal, len(shown) - n_equal
