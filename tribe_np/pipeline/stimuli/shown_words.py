"""Words that are shown one after another without a voice (RSVP): their times, and nothing else.

A word is what `timeline.word_cuts` cuts, as for words that are spoken: a stretch without blanks, and in Chinese and
Japanese a character.
"""

import unicodedata
from collections.abc import Sequence

from tribe_np.errors import EventsError
from tribe_np.media.transcripts.timed_words import Word
from tribe_np.timeline.word_cuts import cut_words, unspaced_stretch


def words_to_show(text: str, source: str) -> list[str]:
    """The words of a text, without the quotation marks that spoken words lose too.

    Raises   EventsError for a text without words, or one whose words only a person can tell apart
    """
    if stretch := unspaced_stretch(text):
        raise EventsError(
            f"{source}: {stretch!r:.40} has no spaces between its words; put spaces or zero-width spaces between them"
        )
    words = cut_words(text.replace('"', ""))
    if not words:
        raise EventsError(f"{source}: holds no word to show")
    return words


def word_times(
    words: Sequence[str],
    *,
    seconds_per_word: float,
    seconds_per_letter: float | None = None,
    duration: float | None = None,
) -> list[Word]:
    """The words one after another from 0 s on, each as long as the next, or as many letters long.

    Units    seconds; `duration` spreads the words over so much instead
    Numerics a start is a product, not a sum: the thousandth word has no more rounding error than the first
    """
    sizes = [1 if seconds_per_letter is None else n_letters(word) for word in words]
    each = seconds_per_word if seconds_per_letter is None else seconds_per_letter
    if duration is not None:
        each = duration / sum(sizes)
    shown, before = [], 0
    for number, (word, size) in enumerate(zip(words, sizes, strict=True), 1):
        stop = (before + size) * each
        shown.append(Word(word, before * each, stop, place=f"word {number}", stated=size * each))
        before += size
    return shown


def n_letters(word: str) -> int:
    """Characters of a word, marks and signs included; an accent that is a character of its own is none. At least 1."""
    return max(1, sum(not unicodedata.combining(character) for character in unicodedata.normalize("NFC", word)))
