"""Word times from what espeak-ng reports while it speaks.

Its events are starts, not words: a number gives several, `U.S.A.` one, `didn't` a part. So the text is split here, and
a word begins at the first event that falls into it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tribe_np.media.transcripts.timed_words import Word
from tribe_np.timeline.word_cuts import word_spans


class SpeechEvent(NamedTuple):
    """One event: kind is "word", "sentence" or "end"; position is a 1-based character of the text; milliseconds."""

    kind: str
    position: int
    length: int
    milliseconds: int


class _Token(NamedTuple):
    text: str
    begin: int  # 0-based character
    end: int


def align_words(text: str, events: Sequence[SpeechEvent], total: float) -> list[Word]:
    """The words of the text (see `word_spans`) with their times; quotation marks are removed.

    Units    total: seconds of sound
    Numerics a word starts at the first word event of non-zero length whose position falls into it and ends at the next
             word's start, or at the sentence or end event before that; words without an event share the time up to the
             next start with the word before them, in proportion to length (before the first start: from 0 s)
    """
    tokens = [_Token(text[begin:end], begin, end) for begin, end in word_spans(text)]
    starts = _starts(tokens, events, total)
    breaks = sorted({event.milliseconds / 1000 for event in events if event.kind != "word"} | {total})
    spans: list[tuple[float, float]] = []
    begin = 0
    while begin < len(tokens):
        end = begin + 1
        while end < len(tokens) and starts[end] is None:
            end += 1
        first = starts[begin] or 0.0
        following = starts[end] if end < len(tokens) else None
        last = total if following is None else following
        if end == begin + 1 or following is None:
            last = min(last, next((time for time in breaks if time > first), last))
        spans += _shares(tokens[begin:end], first, max(first, last))
        begin = end
    return _words(tokens, spans, _sentences(text, events))


def _starts(tokens: Sequence[_Token], events: Sequence[SpeechEvent], total: float) -> list[float | None]:
    """The time of the first event in each token, never before an earlier one's; None without an event."""
    first: dict[int, float] = {}
    for event in events:
        if event.kind == "word" and event.length > 0:
            first.setdefault(event.position - 1, event.milliseconds / 1000)
    starts: list[float | None] = []
    latest = 0.0
    for token in tokens:
        times = [first[position] for position in range(token.begin, token.end) if position in first]
        if times:
            latest = min(max(latest, min(times)), total)
        starts.append(latest if times else None)
    return starts


def _shares(tokens: Sequence[_Token], start: float, stop: float) -> list[tuple[float, float]]:
    lengths = [len(token.text) for token in tokens]
    whole, before = sum(lengths), 0
    cuts = [start]
    for length in lengths[:-1]:
        before += length
        cuts.append(start + (stop - start) * (before / whole))
    return list(zip(cuts, [*cuts[1:], stop], strict=True))


def _sentences(text: str, events: Sequence[SpeechEvent]) -> list[tuple[int, str]]:
    """Where each sentence begins (0-based character), and its text; espeak-ng finds them."""
    begins = sorted({0} | {event.position - 1 for event in events if event.kind == "sentence"})
    ends = [*begins[1:], len(text)]
    return [(begin, " ".join(text[begin:end].split())) for begin, end in zip(begins, ends, strict=True)]


def _words(
    tokens: Sequence[_Token], spans: Sequence[tuple[float, float]], sentences: Sequence[tuple[int, str]]
) -> list[Word]:
    words, current = [], 0
    for token, (start, stop) in zip(tokens, spans, strict=True):
        while current + 1 < len(sentences) and sentences[current + 1][0] <= token.begin:
            current += 1
        spoken = token.text.replace('"', "")
        if spoken:
            place = f"character {token.begin + 1}"
            words.append(Word(spoken, start, stop, current, sentences[current][1].replace('"', ""), place))
    return words
