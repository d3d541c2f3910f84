"""What stands in transcripts but nobody says: sounds in brackets, musical notes, dashes, names of speakers.

Left out by default and counted; `--keep-non-speech` keeps all of it. In doubt a word stays:

    ♪ ♫ #             musical notes go, the words that are sung between them stay
    [door slams]      square brackets go, unless they hold a sentence ("[I love you all.]")
    (laughs)          round ones go where they name a common sound, or where they hold no sentence and begin a line or
                      follow a sentence; "the price (about three euros) rose" stays whole
    <laughs>          one or two words in angle brackets, as recognisers write them
    - Who is there?   a dash or >> at the beginning of a line goes, "-5 degrees" stays
    MAN: ANN (V.O.):  a name in capitals, or a word such as Man or Narrator, before a colon at the beginning of a line;
                      where everything is in capitals, only after >> or a dash
    ... — *           words without a letter, a digit or a sign that is read aloud (& % + = @ and currencies)
    Qui est là ?      a mark that ends a sentence joins the word before it
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from unicodedata import category

from tribe_np.media.transcripts.timed_words import Note, Transcript, Word

MUSIC = re.compile("[♩♪♫♬🎵🎶🎼]+")
READ_ALOUD = frozenset("&%+=@°×÷√∞")  # and currencies
CLOSING = re.compile(r"[?!.,;:…。？！؟।]+")
STEMS = (
    "laugh|chuckl|giggl|sigh|gasp|cough|sneez|sob|weep|scream|shout|whisper|groan|moan|grunt|sniff|snor|cheer|whistl"
)
SOUND = re.compile(
    rf"(?:\w+ )?(?:(?:{STEMS})(?:e?s|e|ed|ing|ter|ling)?|cry(?:ing)?|cries|humm?(?:s|ing)|appla(?:use|uds?|uding)|"
    "music|noise|silence|inaudible|unintelligible|indistinct|crosstalk|clears (?:his |her )?throat|inhales|exhales|"
    "rires?|musique|applaudissements|soupirs?|lacht|lachen|seufzt|musik|applaus|risas|música|aplausos|suspira)"
    r"(?: (?:\w+ly|playing|continues|starts|stops|fades))?",
    re.IGNORECASE,
)
SPEAKERS = (
    "man|woman|men|women|boy|girl|child|children|narrator|announcer|reporter|interviewer|interviewee|host|voice|crowd|"
    "audience|all|both|speaker|male|female|moderator|operator"
)
LABEL = re.compile(
    r"(?P<name>[^\W\d_][^:\[\]()?!,\n]{0,30}?)(?P<aside>\s?\([^()\n]{1,20}\))?[ \t]?:(?=\s|$)", re.IGNORECASE
)
SPEAKER = re.compile(rf"(?:{SPEAKERS})(?:[ _#]{{0,2}}(?:\d{{1,3}}|[a-z]))?", re.IGNORECASE)
HEADING = re.compile(
    r"(?:chapter|part|section|rule|step|note|warning|question|answer|lesson|number|act|scene)\b", re.IGNORECASE
)
OPENING = re.compile(r"[ \t]*(?P<mark>>{2,3}|[-–—‐‑−•●]+(?![\d–—-]))?[ \t]*")
BRACKETS = re.compile(
    r"\[(?P<square>[^\[\]]{0,200})\]|\((?P<round>[^()]{0,200})\)|（(?P<wide>[^（）]{0,200})）"
    r"|</?(?P<angle>[^\W\d_][\w-]{0,20}(?: [\w-]{1,20})?)>"
)
ENDS_SENTENCE = re.compile(r"[.!?。！？…][\"'”’]?$")
DESCRIPTION = 8  # words that a description has at most
NEAR = 200  # characters around a bracket that are looked at


@dataclass
class NonSpeech:
    """The filter for one file, which may have no small letters, as captions of television often do; and its count."""

    all_capitals: bool = False
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def cut(self, pieces: Sequence[str]) -> list[str]:
        """Pieces of a cue's text (lines parted by newlines) without what nobody says in it."""
        text = "".join(pieces)
        gone, spaces = self.find(text)
        self.note(text, gone)
        for start, end in spaces:
            gone[start:end] = b"\1" * (end - start)
        return _without(pieces, gone)

    def find(self, text: str) -> tuple[bytearray, list[tuple[int, int]]]:
        """For each character 1 where nobody says it, and the spaces before marks that join the word before them."""
        gone = bytearray(len(text))
        for match in _descriptions(text):
            gone[match.start() : match.end()] = b"\1" * len(match.group())
        for match in MUSIC.finditer(text):
            gone[match.start() : match.end()] = b"\1" * len(match.group())
        for match in re.finditer("[^\n]+", _left(text, gone)):
            for start, end in _opening(match.group(), self.all_capitals):
                gone[match.start() + start : match.start() + end] = b"\1" * (end - start)
        return gone, _marks(_left(text, gone), gone)

    def note(self, text: str, gone: bytearray) -> None:
        """Counts what goes."""
        for run in re.finditer(b"\1+", gone):
            what = " ".join(text[run.start() : run.end()].split())
            self.count += bool(what)
            if what and what not in self.examples and len(self.examples) < 4:
                self.examples.append(what)

    def notes(self) -> tuple[Note, ...]:
        """What was left out, as a note; nothing if nothing was."""
        if not self.count:
            return ()
        shown = ", ".join(f"{example!r:.40}" for example in self.examples[:3]) + (
            ", ..." if len(self.examples) > 3 else ""
        )
        what = (
            "1 mark or description that nobody says is"
            if self.count == 1
            else (f"{self.count} marks and descriptions that nobody says are")
        )
        return (Note("non_speech", self.count, f"{what} left out ({shown}); --keep-non-speech keeps them"),)


def _left(text: str, gone: bytearray) -> str:
    """The text with spaces for what is gone."""
    return "".join(" " if flag and character != "\n" else character for character, flag in zip(text, gone, strict=True))


def _descriptions(text: str) -> Iterator[re.Match[str]]:
    """The brackets that describe a sound and are not spoken."""
    before, end = "", 0
    for match in BRACKETS.finditer(text):
        before = (before + text[end : match.start()]).rpartition("\n")[2][-NEAR:]
        after = text[match.end() : match.end() + NEAR].partition("\n")[0].strip()
        if _is_description(match, before.strip(" \t-–—>"), after):
            yield match
        else:
            before += match.group()
        end = match.end()


def _is_description(match: re.Match[str], before: str, after: str) -> bool:
    inside = (match["square"] or match["round"] or match["wide"] or "").strip()
    n_words = len(inside.split())
    if match["angle"] is not None or not n_words:
        return True
    if n_words > DESCRIPTION or (n_words > 3 and ENDS_SENTENCE.search(inside)):
        return False
    if match["square"] is not None or SOUND.fullmatch(inside.rstrip(".!… ")):
        return True
    begins = not before and not after[:1].islower()
    ends = ENDS_SENTENCE.search(before) is not None and not after
    return (begins or ends) and inside[:1].isalpha()


def _opening(line: str, all_capitals: bool) -> Iterator[tuple[int, int]]:
    """Where a line's dash and its speaker's name stand."""
    opening = OPENING.match(line)
    assert opening is not None  # everything in it may be absent
    if opening["mark"]:
        yield opening.span("mark")
    label = LABEL.match(line, opening.end())
    if label is None or (all_capitals and not opening["mark"]) or HEADING.match(label["name"]):
        return
    if (label["name"].isupper() and len(label["name"].split()) <= 4) or SPEAKER.fullmatch(label["name"].strip()):
        yield label.span()


def _marks(text: str, gone: bytearray) -> list[tuple[int, int]]:
    """Sets `gone` for words without anything to say; the spaces before marks that join the word before them."""
    spaces: list[tuple[int, int]] = []
    last = -1  # end of the word before
    for match in re.finditer(r"\S+", text):
        if is_said(match.group()):
            last = match.end()
        elif last >= 0 and CLOSING.fullmatch(match.group()) and "\n" not in text[last : match.start()]:
            spaces.append((last, match.start()))
            last = match.end()
        else:
            gone[match.start() : match.end()] = b"\1" * len(match.group())
    return spaces


def is_said(word: str) -> bool:
    """Whether a word holds anything that is read aloud: a letter, a digit, or a sign such as & or %."""
    return any(c.isalnum() or c in READ_ALOUD or category(c) == "Sc" for c in word)


def _without(pieces: Sequence[str], gone: bytearray) -> list[str]:
    """Pieces of a text without the characters that are gone, which are counted in the joined text."""
    left, position = [], 0
    for piece in pieces:
        flags = gone[position : position + len(piece)]
        left.append("".join(c if not flag or c == "\n" else "\0" for c, flag in zip(piece, flags, strict=True)))
        position += len(piece)
    return [re.sub("\0+", "", piece) for piece in left]


def only_speech(transcript: Transcript) -> Transcript:
    """A transcript of single words without those that nobody says; words themselves are never cut."""
    found = NonSpeech("".join(word.text for word in transcript.words).isupper())
    kept: list[Word] = []
    for _, group in groupby(transcript.words, key=lambda word: word.sequence_id):
        words = list(group)
        text = " ".join(word.text for word in words)
        gone, spaces = found.find(text)
        joined = {end for _, end in spaces}
        left, position = bytearray(gone), 0
        for word in words:
            place = slice(position, position + len(word.text))
            if position in joined and kept:
                kept[-1] = replace(kept[-1], text=kept[-1].text + word.text)
            elif not all(gone[place]):
                kept.append(word)
                left[place] = bytes(len(word.text))
            position = place.stop + 1
        found.note(text, left)
    return replace(transcript, words=tuple(kept), notes=transcript.notes + found.notes())
