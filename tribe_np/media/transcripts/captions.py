"""Subtitles as transcripts: SubRip (.srt) and WebVTT (.vtt).

A cue gives its words shares of its time in proportion to their length; times written between the words of a WebVTT
cue are kept. Subtitles are coarser than a transcript: half a second matters little on a 2 Hz grid.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from pathlib import Path

from tribe_np.errors import EventsError
from tribe_np.media.transcripts.caption_cues import CLOCK, HEADER, Cue, clock, read_lines, srt_cues, vtt_cues
from tribe_np.media.transcripts.caption_markup import without_markup
from tribe_np.media.transcripts.caption_rolling import Plain, n_repeated, repeats_note
from tribe_np.media.transcripts.non_speech import NonSpeech
from tribe_np.media.transcripts.timed_words import Note, Transcript, Word, spread

INLINE_TIME = re.compile(rf"<({CLOCK})>")


def read_srt(path: Path, *, keep_non_speech: bool = False) -> Transcript:
    """The words of a SubRip file, spread over their cues.

    Raises   EventsError naming the line
    """
    lines = read_lines(path)
    if lines and HEADER.match(lines[0]):
        return read_vtt(path, keep_non_speech=keep_non_speech)
    return _transcript(srt_cues(lines, path), [], path, keep_non_speech)


def read_vtt(path: Path, *, keep_non_speech: bool = False) -> Transcript:
    """The words of a WebVTT file, spread over their cues or over the times written between them.

    Raises   EventsError naming the line
    """
    cues, notes = vtt_cues(read_lines(path), path)
    return _transcript(cues, notes, path, keep_non_speech)


def _transcript(cues: Sequence[Cue], notes: Sequence[Note], path: Path, keep_non_speech: bool) -> Transcript:
    """The words of cues: each once, and only what is said."""
    plain = [Plain(cue, _line_words(cue)) for cue in cues]
    marked = [[INLINE_TIME.search(line) is not None for line in cue.lines if _plain(line)] for cue in cues]
    repeated = n_repeated(plain, marked)
    non_speech = NonSpeech("".join(word for shown in plain for line in shown.words for word in line).isupper())
    words: list[Word] = []
    for index, (cue, n_shown) in enumerate(zip(cues, repeated, strict=True)):
        pieces, times = _stretches(cue, path)
        pieces = _without_first(pieces, n_shown)
        if not keep_non_speech:
            pieces = non_speech.cut(pieces)
        sentence = " ".join("".join(pieces).split())
        for piece, (start, stop) in zip(pieces, pairwise(times), strict=True):
            words += spread(piece, start, stop, index, sentence, path=path, at=f"line {cue.line}")
    found = (*notes, *repeats_note(repeated), *non_speech.notes())
    return Transcript(tuple(words), "", str(path), found)


def _plain(text: str) -> str:
    return without_markup(INLINE_TIME.sub("", text)).strip()


def _line_words(cue: Cue) -> tuple[tuple[str, ...], ...]:
    text = _plain("\n".join(cue.lines))
    return tuple(tuple(line.split()) for line in text.split("\n") if line.strip())


def _stretches(cue: Cue, path: Path) -> tuple[list[str], list[float]]:
    """The plain text between the times that a cue gives, and those times with its start and end around them."""
    text = "\n".join(cue.lines)
    times, cuts = [cue.start], [0]
    for match in INLINE_TIME.finditer(text):
        time = clock(match)
        if time is None or not times[-1] <= time <= cue.stop:
            word = next(iter(_plain(text[match.end() :]).split()), "")
            shown = match.group(1) if time is None else f"{time} s"
            where = f"{path}: line {cue.line}: word {word!r:.40} starts at {shown}"
            raise EventsError(f"{where}, outside its cue or before the last one")
        times.append(time)
        cuts.append(match.end())
    raw = [INLINE_TIME.sub("", text[start:stop]) for start, stop in pairwise([*cuts, len(text)])]
    return list(_plain_pieces(raw)), [*times, cue.stop]


def _plain_pieces(raw: Sequence[str]) -> Iterator[str]:
    """Pieces without markup; a ruby annotation or a tag that a time cuts in two is taken as a whole."""
    whole = "\0".join(raw)
    pieces = without_markup(whole).split("\0")
    return iter(pieces if len(pieces) == len(raw) else map(without_markup, raw))


def _without_first(pieces: Sequence[str], count: int) -> list[str]:
    """Pieces of a text without its first `count` words."""
    if not count:
        return list(pieces)
    text = "".join(pieces)
    end = [match.end() for match in re.finditer(r"\S+", text)][count - 1]
    return [
        piece[max(0, end - before) :]
        for piece, before in zip(pieces, accumulate(map(len, pieces), initial=0), strict=False)
    ]
