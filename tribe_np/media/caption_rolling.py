"""Captions that roll: each shows the line before it once more, or grows word by word. Every word is spoken once.

A repeat counts as rolling when the next caption follows at once (within 0.1 s) and adds to what it repeats, or lasts no
longer than a tenth of a second; and when at least half of the pairs of captions around it do so. A chorus, or an
answer that repeats the question, stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tribe_np.media.caption_cues import Cue
from tribe_np.media.transcript_words import Note

AT_ONCE = 0.1  # seconds from the end of a caption to the next one that rolls
AROUND = 2  # pairs of captions on either side


@dataclass(frozen=True)
class Plain:
    """A cue with the words of each of its lines, without markup."""

    cue: Cue
    words: tuple[tuple[str, ...], ...]


def n_repeated(plain: Sequence[Plain], marked: Sequence[Sequence[bool]]) -> list[int]:
    """How many of the first words of each cue repeat the cue before it.

    `marked` says which lines carry word times: beside such lines, one without them has been shown before.
    """
    overlaps = [0 if n == 0 else _overlap(plain[n - 1], plain[n]) for n in range(len(plain))]
    timed = any(any(lines) for lines in marked)
    rolls = [_rolls(plain, n, overlaps[n], timed and bool(marked[n]) and not marked[n][0]) for n in range(len(plain))]
    found = []
    for number, overlap in enumerate(overlaps):
        around = rolls[max(1, number - AROUND) : number + AROUND + 1]
        drop = rolls[number] and 2 * sum(around) >= len(around)
        found.append(overlap if drop or _same(plain, number) else 0)
    return found


def repeats_note(repeated: Sequence[int]) -> tuple[Note, ...]:
    """The count of what was left out, as a note; nothing if nothing was."""
    count, n_words = sum(n > 0 for n in repeated), sum(repeated)
    if not count:
        return ()
    what = "1 caption repeats" if count == 1 else f"{count} captions repeat"
    text = f"{what} what was shown before; {n_words} repeated word{'s are' if n_words > 1 else ' is'} left out"
    return (Note("repeated_captions", count, text),)


def _overlap(before: Plain, after: Plain) -> int:
    """Words at the beginning of a cue that end the one before it, line by line, or that are all of it."""
    old, new = before.words, after.words
    for n_lines in range(min(len(old), len(new)), 0, -1):
        if old[-n_lines:] == new[:n_lines]:
            return sum(map(len, new[:n_lines]))
    flat_old, flat_new = sum(old, ()), sum(new, ())
    return len(flat_old) if flat_new[: len(flat_old)] == flat_old else 0


def _rolls(plain: Sequence[Plain], number: int, overlap: int, shown_before: bool) -> bool:
    if number == 0 or not overlap:
        return False
    before, cue = plain[number - 1].cue, plain[number].cue
    adds = overlap < sum(map(len, plain[number].words))
    flashes = cue.stop - cue.start <= AT_ONCE
    return before.start <= cue.start <= before.stop + AT_ONCE and (adds or flashes or shown_before)


def _same(plain: Sequence[Plain], number: int) -> bool:
    """Whether a cue is the one before it once more, with the same times: two files that were put together."""
    if number == 0:
        return False
    before, after = plain[number - 1], plain[number]
    return (before.cue.start, before.cue.stop, before.words) == (after.cue.start, after.cue.stop, after.words)
