"""Which characters of a text each timed word is: tokens first, then characters where a word is not a token."""

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tribe_np.timeline.alignment import equal_pairs
from tribe_np.timeline.sentences import Sentence

LIGATURES = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE"})
EDGE = re.compile(r"^[\W_]+|[\W_]+$")
SMALLEST_SHARE = 0.5  # of a word's characters that must agree on where it starts


@dataclass(frozen=True, slots=True)
class WordMatch:
    """Where one word is: character in the text, its sentence (with the trailing space), character in the sentence."""

    text_char: int | None = None
    sentence: str | None = None
    sentence_char: int | None = None

    @property
    def sentence_start(self) -> int | None:
        """Character of the text where the sentence begins; None for a word without a place."""
        if self.text_char is None or self.sentence_char is None:
            return None
        return self.text_char - self.sentence_char


@dataclass(frozen=True, slots=True)
class _Token:
    """A token with its place in the text and its sentence."""

    text: str
    start: int
    sentence: Sentence

    def match(self, text_char: int) -> WordMatch:
        return WordMatch(text_char, self.sentence.text, text_char - self.sentence.start)


def normalize(word: str) -> str:
    """The word in lower case without accents, ligatures, and punctuation at its ends."""
    return EDGE.sub("", normalize_with_positions(word.lower())[0])


def normalize_with_positions(text: str) -> tuple[str, list[int]]:
    """The text without accents and ligatures, and for each character its position.

    Numerics positions count in the text with ligatures expanded (upstream: one too many after each ligature)
    Source   neuralset 0.0.2 events/transforms/utils.py _normalize_with_positions
    """
    characters: list[str] = []
    positions: list[int] = []
    for position, character in enumerate(text.translate(LIGATURES)):
        for part in unicodedata.normalize("NFKD", character):
            if not unicodedata.combining(part):
                characters.append(part)
                positions.append(position)
    return "".join(characters), positions


def match_words(
    sentences: Sequence[Sentence], words: Sequence[str], *, merge_identical: bool = False
) -> list[WordMatch]:
    """One WordMatch per word; empty fields where nothing reliable was found.

    Numerics tokens and words are aligned as whole normalised strings, equal pairs only; runs of words left over are
             aligned by characters with the text between their neighbours; a word left over there belongs to the one
             sentence between them, or to theirs, without a position. `merge_identical` knows a sentence by its string
             alone: words between "Hi." and a later "Hi." are then in "Hi."
    Source   neuralset 0.4.0 events/transforms/utils.py TextWordMatcher.match; 0.0.2 with merge_identical
    """
    text = "".join(sentence.text for sentence in sentences)
    tokens = [_Token(token, start, sentence) for sentence in sentences for token, start in sentence.tokens]
    normal = [normalize(word) for word in words]
    token_of_word = {word: token for token, word in equal_pairs([normalize(token.text) for token in tokens], normal)}
    matches = [
        tokens[token_of_word[k]].match(tokens[token_of_word[k]].start) if k in token_of_word else WordMatch()
        for k in range(len(words))
    ]
    for first, stop in _gaps(len(words), token_of_word):
        left, right = token_of_word.get(first - 1), token_of_word.get(stop)
        matches[first:stop] = _match_gap(text, tokens, normal[first:stop], left, right)
        if not merge_identical and (sentence := _only_sentence(tokens, left, right)):
            matches[first:stop] = [m if m.sentence else replace(m, sentence=sentence) for m in matches[first:stop]]
    return _inherit_sentences(matches, merge_identical=merge_identical)


def _only_sentence(tokens: list[_Token], left: int | None, right: int | None) -> str:
    """The one sentence that holds all words of the text between two tokens; "" for none or several."""
    between = tokens[0 if left is None else left + 1 : right]
    found = {token.sentence.start: token.sentence.text for token in between if normalize(token.text)}
    return next(iter(found.values())) if len(found) == 1 else ""


def _gaps(n_words: int, matched: dict[int, int]) -> Iterator[tuple[int, int]]:
    """(first, stop) of each maximal run of unmatched words."""
    first = None
    for k in range(n_words + 1):
        if k < n_words and k not in matched:
            first = k if first is None else first
        elif first is not None:
            yield first, k
            first = None


def _match_gap(
    text: str, tokens: list[_Token], words: Sequence[str], left: int | None, right: int | None
) -> list[WordMatch]:
    """Matches of a run of normalised words between the tokens `left` and `right` (None: the end of the text)."""
    nothing = [WordMatch()] * len(words)
    start = 0 if left is None else tokens[left].start + len(tokens[left].text)
    stop = len(text) if right is None else tokens[right].start
    between, positions = normalize_with_positions(text[start:stop].lower())
    candidates = tokens[left:right]
    if not between or not candidates:
        return nothing
    places = [(word, place) for word, characters in enumerate(words) for place in range(len(characters) + 1)]
    votes: list[Counter[int]] = [Counter() for _ in words]
    for in_text, in_words in equal_pairs(between, " ".join(words)):
        word, place = places[in_words]  # place len(word) is the space after it: it votes too
        votes[word][start + positions[in_text] - place] += 1
    return [_elect(vote, len(word), candidates) for vote, word in zip(votes, words, strict=True)]


def _elect(votes: Counter[int], length: int, candidates: list[_Token]) -> WordMatch:
    """The match at the most voted start (the first on ties) if enough characters agree."""
    if not votes:
        return WordMatch()
    ((start, count),) = votes.most_common(1)
    if count / max(length, 1) <= SMALLEST_SHARE:
        return WordMatch()
    nearest = bisect_right(candidates, start, key=lambda token: token.start) - 1
    return candidates[max(nearest, 0)].match(start)


def _inherit_sentences(matches: list[WordMatch], *, merge_identical: bool) -> list[WordMatch]:
    """Words between two words of one sentence get it, without a position."""
    filled = list(matches)
    previous: int | None = None
    for k, match in enumerate(matches):
        if match.sentence is None if merge_identical else match.text_char is None:
            continue
        if previous is not None and _is_same(matches[previous], match, merge_identical=merge_identical):
            for between in range(previous + 1, k):
                filled[between] = replace(filled[between], sentence=match.sentence)
        previous = k
    return filled


def _is_same(a: WordMatch, b: WordMatch, *, merge_identical: bool) -> bool:
    return a.sentence == b.sentence if merge_identical else a.sentence_start == b.sentence_start
