"""Captions that roll: each shows the line before it once more, or grows word by word. Every word is spoken once.

A repeat counts as rolling where a caption follows within half a second and adds to what it repeats, or flashes for a
tenth of a second; and where at least half of the captions around it repeat, too. A chorus, or an answer that repeats
the question, stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tribe_np.media.caption_cues import Cue
from tribe_np.media.transcript_words import Note

AT_ONCE = 0.5  # seconds from the end of a caption to the next one that rolls
FLASH = 0.1  # seconds that a caption lasts which only moves the lines
AROUND = 2  # captions on either side
SURE = 3  # words that a single repeat has at least, to be no answer such as "No."


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
    follows = [overlaps[n] > 0 and _follows(plain[n - 1].cue, plain[n].cue) for n in range(len(plain))]
    rolls = [
        follows[n] and (_moves(plain[n], overlaps[n]) or (timed and bool(marked[n]) and not marked[n][0]))
        for n in range(len(plain))
    ]
    found = []
    for n, overlap in enumerate(overlaps):
        near = slice(max(1, n - AROUND), n + AROUND + 1)
        n_rolls, n_repeats = sum(rolls[near]), sum(follows[near])
        is_rolling = 2 * n_repeats >= len(rolls[near]) and n_rolls > 0 and (n_repeats > 1 or overlap >= SURE)
        found.append(overlap if (follows[n] and is_rolling) or _same(plain, n) else 0)
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


def _follows(before: Cue, after: Cue) -> bool:
    return before.start <= after.start <= before.stop + AT_ONCE


def _moves(plain: Plain, overlap: int) -> bool:
    """Whether a caption adds to what it repeats, or only moves it."""
    return overlap < sum(map(len, plain.words)) or plain.cue.stop - plain.cue.start <= FLASH


def _same(plain: Sequence[Plain], number: int) -> bool:
    """Whether a cue is the one before it once more, with the same times: two files that were put together."""
    if number == 0:
        return False
    before, after = plain[number - 1], plain[number]
    return (before.cue.start, before.cue.stop, before.words) == (after.cue.start, after.cue.stop, after.words)
