"""Where the words of a text are in it, to the character: for words that were cut out of the text itself.

Words that somebody heard are found by `matching`, which must guess; it leaves out some that are signs alone. Here
every word has a place, because the text is made of the words: joined by blanks, with other letter case, and with
periods taken from the ends of sentences and put between them (`contexts.add_text`).
"""

from bisect import bisect_right
from collections.abc import Sequence

from tribe_np.timeline.matching import WordMatch
from tribe_np.timeline.sentences import Sentence

BETWEEN = " .\u3002"  # the last is the full stop of Chinese and Japanese


def with_own_places(
    sentences: Sequence[Sentence], words: Sequence[str], matches: Sequence[WordMatch]
) -> list[WordMatch]:
    """The matches, and a place for each word that has none inside its own characters."""
    text = "".join(sentence.text for sentence in sentences)
    starts = [sentence.start for sentence in sentences]
    found = []
    for (start, stop), match in zip(word_places(text, words), matches, strict=True):
        if match.text_char is not None and start <= match.text_char < stop:
            found.append(match)
            continue
        sentence = sentences[max(0, bisect_right(starts, start) - 1)]
        found.append(WordMatch(start, sentence.text, start - sentence.start))
    return found


def word_places(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """(first character, end) of each word, in order.

    Numerics a word whose last periods were taken away ends before them; one of periods alone that are all gone has no
             character, and stands where the word before it ends
    """
    folded, places = _folded(text)
    cursor, found = 0, []
    for word in words:
        whole, _ = _folded(word)
        for wanted in dict.fromkeys((whole, whole.rstrip("."))):
            first = _next(folded, wanted, cursor) if wanted else None
            if first is not None:
                found.append((places[first], places[first + len(wanted)]))
                cursor = first + len(wanted)
                break
        else:
            found.append((places[cursor], places[cursor]))
    return found


def _next(folded: str, wanted: str, cursor: int) -> int | None:
    """Where `wanted` stands, behind the cursor and what stands between words."""
    for first in range(cursor, len(folded)):
        if folded.startswith(wanted, first):
            return first
        if folded[first] not in BETWEEN:
            return None
    return None


def _folded(text: str) -> tuple[str, list[int]]:
    """The text without letter case, and the place of each character in `text`, that of the end included.

    Upper case comes first: a capital may have been made of any of several small letters.
    """
    parts = [character.upper().casefold() for character in text]
    places = [place for place, part in enumerate(parts) for _ in part]
    return "".join(parts), [*places, len(text)]
