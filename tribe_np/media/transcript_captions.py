"""Subtitles as transcripts: SubRip (.srt) and WebVTT (.vtt).

A cue gives its words shares of its time in proportion to their length; times written between the words of a WebVTT
cue are kept. Subtitles are coarser than a transcript: half a second matters little on a 2 Hz grid.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tribe_np.errors import EventsError
from tribe_np.media.transcript_words import Transcript, Word, read_text, spread

CLOCK = r"(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
TIME = re.compile(CLOCK)
INLINE_TIME = re.compile(rf"<({CLOCK})>")
MARKUP = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")
ARROW = "-->"


@dataclass(frozen=True)
class _Cue:
    line: int  # of the times, counted from 1
    start: float
    stop: float
    lines: tuple[str, ...]


def read_srt(path: Path) -> Transcript:
    """The words of a SubRip file, spread over their cues.

    Raises   EventsError naming the line
    """
    lines = _lines(path)
    times = [number for number, line in enumerate(lines) if ARROW in line]
    if not times:
        raise EventsError(f'{path}: no subtitle times ("00:00:01,000 --> 00:00:02,500") in it')
    for number, line in enumerate(lines[: times[0]], 1):
        if line.strip() and not line.strip().isdigit():
            raise EventsError(f"{path}: line {number}: expected a cue number or times, got {line.strip()!r:.40}")
    words: list[Word] = []
    for index, (first, following) in enumerate(zip(times, [*times[1:], len(lines)], strict=True)):
        text = [line.strip() for line in lines[first + 1 : following]]
        if following < len(lines) and text and text[-1].isdigit():
            text.pop()  # the number of the next cue
        start, stop = _times(lines[first], path, first + 1)
        plain = " ".join(" ".join(MARKUP.sub("", line) for line in text).split())
        words += spread(plain, start, stop, index, plain, path=path, at=f"line {first + 1}")
    return Transcript(tuple(words), "", str(path))


def read_vtt(path: Path) -> Transcript:
    """The words of a WebVTT file, spread over their cues or over the times written between them.

    A line without times that repeats the line above it on screen (rolling captions) is not spoken again.
    Raises   EventsError naming the line
    """
    lines = _lines(path)
    if not lines or not re.match(r"WEBVTT(\s|$)", lines[0]):
        raise EventsError(f'{path}: line 1: a WebVTT file must begin with "WEBVTT"')
    cues = list(_vtt_cues(lines, path))
    rolling = any(INLINE_TIME.search(line) for cue in cues for line in cue.lines)
    words: list[Word] = []
    shown = ""
    for index, cue in enumerate(cues):
        spoken = [line for line in cue.lines if not (rolling and _plain(line) == shown)]
        shown = _plain(cue.lines[-1]) if cue.lines else shown
        words += _vtt_words(cue, " ".join(spoken), index, path)
    return Transcript(tuple(words), "", str(path))


def _lines(path: Path) -> list[str]:
    return read_text(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _plain(text: str) -> str:
    return " ".join(html.unescape(MARKUP.sub("", text)).split())


def _clock(match: re.Match[str]) -> float:
    """Seconds of h:mm:ss.fff, rounded once."""
    hours, minutes, whole, fraction = (int(part or 0) for part in match.groups()[-4:])
    scale: int = 10 ** len(match.groups()[-1])
    return ((hours * 3600 + minutes * 60 + whole) * scale + fraction) / scale


def _times(line: str, path: Path, number: int) -> tuple[float, float]:
    parts = [part.strip() for part in line.split(ARROW)]
    first = TIME.fullmatch(parts[0])
    second = TIME.match(parts[1])  # settings such as "align:start" may follow
    if len(parts) != 2 or first is None or second is None or parts[1][second.end() : second.end() + 1].strip():
        sign = " (negative time)" if "-" in line.replace(ARROW, "") else ""
        raise EventsError(f"{path}: line {number}: not a pair of times{sign}: {line.strip()!r:.60}")
    start, stop = _clock(first), _clock(second)
    if stop < start:
        raise EventsError(f"{path}: line {number}: the cue ends at {stop} s, before it starts at {start} s")
    return start, stop


def _vtt_cues(lines: list[str], path: Path) -> Iterator[_Cue]:
    number = 0
    while number < len(lines):
        first = number
        while number < len(lines) and lines[number]:  # a line of white space is text: rolling captions have them
            number += 1
        block = lines[first:number]
        number += 1
        times = [first + index for index, line in enumerate(block) if ARROW in line]
        if times and times[0] <= first + 1:
            if len(times) > 1:
                raise EventsError(f"{path}: line {times[1] + 1}: times inside a cue; put an empty line before a cue")
            start, stop = _times(lines[times[0]], path, times[0] + 1)
            text = tuple(line for line in lines[times[0] + 1 : first + len(block)] if line.strip())
            yield _Cue(times[0] + 1, start, stop, text)
        elif any(line.strip() for line in block) and first > 0 and not re.match(r"(NOTE|STYLE|REGION)(\s|$)", block[0]):
            raise EventsError(f"{path}: line {first + 1}: expected a cue with times, got {block[0].strip()!r:.40}")


def _vtt_words(cue: _Cue, text: str, index: int, path: Path) -> Iterator[Word]:
    sentence = _plain(text)
    starts, pieces, end = [cue.start], [], 0
    for match in INLINE_TIME.finditer(text):
        time = _clock(match)
        if not starts[-1] <= time <= cue.stop:
            word = _plain(text[match.end() :]).partition(" ")[0]
            raise EventsError(
                f"{path}: line {cue.line}: word {word!r:.40} starts at {time} s, outside its cue or before the last one"
            )
        pieces.append(text[end : match.start()])
        starts.append(time)
        end = match.end()
    pieces.append(text[end:])
    for piece, start, stop in zip(pieces, starts, [*starts[1:], cue.stop], strict=True):
        yield from spread(_plain(piece), start, stop, index, sentence, path=path, at=f"line {cue.line}")
