"""Transcripts: read from any file that holds word times, checked against the sound, and turned into Word events.

Words come from a file, from the table that upstream leaves beside the sound, from a transcriber
(`media.speech.transcriber`) or from the synthesiser that spoke them (`media.speech.synthesis`); all meet here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tribe_np.errors import EventsError, OutputError
from tribe_np.files.atomic import whole_file
from tribe_np.media.transcripts.captions import read_srt, read_vtt
from tribe_np.media.transcripts.checks import OVERRUN, ROUNDING, checked
from tribe_np.media.transcripts.non_speech import only_speech
from tribe_np.media.transcripts.sidecar import find_sidecar, read_sidecar, sidecar_text
from tribe_np.media.transcripts.textgrid import read_textgrid
from tribe_np.media.transcripts.timed_words import Transcript, Word, read_text
from tribe_np.media.transcripts.whisperx_json import read_whisperx_json, whisperx_text
from tribe_np.timeline.events import Event

__all__ = [
    "Transcript",
    "Word",
    "checked",
    "find_sidecar",
    "only_speech",
    "read_transcript",
    "read_whisperx_json",
    "sidecar_text",
    "word_events",
    "write_transcript",
]

SUFFIXES = (".json", ".tsv", ".srt", ".vtt", ".textgrid")
FORMATS = "whisperX .json, upstream's .tsv, .srt, .vtt or Praat .TextGrid"


def read_transcript(
    path: str | Path, *, lossy: bool = False, drop_untimed: bool = False, keep_non_speech: bool = False
) -> Transcript:
    """The words of a transcript file, in the file's order.

    The suffix names the format; another suffix, or none, leaves it to the content. `lossy` reads tables and JSON
    with upstream's defects, `drop_untimed` leaves out words without times, `keep_non_speech` keeps what nobody says.
    Raises   EventsError naming file, place and word for whatever is wrong with it
    """
    path = Path(path)
    suffix = path.suffix.lower()
    kind = suffix if suffix in SUFFIXES else _kind_of(read_text(path), path)
    if kind in (".json", ".tsv"):
        if kind == ".json":
            transcript = read_whisperx_json(path, lossy=lossy, drop_untimed=drop_untimed)
        else:
            transcript = read_sidecar(path, lossy=lossy)
        return transcript if keep_non_speech else only_speech(transcript)
    read = {".srt": read_srt, ".vtt": read_vtt, ".textgrid": read_textgrid}[kind]
    return read(path, keep_non_speech=keep_non_speech)


def _kind_of(content: str, path: Path) -> str:
    """The suffix of the format that a text is in."""
    content = content.lstrip()
    first_line = content.partition("\n")[0].strip()
    if content.startswith(("{", "[")):
        return ".json"
    if {"text", "start"} <= set(first_line.split("\t")):
        return ".tsv"
    if first_line.startswith("WEBVTT"):
        return ".vtt"
    if "ooTextFile" in first_line:
        return ".textgrid"
    if "-->" in content:
        return ".srt"
    if path.suffix.lower() in (".csv", ".txt") and {"start", "duration"} & set(
        re.split(r"[,;\s]+", first_line.lower())
    ):
        return ".tsv"  # whose reader says what is wrong with the columns
    raise EventsError(f"{path}: not a known kind of transcript; give {FORMATS}")


def write_transcript(path: str | Path, transcript: Transcript) -> None:
    """Writes whisperX JSON (.json) or upstream's table (any other suffix; it has no place for the language).

    The file appears whole or not at all.

    Raises   OutputError when it cannot be written
    """
    path = Path(path)
    content = whisperx_text(transcript) if path.suffix.lower() == ".json" else sidecar_text(transcript)
    try:
        with whole_file(path) as partial:
            partial.write_text(content, encoding="utf-8", newline="")
    except OSError as error:
        raise OutputError(f"{path}: transcript cannot be written: {error.strerror}") from error


def word_events(
    transcript: Transcript, audio_events: Sequence[Event], *, duplicate_per_chunk: bool = False, language: str
) -> list[Event]:
    """Word events for the sound events (whole files or chunks of one) that the transcript belongs to.

    Numerics a word at file time t belongs to the one chunk with offset <= t < offset + duration, and starts at
             t - offset + chunk.start; one that starts up to 1 s after the last chunk still belongs to it. A word in no
             chunk (only a part of the file is shown) is not heard. duplicate_per_chunk gives all words to every
             chunk, at t + chunk.start + offset, as upstream does: wrong from 90 s on
    Source   tribev2 7239908 ExtractWordsFromAudio._run; the correct rule is what its training pipeline amounts to
    """
    if duplicate_per_chunk:
        return [
            _event(word, chunk, word.start + (chunk.start + chunk.offset), language)
            for chunk in audio_events
            for word in transcript.words
        ]
    events = []
    for chunks in _presentations(audio_events):
        for word in transcript.words:
            chunk = _chunk_of(word.start, chunks)
            if chunk is not None:
                events.append(_event(word, chunk, word.start - chunk.offset + chunk.start, language))
    return events


def _presentations(audio_events: Sequence[Event]) -> Iterator[list[Event]]:
    """Chunks that together show a file once, by offset; a file shown twice gives two groups."""
    groups: dict[tuple[str, int], list[Event]] = {}
    for chunk in audio_events:
        origin = round((chunk.start - chunk.offset) / ROUNDING)
        groups.setdefault((chunk.timeline, origin), []).append(chunk)
    for chunks in groups.values():
        yield sorted(chunks, key=lambda chunk: chunk.offset)


def _chunk_of(time: float, chunks: Sequence[Event]) -> Event | None:
    """The chunk that is playing at a file time."""
    begun = [chunk for chunk in chunks if chunk.offset <= time]
    if not begun:
        return None
    slack = OVERRUN if begun[-1] is chunks[-1] else ROUNDING
    return begun[-1] if time < begun[-1].offset + begun[-1].duration + slack else None


def _event(word: Word, chunk: Event, start: float, language: str) -> Event:
    """A Word row with everything else (subject, session, foreign columns, ...) copied from the sound's row."""
    return replace(
        chunk,
        type="Word",
        start=start,
        duration=word.duration,
        filepath="",
        frequency=0.0,
        offset=0.0,
        text=word.text,
        language=language,
        sentence=word.sentence,
        sequence_id=word.sequence_id,
    )
