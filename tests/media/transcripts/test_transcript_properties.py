"""Transcripts written in every spelling that people's files have give the same words and times."""

from dataclasses import dataclass
from itertools import chain, groupby, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.transcripts.textgrids import textgrid
from tribe_np.media.transcripts.transcript import read_transcript
from tribe_np.media.transcripts.untimed_words import Stretch, WordPart, placed

LETTERS = st.text("abcdefghij", min_size=1, max_size=8)
WORDS = st.one_of(
    LETTERS, LETTERS, st.sampled_from(["1984", "2", "été", "it's", "R&D", "<3", "x>", "3.5", "don’t", "-5"])
)
LINES = st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=1, max_size=2)


@dataclass(frozen=True)
class Caption:
    """Times in milliseconds, and lines of words."""

    start: int
    stop: int
    lines: list[list[str]]


@st.composite
def captions(draw: st.DrawFn) -> list[Caption]:
    """One to six captions at least 0.6 s apart, some of them in whole seconds."""
    found, now = [], draw(st.integers(0, 5_000_000))
    scale = draw(st.sampled_from([1, 1000]))
    for _ in range(draw(st.integers(1, 6))):
        start = (now // scale + 1) * scale
        stop = start + scale * draw(st.integers(1, 3000 // scale))
        found.append(Caption(start, stop, draw(LINES)))
        now = stop + draw(st.integers(600, 3000))
    return found


def clock(time: int, mark: str, *, hours: bool, short: bool) -> str:
    minutes, rest = divmod(time, 60_000)
    seconds, milliseconds = divmod(rest, 1000)
    fraction = "" if short and not milliseconds else f"{mark}{milliseconds:03}"
    head = f"{minutes // 60:02}:{minutes % 60:02}" if hours or minutes >= 60 else f"{minutes:02}"
    return f"{head}:{seconds:02}{fraction}"


def shown(line: list[str], draw: st.DrawFn, *, escape: bool) -> str:
    """A line with tags around some words, and its signs as entities where `escape` says so."""
    words = []
    for word in line:
        word = word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") if escape else word
        tag = draw(
            st.sampled_from(["{}", "{}", "{}", "<i>{}</i>", "<b>{}</b>", '<font color="#fff">{}</font>', "<c.x>{}</c>"])
        )
        words.append(tag.format(word))
    return draw(st.sampled_from([" ", "  ", "&nbsp;"])).join(words)


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes, list[Caption]]:
    """A suffix, the bytes of a file, and the captions in it."""
    suffix = draw(st.sampled_from([".srt", ".vtt"]))
    cues = draw(captions())
    mark = draw(st.sampled_from([",", "."]))
    hours, short, escape = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    numbered, spaced = draw(st.booleans()), suffix == ".srt" and draw(st.booleans())
    first = draw(st.integers(0, 3))
    lines = ["WEBVTT", ""] if suffix == ".vtt" else []
    for number, cue in enumerate(cues, first):
        times = " --> ".join(clock(time, mark, hours=hours, short=short) for time in (cue.start, cue.stop))
        block = [*([str(number)] if numbered else []), times, *(shown(line, draw, escape=escape) for line in cue.lines)]
        lines += [part for line in block for part in ([line, ""] if spaced else [line])]
        if numbered or not spaced:
            lines.append("")
    end = draw(st.sampled_from(["\n", "\r\n", "\r", "\r\r\n"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]))
    return suffix, end.join(lines).encode(encoding), cues


@given(files())
def test_every_spelling_gives_the_words_and_times(
    tmp_path_factory: pytest.TempPathFactory, file: tuple[str, bytes, list[Caption]]
) -> None:
    suffix, content, cues = file
    path: Path = tmp_path_factory.getbasetemp() / f"spelled{suffix}"
    path.write_bytes(content)
    transcript = read_transcript(path)
    read = [list(words) for _, words in groupby(transcript.words, key=lambda word: word.sequence_id)]
    assert [[word.text for word in words] for words in read] == [list(chain(*cue.lines)) for cue in cues]
    assert transcript.notes == ()
    for cue, words in zip(cues, read, strict=True):
        assert (words[0].start, words[-1].stop) == (cue.start / 1000, cue.stop / 1000)
        assert all(a.stop == b.start for a, b in pairwise(words))


@given(captions(), st.integers(2, 3))
def test_rolling_captions_speak_every_line_once(
    tmp_path_factory: pytest.TempPathFactory, cues: list[Caption], n_lines: int
) -> None:
    spoken = [[f"w{number}", "and", *line] for number, line in enumerate(line for cue in cues for line in cue.lines)]
    rolled = [spoken[max(0, number - n_lines + 1) : number + 1] for number in range(len(spoken))]
    blocks = []
    for number, lines in enumerate(rolled):
        start, stop = (clock(time, ",", hours=True, short=False) for time in (number * 1000, number * 1000 + 990))
        times = f"{start} --> {stop}"
        blocks.append("\n".join([str(number + 1), times, *(" ".join(line) for line in lines)]))
    path: Path = tmp_path_factory.getbasetemp() / "rolled.srt"
    path.write_text("\n\n".join(blocks))
    transcript = read_transcript(path)
    assert [word.text for word in transcript.words] == list(chain(*spoken))
    assert sum(note.count for note in transcript.notes) == len(spoken) - 1


@given(captions(), captions(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]), st.booleans())
def test_textgrids_of_two_speakers_give_the_words_of_both(
    tmp_path_factory: pytest.TempPathFactory, ann: list[Caption], bo: list[Caption], encoding: str, short: bool
) -> None:
    tiers = {
        f"{name} - words": [(cue.start / 1000, cue.stop / 1000, " ".join(chain(*cue.lines))) for cue in cues]
        for name, cues in (("Ann", ann), ("Bo", bo))
    }
    path: Path = tmp_path_factory.getbasetemp() / "both.TextGrid"
    path.write_bytes(textgrid(tiers | {"Ann - phones": [(0.0, 1.0, "AH0")]}, short=short).encode(encoding))
    transcript = read_transcript(path)
    intervals = sorted(chain(*tiers.values()), key=lambda interval: interval[0])
    read = [list(words) for _, words in groupby(transcript.words, key=lambda word: word.sequence_id)]
    assert [(words[0].start, words[-1].stop, " ".join(w.text for w in words)) for words in read] == intervals


PIECES = st.lists(st.tuples(LETTERS, st.booleans()), min_size=1, max_size=8)


@given(st.lists(PIECES, min_size=1, max_size=4), st.booleans())
def test_words_without_times_stay_in_order_between_their_neighbours(
    spoken: list[list[tuple[str, bool]]], ends: bool
) -> None:
    segments, now = [], 1.0
    for number, words in enumerate(spoken):
        pieces = []
        for text, is_timed in words:
            pieces.append(WordPart(text, now if is_timed else None, now + 0.25 if is_timed else None, ""))
            now += 0.5
        bounds = (now - 0.5 * len(words), now) if ends else (None, None)
        segments.append(Stretch(number, "", *bounds, tuple(pieces)))
    given_times = [piece for segment in segments for piece in segment.pieces if piece.start is not None]
    if not given_times and not ends:
        return
    done, notes = placed(segments, "a.json")
    pieces = [piece for segment in done for piece in segment.pieces]
    times = [(piece.start, piece.stop) for piece in pieces if piece.start is not None and piece.stop is not None]
    assert len(times) == sum(map(len, spoken))
    assert all(0 <= start <= stop for start, stop in times)
    assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(times))
    assert [piece for piece in pieces if piece in given_times] == given_times
    assert sum(note.count for note in notes) == len(times) - len(given_times)
