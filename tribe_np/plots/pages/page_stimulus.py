"""The stimuli of a page: facts, words and one media file each, which together keep to the room that is left."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

from tribe_np.errors import TribeError
from tribe_np.files.leftovers import scratch_prefix
from tribe_np.plots.films.film_encoder import mp4_file
from tribe_np.plots.pages.packing import text_of
from tribe_np.plots.pages.page_media import MediaInput, PageMedia, page_media
from tribe_np.plots.pages.page_sources import ShownPart
from tribe_np.plots.stimulus.picture_reading import written_still
from tribe_np.plots.stimulus.run_stimulus import RunStimulus
from tribe_np.plots.stimulus.shown_files import ShownFile
from tribe_np.shown import shown

BASE64 = 3 / 4  # bytes of a file in one of the page
AT_ONCE = 0.02  # seconds by which a film may begin after its sound and still be shown from its first picture on
LEAST = 0.04  # seconds of a stimulus that is worth a file
JOINED_SIZE = (854, 480)  # of a film that is made of several files
FILM_FPS, PICTURES_FPS = 25.0, 5.0


@dataclass(frozen=True)
class PackedStimulus:
    """Facts of a stimulus, the base64 of its file ("" without one), and what was odd about it."""

    facts: Mapping[str, Any]
    blob: str = ""
    notes: tuple[str, ...] = ()


def packed_stimuli(
    stimuli: Sequence[RunStimulus], window: ShownPart, room: float, rows_stop: float
) -> tuple[PackedStimulus, ...]:
    """All stimuli, in the page's time, within `room` bytes of the page; long ones get more of it.

    `rows_stop` is where the last row ends: a picture without an end of its own is shown so long.
    Raises   MediaError, MissingDependencyError
    """
    spans = [_span(stimulus, window, rows_stop) for stimulus in stimuli]
    total = sum(stop - start for start, stop in spans) or 1.0
    found = []
    for number, (stimulus, (start, stop)) in enumerate(zip(stimuli, spans, strict=True)):
        mine = room * BASE64 * (stop - start) / total
        found.append(_packed(stimulus, number, window, (start, stop), mine))
    return tuple(found)


def _span(stimulus: RunStimulus, window: ShownPart, rows_stop: float) -> tuple[float, float]:
    """From when to when a stimulus is shown, in its own seconds."""
    pieces = (*stimulus.pictured, *stimulus.heard)
    begin = min((piece.start for piece in pieces), default=stimulus.start)
    end = max((piece.stop if isfinite(piece.stop) else rows_stop for piece in pieces), default=stimulus.stop)
    start = max(begin, window.start)
    return start, max(start, min(end, window.end))


def _packed(
    stimulus: RunStimulus, number: int, window: ShownPart, span: tuple[float, float], room: float
) -> PackedStimulus:
    (start, stop), notes = span, [stimulus.note] if stimulus.note else []
    media = PageMedia("none")
    if stop - start > LEAST and (stimulus.pictured or stimulus.heard):
        with tempfile.TemporaryDirectory(prefix=scratch_prefix()) as folder:
            media, said = _media(stimulus, span, room, Path(folder))
        notes += said
    words = [word for word in stimulus.words if word.stop > window.start and word.start < window.end]
    kind = media.kind if media.kind != "none" else "text" if words else "none"
    if stimulus.kind == "text" and media.kind == "audio":
        kind = "text"  # with its speech: the words are what is shown
    facts = {
        "kind": kind, "blob": f"media-{number}" if media.content else None, "mime": media.mime,
        "has_sound": stimulus.has_sound and media.is_played,
        "start": round(start - window.start, 6), "duration": round(stop - start, 6),
        "words": [
            {"text": word.text, "start": round(word.start - window.start, 4), "duration": round(word.duration, 4)}
            for word in words
        ],
        "note": shown("; ".join(notes)),
    }  # fmt: skip
    return PackedStimulus(facts, text_of(media.content) if media.content else "", tuple(notes))


def _media(stimulus: RunStimulus, span: tuple[float, float], room: float, folder: Path) -> tuple[PageMedia, list[str]]:
    """The file of a stimulus, and what to say of it; one that cannot be read any more is left out, with the reason."""
    start, stop = span
    name = (stimulus.path or stimulus.sound or Path("the stimulus")).name
    try:
        given = MediaInput(stop - start)
        if stimulus.has_sound:
            given = replace(given, sound=stimulus.track.write_wav(folder / "sound.wav", start, stop))
        given = _with_pictures(given, stimulus, span, folder)
        media = page_media(given, room, name)
    except TribeError as error:
        if isinstance(error, ImportError):
            raise
        return PageMedia("none"), [f"{error}: the stimulus is left out"]
    return media, [media.note] if media.note else []


def _with_pictures(given: MediaInput, stimulus: RunStimulus, span: tuple[float, float], folder: Path) -> MediaInput:
    """The one film or picture that is seen all the time; of several, or with gaps, a film made of all."""
    start, stop = span
    seen: list[ShownFile] = [piece for piece in stimulus.pictured if piece.start < stop and piece.stop > start]
    if not seen:
        return given
    is_one = len(seen) == 1 and seen[0].start < start + AT_ONCE
    if is_one and seen[0].kind == "video":
        return replace(given, film=seen[0].path, film_start=max(0.0, seen[0].file_time(start)))
    all_the_time = is_one and seen[0].stop > stop - AT_ONCE
    if all_the_time and seen[0].screen is not None and not seen[0].screen.delays:
        return replace(given, picture=written_still(seen[0].screen, folder / "picture.png"))
    if all_the_time and seen[0].screen is None:
        return replace(given, picture=seen[0].path)
    return replace(given, film=_joined(stimulus, span, seen, folder / "pictures.mp4"))


def _joined(stimulus: RunStimulus, span: tuple[float, float], seen: Sequence[ShownFile], path: Path) -> Path:
    """One film, without sound, of all that is seen, black in between."""
    width, height = stimulus.picture_size(*JOINED_SIZE)
    size = max(2, width // 2 * 2), max(2, height // 2 * 2)
    fps = FILM_FPS if any(piece.kind == "video" for piece in seen) else PICTURES_FPS
    n_pictures = max(1, round((span[1] - span[0]) * fps))
    moments = [span[0] + number / fps for number in range(n_pictures)]
    with mp4_file(path, size, fps, n_pictures, None) as put:
        for picture in stimulus.pictures_at(moments, *size):
            put(picture)
    return path
