"""Cues of a caption file: where the times, the numbers and the texts stand in SubRip (.srt) and WebVTT (.vtt).

A number or a pair of times is never spoken, a number that somebody says is never lost, and a time that cannot be read
is an error wherever it is. In WebVTT, anything but a cue is skipped, as its own parsing rules say.
Source   WebVTT, W3C Candidate Recommendation 2019-04-04, section 6.1 (parser) and 6.3 (timings)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tribe_np.errors import EventsError
from tribe_np.media.transcripts.timed_words import Note, read_text

CLOCK = r"(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
TIME = re.compile(CLOCK)
STAMP = r"-?(?:\d+ ?: ?\d+ ?: ?\d+(?: ?[.,:;] ?\d+)?|\d+ ?: ?\d+[.,]\d{1,3})"  # whatever was meant as a time
BROKEN = re.compile(
    rf"\s*(?:{STAMP}\W*(?:&gt;|to)?\W*{STAMP}(?:\W.*)?|\d+:\d+:\d+[.,]\d+\W*|\d+:\d+\s*(?:-\s*-[-\s]*|\W*[>→]\s*)\d+:\d+\s*)"
)
ARROW = "-->"
HEADER = re.compile(r"WEBVTT(?:[ \t]|$)")
NOTE = re.compile(r"NOTE(?:\s|$)")
COMMENT = re.compile(r"(?:STYLE|REGION)(?:\s|$)")


@dataclass(frozen=True)
class Cue:
    """A caption: the line of its times (counted from 1), seconds, and its lines of text as they are written."""

    line: int
    start: float
    stop: float
    lines: tuple[str, ...]


def read_lines(path: Path) -> list[str]:
    """The lines of a caption file, whatever ends them; CR CR LF, which careless tools write, is one end."""
    return re.split("\r\r\n|\r\n|\r|\n", read_text(path).lstrip("\ufeff"))


def srt_cues(lines: Sequence[str], path: Path) -> list[Cue]:
    """The cues of a SubRip file.

    Raises   EventsError naming the line: no times, a time that cannot be read, text before the first cue
    """
    times = [number for number, line in enumerate(lines) if ARROW in line]
    if not times:
        raise EventsError(f'{path}: no subtitle times ("00:00:01,000 --> 00:00:02,500") in it')
    for number, line in enumerate(lines[: times[0]], 1):
        if line.strip() and not line.strip().isdecimal():
            raise EventsError(f"{path}: line {number}: expected a cue number or times, got {line.strip()!r:.40}")
    numbers = CueNumbers(lines[: times[0] + 1])
    cues: list[Cue] = []
    for ordinal, (first, following) in enumerate(zip(times, [*times[1:], len(lines)], strict=True), 1):
        text, own = list(lines[first + 1 : following]), numbers.last
        if following < len(lines):
            text = numbers.without_number(text, ordinal + 1)
        lost = numbers.number_inside(text, own + 1)
        cues.append(_cue(lines, first, text, path))
        if lost is not None:
            wrong = text[lost + 1].strip()
            raise EventsError(
                f"{path}: line {first + 3 + lost}: expected the times of cue {own + 1}, got {wrong!r:.40}"
            )
    return cues


class CueNumbers:
    """Tells the number of the next cue from a number that is spoken.

    A file that numbers its first cue numbers them all: one higher than the last, or on a line of its own after an empty
    one and as far above the times as the first. In other files only the cue's own place in the file is a number.
    """

    def __init__(self, before_first: Sequence[str]) -> None:
        """`before_first`: the lines up to the times of the first cue, and those."""
        found = [index for index, line in enumerate(before_first[:-1]) if line.strip().isdecimal()]
        self.numbered = bool(found)
        self.distance = min(len(before_first) - 1 - found[-1], 2) if found else 1
        self.last = int(before_first[found[-1]].strip()[:18]) if found else -1

    def without_number(self, text: Sequence[str], ordinal: int) -> list[str]:
        """The lines between two times without the number of the second, which is the file's `ordinal`th cue."""
        text = list(text)
        at = max((index for index, line in enumerate(text) if line.strip()), default=-1)
        word = text[at].strip() if at >= 0 else ""
        if not word.isdecimal():
            return text
        number = int(word[:18])
        apart = at > 0 and not text[at - 1].strip() and len(text) - at <= self.distance
        if (apart and (self.numbered or number in (ordinal, ordinal - 1))) or number == self.last + 1:
            self.last = number
            return text[:at]
        return text

    def number_inside(self, text: Sequence[str], number: int) -> int | None:
        """Which line of a cue's text is the number of a cue without times; None if `number` is in its place."""
        if not self.numbered or self.distance != 1 or self.last == number:
            return None
        apart = (n for n in range(1, len(text) - 1) if not text[n - 1].strip() and text[n + 1].strip())
        return next((n for n in apart if text[n].strip() == str(number)), None)


def vtt_cues(lines: Sequence[str], path: Path) -> tuple[list[Cue], list[Note]]:
    """The cues of a WebVTT file, and a note of the lines that belong to none.

    Raises   EventsError naming the line: no header, a time that cannot be read, lines but no cue among them
    """
    if not lines or not HEADER.match(lines[0]):
        raise EventsError(f'{path}: line 1: a WebVTT file must begin with "WEBVTT" (SubRip captions are named .srt)')
    cues: list[Cue] = []
    passed_over: list[int] = []
    numbers: CueNumbers | None = None
    position = 1
    while position < len(lines) and lines[position] and ARROW not in lines[position]:
        position += 1  # the rest of the header
    while position < len(lines):
        start = position
        is_note = NOTE.match(lines[start]) is not None  # lasts until an empty line, whatever is in it
        arrow = None if is_note else _times_of_block(lines, start)
        position = start if arrow is None else arrow + 1
        while position < len(lines) and lines[position] and (is_note or ARROW not in lines[position]):
            position += 1
        if arrow is not None:
            text = list(lines[arrow + 1 : position])
            numbers = numbers or CueNumbers(lines[start : arrow + 1])
            if lines[start].strip().isdecimal():
                numbers.last = int(lines[start].strip()[:18])
            if position < len(lines) and lines[position]:  # the next times follow without an empty line
                text = numbers.without_number(text, len(cues) + 2)
            cues.append(_cue(lines, arrow, text, path))
        elif position > start and not COMMENT.match(lines[start]):
            passed_over += [
                n for n in range(start, position) if lines[n].strip() and (not is_note or ARROW in lines[n])
            ]
        position += position < len(lines) and not lines[position]
    notes = _passed_over(passed_over, lines, path, bool(cues))
    if len(lines) > 1 and lines[1].startswith("X-TIMESTAMP-MAP"):
        what = "a piece of a stream (X-TIMESTAMP-MAP in line 2): its times are used as they are"
        notes.append(Note("stream_piece", 1, what))
    return cues, notes


def _times_of_block(lines: Sequence[str], start: int) -> int | None:
    """Where the times of a block stand: in its first line, or in its second below an identifier."""
    if not lines[start] or ARROW in lines[start]:
        return start if lines[start] else None
    return start + 1 if start + 1 < len(lines) and ARROW in lines[start + 1] else None


def _passed_over(numbers: Sequence[int], lines: Sequence[str], path: Path, has_cues: bool) -> list[Note]:
    for number in numbers:
        if ARROW not in lines[number]:  # in a comment there may be anything
            _check_no_time(lines[number], path, number + 1)
    if not numbers:
        return []
    first = f"line {numbers[0] + 1}: expected a cue with times, got {lines[numbers[0]].strip()!r:.40}"
    if not has_cues:
        raise EventsError(f"{path}: {first}")
    what = "1 line belongs to no cue and is" if len(numbers) == 1 else f"{len(numbers)} lines belong to no cue and are"
    return [Note("passed_over", len(numbers), f"{what} skipped ({first})")]


def _check_no_time(line: str, path: Path, number: int) -> None:
    """Refuses a line that was meant for the times of a cue, but cannot be read as such."""
    if BROKEN.fullmatch(line):
        raise EventsError(f"{path}: line {number}: not a pair of times, but looks like one: {line.strip()!r:.60}")


def _cue(lines: Sequence[str], at: int, text: Sequence[str], path: Path) -> Cue:
    start, stop = _times(lines[at], path, at + 1)
    for number, line in enumerate(text, at + 2):
        _check_no_time(line, path, number)
    return Cue(at + 1, start, stop, tuple(line for line in text if line.strip()))


def clock(match: re.Match[str]) -> float | None:
    """Seconds of h:mm:ss.fff, rounded once; None where minutes or seconds pass 59."""
    hours, minutes, whole, fraction = (int(part or 0) for part in match.groups()[-4:])
    if whole > 59 or (minutes > 59 and match.groups()[-4] is not None):
        return None
    scale: int = 10 ** len(match.groups()[-1] or "")
    return ((hours * 3600 + minutes * 60 + whole) * scale + fraction) / scale


def _times(line: str, path: Path, number: int) -> tuple[float, float]:
    parts = [part.strip() for part in line.split(ARROW)]
    first = TIME.fullmatch(parts[0])
    second = TIME.match(parts[1])  # settings such as "align:start" may follow
    good = len(parts) == 2 and first is not None and second is not None
    if good and second is not None and parts[1][second.end() : second.end() + 1].strip():
        good = False
    start, stop = (clock(match) if good and match is not None else None for match in (first, second))
    if start is None or stop is None:
        sign = " (negative time)" if "-" in line.replace(ARROW, "") else ""
        raise EventsError(f"{path}: line {number}: not a pair of times{sign}: {line.strip()!r:.60}")
    if stop < start:
        raise EventsError(f"{path}: line {number}: the cue ends at {stop} s, before it starts at {start} s")
    return start, stop
