"""whisperX's JSON, with a time for each word, read and written; and what its relatives write."""

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from tribe_np.errors import EventsError
from tribe_np.media.transcripts.timed_words import Note, Transcript, Word, read_text, seconds, spoken, timed_word
from tribe_np.media.transcripts.untimed_words import Stretch, WordPart, joined, placed
from tribe_np.timeline.word_cuts import cut_words

MOST_SECONDS = 1e6  # that the start of a segment may say


def read_whisperx_json(path: Path, *, lossy: bool = False, drop_untimed: bool = False) -> Transcript:
    """The words of whisperX's JSON, and of what its relatives write: Whisper, faster-whisper, whisper-timestamped,
    stable-ts, OpenAI's service, transformers' pipeline, Gentle.

    Words without times are placed between their neighbours; `drop_untimed` leaves them out, as upstream does.
    Numerics quotation marks are removed from words and sentences; white space around a word too, unless lossy
    Raises   EventsError naming segment and word (counted from 1), or the line where it stops being JSON
    Source   tribev2 7239908 ExtractWordsFromAudio._get_transcript_from_audio
    """
    document = _json_document(path)
    language = document.get("language")
    notes = _written_notes(document.get("notes"))
    segments = [
        _segment(item, number, path, drop_untimed) for number, item in enumerate(_json_segments(document, path))
    ]
    if not lossy:
        segments = joined(segments)
    if not drop_untimed:
        segments, found = placed(segments, path)
        notes += found
    words = spoken(_json_word(piece, segment, path, lossy) for segment in segments for piece in segment.pieces)
    return Transcript(words, language if isinstance(language, str) else "", str(path), notes)


def _written_notes(entries: Any) -> tuple[Note, ...]:
    """The notes that `whisperx_text` wrote; anything else is passed over."""
    entries = entries if isinstance(entries, list) else []
    types = (str, int, str)
    return tuple(Note(*e) for e in entries if isinstance(e, list) and tuple(map(type, e)) == types)


def _json_document(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise EventsError(f"{path}: line {error.lineno}: not JSON: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        if isinstance(error, EventsError):
            raise
        raise EventsError(f"{path}: not usable JSON: nested too deeply, or a number too long") from error
    if isinstance(document, list) and document and isinstance(document[0], dict):
        document = {"segments" if "words" in document[0] else "words": document}
    return document if isinstance(document, dict) else {}


def _json_segments(document: Mapping[str, Any], path: Path) -> Sequence[Any]:
    """The list of segments; one segment of all words where they stand at the top."""
    segments = document.get("segments")
    lacks_words = not isinstance(segments, list) or not any(isinstance(s, dict) and s.get("words") for s in segments)
    for name in ("words", "word_segments", "chunks"):
        if lacks_words and isinstance(document.get(name), list) and document[name]:
            return [{"text": document.get("text", document.get("transcript", "")), "words": document[name]}]
    if isinstance(segments, list):
        return segments
    if "transcription" in document:
        raise EventsError(f"{path}: whisper.cpp's JSON has no times of words; let it write .srt with `-ml 1 -osrt`")
    raise EventsError(f'{path}: not a whisperX transcript: no list "segments" at the top')


def _segment(item: Any, number: int, path: Path, drop_untimed: bool) -> Stretch:
    at = f"segment {number + 1}"
    if not isinstance(item, dict) or not isinstance(item.get("words"), list):
        raise EventsError(
            f'{path}: {at} has no list "words"; a transcript needs a time for each word (Whisper: word_timestamps=True)'
        )
    sentence = item.get("text", "")
    if not isinstance(sentence, str):
        raise EventsError(f'{path}: {at}: "text" must be a string, got {sentence!r:.40}')
    pieces = [_piece(word, f"{at}, word {n}", path, drop_untimed) for n, word in enumerate(item["words"], 1)]
    start, stop = (_bound(item.get(key)) for key in ("start", "end"))
    if not pieces and not drop_untimed and start is not None and stop is not None:
        pieces = [
            WordPart(text, None, None, at) for text in cut_words(sentence)
        ]  # whisperX could not align any of them
    return Stretch(number, sentence, start, stop, tuple(piece for piece in pieces if piece is not None))


def _bound(value: object) -> float | None:
    """The start or end of a segment; None where it says nothing, for it only helps to place words."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < MOST_SECONDS
    return float(value) if good else None  # type: ignore[arg-type]


def _piece(item: Any, place: str, path: Path, drop_untimed: bool) -> WordPart | None:
    """A word with its times or without; None for one that is dropped."""
    if isinstance(item, list) and len(item) > 2:  # faster-whisper's tuples
        item = dict(zip(("start", "end", "word"), item, strict=False))
    text = item.get("word", item.get("text")) if isinstance(item, dict) else None
    if not isinstance(text, str):
        raise EventsError(f'{path}: {place} has no string "word"')
    if isinstance(item.get("timestamp"), list) and len(item["timestamp"]) == 2:
        start, stop = item["timestamp"]
        item = {"start": start, "end": start if stop is None else stop}  # transformers leaves the last one open
    if drop_untimed and "start" not in item:
        return None
    if not drop_untimed and _is_missing(item.get("start")) and _is_missing(item.get("end")):
        return WordPart(text, None, None, place)
    if "end" not in item:
        raise EventsError(f'{path}: {place} ({text!r:.40}) has a "start" but no "end"')
    start, stop = (seconds(item.get(key), f'{path}: {place} ({text!r:.40}): "{key}"') for key in ("start", "end"))
    return WordPart(text, start, stop, place)


def _is_missing(value: object) -> bool:
    return value is None or value != value


def _json_word(piece: WordPart, segment: Stretch, path: Path, lossy: bool) -> Word:
    assert piece.start is not None  # `placed` gave one to each, or _piece dropped it
    assert piece.stop is not None
    text = piece.text.replace('"', "")
    text = text if lossy else text.strip()
    sentence = segment.sentence.replace('"', "")
    return timed_word(text, piece.start, piece.stop, segment.number, sentence, path=path, at=piece.place)


def whisperx_text(transcript: Transcript) -> str:
    """The transcript as whisperX's JSON; a segment for each run of words of one sentence."""
    segments: list[dict[str, Any]] = []
    for _, group in groupby(transcript.words, key=lambda word: (word.sequence_id, word.sentence)):
        words = list(group)
        segments.append(
            {
                "start": words[0].start,
                "end": words[-1].stop,
                "text": words[0].sentence,
                "words": [{"word": word.text, "start": word.start, "end": word.stop} for word in words],
            }
        )
    document: dict[str, Any] = {"segments": segments, "language": transcript.language}
    if transcript.notes:
        document["notes"] = [[note.kind, note.count, note.text] for note in transcript.notes]
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
