"""Words that a recogniser wrote down but gave no time: placed between the words beside them.

Aligners find no sound for "2014" or "£13.60" and write such words without times (whisperX), with null (exports of data
frames) or with NaN. Upstream drops them. Recognisers that write pieces of words ("$3", ".5") get them joined first.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from tribe_np.errors import EventsError
from tribe_np.media.transcripts.non_speech import is_said
from tribe_np.media.transcripts.timed_words import Note

UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u9fff]")  # Thai to Chinese: no spaces
PACE = 0.08  # seconds per character where a file gives no word to measure it by
PartialTime = tuple[float | None, float | None]  # start and stop in seconds; None where it is not known


@dataclass(frozen=True)
class WordPart:
    """A word or a part of one, in seconds from the start of the sound; None where its source gives no time."""

    text: str
    start: float | None
    stop: float | None
    place: str


@dataclass(frozen=True)
class Stretch:
    """A stretch of speech with its words; start and stop are None where the source gives none."""

    number: int
    sentence: str
    start: float | None
    stop: float | None
    pieces: tuple[WordPart, ...]


def joined(segments: Sequence[Stretch]) -> list[Stretch]:
    """Segments whose pieces of words are words.

    Whisper begins each word with a space; where most words do, one without it belongs to the word before it. Scripts
    that write no spaces are left alone. Told from the text, for the program and the language are not always known
    (`speech.whisper_words` knows both).
    """
    texts = [piece.text for segment in segments for piece in segment.pieces]
    if 2 * sum(text[:1].isspace() for text in texts) <= len(texts):
        return list(segments)
    return [replace(segment, pieces=tuple(_joined(segment.pieces))) for segment in segments]


def _joined(pieces: Sequence[WordPart]) -> Iterator[WordPart]:
    held: WordPart | None = None
    for piece in pieces:
        is_new = not piece.text or piece.text[0].isspace() or UNSPACED.match(piece.text)
        if held is None or is_new or UNSPACED.match(held.text[-1:]):
            if held is not None:
                yield held
            held = piece
        else:
            start = piece.start if held.start is None else held.start
            held = WordPart(held.text + piece.text, start, held.stop if piece.stop is None else piece.stop, held.place)
    if held is not None:
        yield held


def placed(segments: Sequence[Stretch], source: object) -> tuple[list[Stretch], tuple[Note, ...]]:
    """The segments with a time for every word, and a note that counts those that had none.

    Numerics words without a time share the gap between their neighbours, or between one and the end of the segment,
             in proportion to their number of characters; where nothing ends the gap they get the file's median time
             for a character, as far as there is room
    Raises   EventsError when no word and no segment has a time
    """
    untimed = [piece for segment in segments for piece in segment.pieces if piece.start is None]
    if not untimed:
        return list(segments), ()
    timed = [p for segment in segments for p in segment.pieces if p.start is not None and p.stop is not None]
    if not timed and all(segment.start is None or segment.stop is None for segment in segments):
        raise EventsError(
            f"{source}: {untimed[0].place} ({untimed[0].text!r:.40}) has no time, and no other word has one"
        )
    paces = [(p.stop - p.start) / len(p.text.strip()) for p in timed if p.text.strip() and p.start < p.stop]  # type: ignore[operator]
    pace = median(paces) if paces else PACE
    following = _starts_after(segments)
    done, end = [], 0.0
    for segment, after in zip(segments, following, strict=True):
        done.append(_timed(segment, end, after, pace))
        end = max([end, *(p.stop for p in done[-1].pieces if p.stop is not None)])
    untimed = [piece for piece in untimed if is_said(piece.text)]
    if not untimed:
        return done, ()
    shown = ", ".join(f"{piece.text.strip()!r:.40}" for piece in untimed[:3]) + (", ..." if len(untimed) > 3 else "")
    what, whose = f"{len(untimed)} words without times are", "their"
    if len(untimed) == 1:
        what, whose = "1 word without a time is", "its"
    return done, (Note("untimed_words", len(untimed), f"{what} placed between {whose} neighbours ({shown})"),)


def _starts_after(segments: Sequence[Stretch]) -> list[float]:
    """For each segment the first time that a later one gives; infinity for the last."""
    found, next_start = [], math.inf
    for segment in reversed(segments):
        found.append(next_start)
        next_start = next((p.start for p in segment.pieces if p.start is not None), segment.start or next_start)
    return found[::-1]


def _timed(segment: Stretch, end: float, after: float, pace: float) -> Stretch:
    """A segment with a time for each piece; `end` and `after` are the times that are known before and after it."""
    if all(piece.start is not None for piece in segment.pieces):
        return segment
    texts = [piece.text.strip() for piece in segment.pieces]
    known = [n for n, piece in enumerate(segment.pieces) if piece.start is not None]
    n_before, n_after = (
        sum(max(1, len(text)) for text in part)
        for part in ((texts[: known[0]], texts[known[-1] + 1 :]) if known else ([], texts))
    )
    first = segment.pieces[known[0]].start if known else None
    last = segment.pieces[known[-1]].stop if known else None
    start, stop = segment.start, segment.stop
    if start is None:
        start = end if first is None else max(min(end, first), first - n_before * pace)
    if first is not None:
        start = min(start, first)
    if stop is None:
        last = start if last is None else last
        stop = min(last + n_after * pace, max(after, last))
    times = place_untimed(texts, [(piece.start, piece.stop) for piece in segment.pieces], start, stop)
    pieces = (replace(p, start=a, stop=b) for p, (a, b) in zip(segment.pieces, times, strict=True))
    return replace(segment, pieces=tuple(pieces))


def place_untimed(
    texts: Sequence[str], times: Sequence[PartialTime], start: float, stop: float
) -> list[tuple[float, float]]:
    """Start and stop of every word; those that are known stay as they are.

    Units    seconds; start and stop bound the words before the first known time and after the last
    Numerics a run of unknown times is shared out between the known time before it and the one after it, in proportion
             to the characters of the words (at least 1 each); where these leave no room, it lasts 0 s at the earlier
    """
    edges = [edge for pair in times for edge in pair]
    places = [0]  # of each edge, in characters from the first word
    for text in texts:
        places += [places[-1], places[-1] + max(len(text), 1)]
    places = places[1:]
    placed: list[float] = []
    first = 0  # of the run of unknown edges
    while first < len(edges):
        known = edges[first]
        if known is not None:
            placed.append(known)
            first += 1
            continue
        end = next((k for k in range(first, len(edges)) if edges[k] is not None), len(edges))
        before, after = (placed[-1], places[first - 1]) if first else (start, places[0])
        beyond, until = (edges[end], places[end]) if end < len(edges) else (stop, places[-1])
        assert beyond is not None
        share = max(beyond - before, 0.0) / max(until - after, 1)
        placed += [before + (places[k] - after) * share for k in range(first, end)]
        first = end
    return list(zip(placed[::2], placed[1::2], strict=True))
