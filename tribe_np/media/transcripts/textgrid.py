"""Praat TextGrids as transcripts, in the long and the short text format.

Praat itself reads only the quoted strings, the free-standing numbers and the flags in angle brackets, in order; the
rest ("xmin =", "intervals [1]:") is decoration. Reading the same way covers both formats.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tribe_np.errors import EventsError
from tribe_np.media.transcripts.non_speech import NonSpeech
from tribe_np.media.transcripts.textgrid_tiers import HALF, Interval, Tier, chosen
from tribe_np.media.transcripts.timed_words import INVISIBLE, Note, Transcript, Word, read_text, seconds, spread

TOKEN = re.compile(r'"(?:[^"]|"")*"|![^\n]*|[^\s"]+|"')
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
SILENCES = frozenset(("", "<eps>", "<sil>", "<p:>", "sil", "sp", "spn"))  # what forced aligners write for no word
MARKS = re.compile(
    r"<[^<>]*>|\{[^{}]*\}|\[[^\[\]]*\]|SIL|SP|SPN|NS|LG|BR|h?#+|_+|\++|\*+|@+|xxx|yyy|www|pau|epi|brth|usb|nib|dummy|gb|garb"
)  # what transcribers and aligners write for pauses, noises and words that nobody understood: whole labels only


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


def read_textgrid(path: Path, *, keep_non_speech: bool = False) -> Transcript:
    """The words of all tiers that hold words (`textgrid_tiers` says which), in the order of their starts.

    Empty intervals, silences and marks for noises are left out; several words in one interval share its time in
    proportion to their length.
    Raises   EventsError naming the line, or the tiers where none of them holds words
    """
    content = read_text(path)
    tokens = _Tokens(path, _stream(content))
    if "ooTextFile" not in content[:200] or tokens.string("the file type")[:10] != "ooTextFile":
        raise EventsError(f'{path}: line 1: not a Praat text file (File type = "ooTextFile"); save it as text')
    kind = tokens.string("the object class")
    if kind != "TextGrid":
        raise EventsError(f"{path}: line {tokens.line}: holds a Praat {kind!r:.40}, not a TextGrid")
    tokens.number("the start"), tokens.number("the end")
    found = [_tier(tokens) for _ in _times_over(tokens.count("the number of tiers"))] if tokens.flag() else []
    tiers = [tier for tier in found if tier is not None]
    if not tiers:
        raise EventsError(f"{path}: no interval tier in this TextGrid; word times need one")
    read = chosen(tiers)
    if not read and any(tier.labels for tier in tiers):
        names = ", ".join(f"{tier.name!r:.40} ({tier.kind or 'phones'})" for tier in tiers[:6])
        raise EventsError(f"{path}: no tier of words in this TextGrid, only {names}; name the tier of words 'words'")
    spoken, non_speech = _spoken(read, path, keep_non_speech)
    words = tuple(word for number, interval in enumerate(spoken) for word in _words(interval, number, path))
    return Transcript(words, "", str(path), (*_tier_notes(tiers, read), *non_speech.notes()))


def _spoken(tiers: Sequence[Tier], path: Path, keep_non_speech: bool) -> tuple[list[Interval], NonSpeech]:
    """The intervals in which somebody says something, by start, and what was left out."""
    non_speech = NonSpeech()
    spoken = []
    for interval in (interval for tier in tiers for interval in tier.intervals):
        label = " ".join(INVISIBLE.sub("", interval.label).split())
        if label in SILENCES:
            continue
        if not keep_non_speech and MARKS.fullmatch(label):
            non_speech.note(label, bytearray(b"\1" * len(label)))
            continue
        label = label if keep_non_speech else " ".join("".join(non_speech.cut([label])).split())
        if label:
            spoken.append(replace(interval, label=label))
    return sorted(spoken, key=lambda interval: interval.start), non_speech


def _tier_notes(tiers: Sequence[Tier], read: Sequence[Tier]) -> Iterator[Note]:
    """Which tiers were read, where that is not plain; a tier of words that looks like one of phones."""
    heard = {word for tier in read for label in tier.labels for word in label.lower().split()}
    others = [
        tier for tier in tiers if tier not in read and tier.kind in ("utterances", "") and not tier.looks_phonetic
    ]
    left = [tier for tier in others if _share(tier, heard) < HALF]
    if read and (len(read) > 1 or left or read[0].kind not in ("words", "utterances")):
        names, rest = (", ".join(f"{tier.name!r:.40}" for tier in group) for group in (read, left))
        aside = f"; not from {rest}" if left else ""
        yield Note("tiers", len(read), f"words are read from tier{'s' * (len(read) > 1)} {names}{aside}")
    for tier in read:
        if tier.looks_phonetic:
            yield Note("phones", len(tier.labels), f"tier {tier.name!r:.40} is read for words, but looks like phones")


def _share(tier: Tier, heard: set[str]) -> float:
    """How much of a tier is in the words that are read; 1 for an empty one."""
    words = [word for label in tier.labels for word in label.lower().split()]
    return sum(word in heard for word in words) / len(words) if words else 1.0


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


def _tier(tokens: _Tokens) -> Tier | None:
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
        intervals.append(Interval(line, start, stop, tokens.string("the label of an interval")))
    return Tier(name, tuple(intervals))


def _words(interval: Interval, number: int, path: Path) -> Iterator[Word]:
    label, at = interval.label, f"line {interval.line}"
    start = seconds(interval.start, f"{path}: {at}: word {label!r:.40}: start")
    stop = seconds(interval.stop, f"{path}: {at}: word {label!r:.40}: end")
    if stop < start:
        raise EventsError(f"{path}: {at}: word {label!r:.40} ends at {stop} s, before it starts at {start} s")
    yield from spread(label, start, stop, number, label, path=path, at=at)
