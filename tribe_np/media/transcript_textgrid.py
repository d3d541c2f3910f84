"""Praat TextGrids as transcripts, in the long and the short text format.

Praat itself reads only the quoted strings, the free-standing numbers and the flags in angle brackets, in order; the
rest ("xmin =", "intervals [1]:") is decoration. Reading the same way covers both formats.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tribe_np.errors import EventsError
from tribe_np.media.transcript_words import Transcript, Word, read_text, seconds, spread

TOKEN = re.compile(r'"(?:[^"]|"")*"|![^\n]*|[^\s"]+|"')
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
WORD_TIER = re.compile(r"(.*\W)?(words?|tokens?|mots?|palabras?|wörter|wort)", re.IGNORECASE)
SILENCES = frozenset(("", "<eps>", "<sil>", "<p:>", "sil", "sp", "spn"))  # what forced aligners write for no word


@dataclass
class _Tokens:
    """The meaningful tokens of a TextGrid, taken one by one with their line."""

    path: Path
    stream: Iterator[tuple[str, int]]
    line: int = field(default=1)

    def _next(self, what: str) -> str:
        token, self.line = next(self.stream, ("", 0))
        if not token:
            raise EventsError(f"{self.path}: the TextGrid ends where {what} should be")
        return token

    def string(self, what: str) -> str:
        token = self._next(what)
        if token[0] != '"':
            raise EventsError(f"{self.path}: line {self.line}: expected {what} in quotation marks, got {token!r:.40}")
        return token[1:-1].replace('""', '"')

    def number(self, what: str) -> float:
        token = self._next(what)
        if not NUMBER.fullmatch(token):
            raise EventsError(f"{self.path}: line {self.line}: expected {what}, got {token!r:.40}")
        return float(token)

    def count(self, what: str) -> int:
        value = self.number(what)
        if value < 0 or value >= 2**53 or value != int(value):
            raise EventsError(f"{self.path}: line {self.line}: {what} must be a whole number, got {value}")
        return int(value)

    def flag(self) -> bool:
        token = self._next("<exists>")
        if token not in ("<exists>", "<absent>"):
            raise EventsError(f"{self.path}: line {self.line}: expected <exists>, got {token!r:.40}")
        return token == "<exists>"


@dataclass(frozen=True)
class _Interval:
    line: int
    start: float
    stop: float
    label: str


def read_textgrid(path: Path) -> Transcript:
    """The words of the tier named words (word, tokens, mots, "speaker - words"), else of the first interval tier.

    Empty intervals and forced aligners' marks for silence are skipped; several words in one interval share its time
    in proportion to their length.
    Raises   EventsError naming the line
    """
    content = read_text(path)
    tokens = _Tokens(path, _stream(content))
    if "ooTextFile" not in content[:200] or tokens.string("the file type")[:10] != "ooTextFile":
        raise EventsError(f'{path}: line 1: not a Praat text file (File type = "ooTextFile"); save it as text')
    kind = tokens.string("the object class")
    if kind != "TextGrid":
        raise EventsError(f"{path}: line {tokens.line}: holds a Praat {kind!r:.40}, not a TextGrid")
    tokens.number("the start"), tokens.number("the end")
    tiers = [_tier(tokens) for _ in _times_over(tokens.count("the number of tiers"))] if tokens.flag() else []
    named = [tier for tier in tiers if tier is not None]
    chosen = next((tier for tier in named if WORD_TIER.fullmatch(tier[0].strip())), named[0] if named else None)
    if chosen is None:
        raise EventsError(f"{path}: no interval tier in this TextGrid; word times need one")
    return Transcript(tuple(_words(chosen[1], path)), "", str(path))


def _stream(content: str) -> Iterator[tuple[str, int]]:
    """Strings, free-standing numbers and flags with their line; comments and decoration left out."""
    line, seen = 1, 0
    for match in TOKEN.finditer(content):
        token = match.group()
        line += content.count("\n", seen, match.start())
        seen = match.start()
        if (token[0] == '"' and len(token) > 1) or token in ("<exists>", "<absent>") or NUMBER.fullmatch(token):
            yield token, line


def _times_over(count: int) -> Iterator[int]:
    """0, 1, ... without memory for the count, which the file may overstate; its end stops the loop."""
    number = 0
    while number < count:
        yield number
        number += 1


def _tier(tokens: _Tokens) -> tuple[str, list[_Interval]] | None:
    """Name and intervals of the next tier; None for a tier of points, which have no duration."""
    kind = tokens.string("the class of a tier")
    name = tokens.string("the name of a tier")
    tokens.number("the start of a tier"), tokens.number("the end of a tier")
    count = tokens.count("the number of intervals")
    if kind == "TextTier":
        for _ in _times_over(count):
            tokens.number("the time of a point"), tokens.string("the mark of a point")
        return None
    if kind != "IntervalTier":
        raise EventsError(f"{tokens.path}: line {tokens.line}: unknown class of tier {kind!r:.40}")
    intervals = []
    for _ in _times_over(count):
        start, line = tokens.number("the start of an interval"), tokens.line
        stop = tokens.number("the end of an interval")
        intervals.append(_Interval(line, start, stop, tokens.string("the label of an interval")))
    return name, intervals


def _words(intervals: list[_Interval], path: Path) -> Iterator[Word]:
    number = 0
    for interval in intervals:
        label = " ".join(interval.label.split())
        if label in SILENCES:
            continue
        at = f"line {interval.line}"
        start = seconds(interval.start, f"{path}: {at}: word {label!r:.40}: start")
        stop = seconds(interval.stop, f"{path}: {at}: word {label!r:.40}: end")
        if stop < start:
            raise EventsError(f"{path}: {at}: word {label!r:.40} ends at {stop} s, before it starts at {start} s")
        yield from spread(label, start, stop, number, label, path=path, at=at)
        number += 1
