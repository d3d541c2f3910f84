"""Transcripts: read from any file that holds word times, checked against the sound, and turned into Word events.

Words come from a file, from the table that upstream leaves beside the sound, from a transcriber
(`media.transcriber`) or from the synthesiser that spoke them (`media.speech`); all meet here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tribe_np.atomic import whole_file
from tribe_np.errors import EventsError, OutputError
from tribe_np.media.transcript_captions import read_srt, read_vtt
from tribe_np.media.transcript_tables import read_sidecar, read_whisperx_json, sidecar_text, whisperx_text
from tribe_np.media.transcript_textgrid import read_textgrid
from tribe_np.media.transcript_words import Transcript, Word, read_text, seconds
from tribe_np.timeline.events import Event

__all__ = [
    "Transcript",
    "Word",
    "checked",
    "find_sidecar",
    "read_transcript",
    "read_whisperx_json",
    "sidecar_text",
    "word_events",
    "write_transcript",
]

DISORDER = 0.5  # seconds that a word may start before its predecessor
OVERRUN = 1.0  # seconds that a word may last past the sound
ROUNDING = 1e-6  # seconds; far above a rounding error of a chunk boundary, far below a step of the 2 Hz grid
FORMATS = "whisperX .json, upstream's .tsv, .srt, .vtt or Praat .TextGrid"


def read_transcript(path: str | Path, *, lossy: bool = False) -> Transcript:
    """The words of a transcript file, in the file's order.

    The suffix names the format; another suffix, or none, leaves it to the content. `lossy` reads tables and JSON
    with upstream's defects.
    Raises   EventsError naming file, place and word for whatever is wrong with it
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".json":
        return read_whisperx_json(path, lossy=lossy)
    if suffix == ".tsv":
        return read_sidecar(path, lossy=lossy)
    by_suffix: dict[str, Callable[[Path], Transcript]] = {
        ".srt": read_srt,
        ".vtt": read_vtt,
        ".textgrid": read_textgrid,
    }
    if suffix in by_suffix:
        return by_suffix[suffix](path)
    content = read_text(path).lstrip()
    first_line = content.partition("\n")[0].strip()
    if content.startswith("{"):
        return read_whisperx_json(path, lossy=lossy)
    if {"text", "start"} <= set(first_line.split("\t")):
        return read_sidecar(path, lossy=lossy)
    if first_line.startswith("WEBVTT"):
        return read_vtt(path)
    if "ooTextFile" in first_line:
        return read_textgrid(path)
    if "-->" in content:
        return read_srt(path)
    raise EventsError(f"{path}: not a transcript that is known here; give {FORMATS}")


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


def find_sidecar(media_path: str | Path) -> Path | None:
    """The table that upstream would have left beside a sound or film: same place and stem, suffix .tsv."""
    path = Path(media_path)
    table = path.parent / f"{path.stem}.tsv"  # with_suffix refuses names such as "." and "a."
    return table if table.is_file() else None


def checked(transcript: Transcript, media_duration: float | None) -> tuple[Transcript, list[str]]:
    """The transcript in time order and within the sound, and a warning for each kind of repair.

    Numerics a word that starts up to 0.5 s before its predecessor is moved before it; a word that ends up to 1 s after
             the sound is cut to its end; media_duration None leaves ends alone
    Raises   EventsError naming place and word for more than that, and for a time that is negative or not finite
    """
    warnings = []
    latest: Word | None = None
    early: list[Word] = []
    for word in transcript.words:
        _check_times(word, transcript)
        if latest is not None and word.start < latest.start:
            early.append(word)
            if latest.start - word.start > DISORDER + ROUNDING:
                gap = latest.start - word.start
                raise EventsError(
                    f"{_where(word, transcript)} starts at {word.start} s, {gap:.3f} s before the word "
                    f"before it ({latest.text!r:.40}); words must be in order, to within {DISORDER} s"
                )
        else:
            latest = word
    if early:
        warnings.append(
            f"{_where(early[0], transcript)} starts before its predecessor; {len(early)} such word(s) put in order"
        )
    words = sorted(transcript.words, key=lambda word: word.start) if early else list(transcript.words)
    if media_duration is not None:
        words, late = _clipped(words, media_duration, transcript)
        if late is not None:
            warnings.append(
                f"{_where(late, transcript)} ends at {late.stop} s, past the sound ({media_duration} s); cut to its end"
            )
    return replace(transcript, words=tuple(words)), warnings


def _where(word: Word, transcript: Transcript) -> str:
    place = f"{word.place}: " if word.place else ""
    return f"{transcript.source or 'transcript'}: {place}word {word.text!r:.40}"


def _check_times(word: Word, transcript: Transcript) -> None:
    where = _where(word, transcript)
    seconds(word.start, f"{where}: start")
    seconds(word.stop, f"{where}: end")
    if word.stop < word.start:
        raise EventsError(f"{where} ends at {word.stop} s, before it starts at {word.start} s")


def _clipped(words: Iterable[Word], media_duration: float, transcript: Transcript) -> tuple[list[Word], Word | None]:
    """The words cut to the end of the sound, and the first one that needed it."""
    kept: list[Word] = []
    late = None
    for word in words:
        if word.stop > media_duration + OVERRUN + ROUNDING:
            raise EventsError(
                f"{_where(word, transcript)} ends at {word.stop} s, but the sound is {media_duration} s long; "
                "is this the transcript of another file?"
            )
        if word.stop > media_duration:
            late = late or word
            word = replace(word, start=min(word.start, media_duration), stop=media_duration, stated=None)
        kept.append(word)
    return kept, late


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
