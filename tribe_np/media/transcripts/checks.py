"""A transcript checked against the stimulus: words in order of time, none beyond its end."""

from collections.abc import Sequence
from dataclasses import replace

from tribe_np.errors import EventsError
from tribe_np.media.transcripts.timed_words import Note, Transcript, Word, seconds

OVERRUN = 1.0  # seconds past the end of the sound in which a word still counts as spoken at its end
ROUNDING = 1e-6  # seconds; far above a rounding error of a chunk boundary, far below a step of the 2 Hz grid
LONGEST = 60.0  # seconds that a word may last when it is cut; a longer one shows that the times have another unit
WAYS = (
    "if it is the right one, cut it to the stimulus or correct its times; --transcript FILE names another one, "
    "--no-speech runs without words"
)


def checked(transcript: Transcript, media_duration: float | None) -> Transcript:
    """The transcript in time order and within the stimulus, with a note for each kind of repair.

    Numerics words are sorted by start, as upstream does; one that ends after the stimulus is cut to its end, one that
             starts more than 1 s after it is left out; media_duration None leaves ends alone
    Raises   EventsError naming place and word for a time that is negative or not finite, and when more than half of the
             words start past the end
    """
    for word in transcript.words:
        _check_times(word, transcript)
    words, notes = _ordered(transcript.words)
    if media_duration is not None:
        words, late = _within(words, media_duration, transcript)
        notes += late
    return replace(transcript, words=tuple(words), notes=(*transcript.notes, *notes))


def _where(word: Word) -> str:
    return f"{word.place}: word {word.text!r:.40}" if word.place else f"word {word.text!r:.40}"


def _check_times(word: Word, transcript: Transcript) -> None:
    where = f"{transcript.source or 'transcript'}: {_where(word)}"
    seconds(word.start, f"{where}: start")
    seconds(word.stop, f"{where}: end")
    if word.stop < word.start:
        raise EventsError(f"{where} ends at {word.stop} s, before it starts at {word.start} s")


def _ordered(words: Sequence[Word]) -> tuple[list[Word], list[Note]]:
    latest = -1.0
    early = []
    for word in words:
        if word.start < latest:
            early.append(word)
        latest = max(latest, word.start)
    if not early:
        return list(words), []
    what = "1 such word is" if len(early) == 1 else f"{len(early)} such words are"
    text = f"{_where(early[0])} starts before its predecessor; {what} sorted by time"
    return sorted(words, key=lambda word: word.start), [Note("out_of_order", len(early), text)]


def _within(words: Sequence[Word], duration: float, transcript: Transcript) -> tuple[list[Word], list[Note]]:
    """The words that the stimulus holds, cut to its end, and what happened to the others."""
    source = transcript.source or "transcript"
    left_out = [word for word in words if word.start > duration + OVERRUN]
    cut = [word for word in words if word.start <= duration + OVERRUN and word.stop > duration]
    beyond = sum(word.start > duration for word in words)
    if left_out and 2 * beyond > len(words):
        raise EventsError(
            f"{source}: {_where(left_out[0])} starts at {left_out[0].start} s, but the stimulus ends at {duration} s; "
            f"{beyond} of {len(words)} words start past its end: is this the transcript of another file? ({WAYS})"
        )
    for word in cut:
        if word.duration > LONGEST and word.stop > duration + OVERRUN:
            raise EventsError(
                f"{source}: {_where(word)} lasts {word.duration:g} s and ends past the stimulus ({duration} s); "
                f"times must be in seconds, not milliseconds ({WAYS})"
            )
    notes = []
    if cut:
        what = "1 such word is" if len(cut) == 1 else f"{len(cut)} such words are"
        text = f"{_where(cut[0])} ends at {cut[0].stop} s, past the stimulus ({duration} s); {what} cut to its end"
        notes.append(Note("cut_to_the_end", len(cut), text))
    if left_out:
        what = "1 such word is" if len(left_out) == 1 else f"{len(left_out)} such words are"
        text = (
            f"{_where(left_out[0])} starts at {left_out[0].start} s, past the stimulus ({duration} s); {what} left out"
        )
        notes.append(Note("past_the_end", len(left_out), text))
    kept = [
        word if word.stop <= duration else _cut(word, duration) for word in words if word.start <= duration + OVERRUN
    ]
    return kept, notes


def _cut(word: Word, duration: float) -> Word:
    return replace(word, start=min(word.start, duration), stop=duration, stated=None)
