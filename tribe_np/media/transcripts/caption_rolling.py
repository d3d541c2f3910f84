"""Captions that roll: each shows the line before it once more, or grows word by word. Every word is spoken once.

A repeat counts as rolling where a caption follows within half a second and adds to what it repeats, or flashes for a
tenth of a second; and where at least half of the captions around it repeat, too. A chorus, or an answer that repeats
the question, stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tribe_np.media.transcripts.caption_cues import Cue
from tribe_np.media.transcripts.timed_words import Note

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
    """How many of the first words of each cue repeat the one before it; cues without words show nothing.

    `marked` says which lines carry word times: beside such lines, one without them has been shown before.
    """
    shown = [n for n, cue in enumerate(plain) if cue.words]
    timed = any(any(lines) for lines in marked)
    overlaps, rolls = [0], [False]
    for before, after in pairwise(shown):
        overlap = _overlap(plain[before], plain[after])
        end = max(cue.cue.stop for cue in plain[before:after])
        follows = plain[before].cue.start <= plain[after].cue.start <= end + AT_ONCE
        overlaps.append(overlap if follows else 0)
        rolls.append(overlaps[-1] > 0 and (_moves(plain[after], overlap) or (timed and not marked[after][0])))
    repeated = [0] * len(plain)
    for index, n in enumerate(shown):
        near = slice(max(1, index - AROUND), index + AROUND + 1)
        n_repeats = sum(overlap > 0 for overlap in overlaps[near])
        is_rolling = 2 * n_repeats >= len(rolls[near]) and any(rolls[near])
        sure = n_repeats > 1 or overlaps[index] >= SURE
        same = index > 0 and _are_same(plain[shown[index - 1]], plain[n])
        repeated[n] = sum(map(len, plain[n].words)) if same else overlaps[index] * (is_rolling and sure)
    return repeated


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


def _moves(plain: Plain, overlap: int) -> bool:
    """Whether a caption adds to what it repeats, or only moves it."""
    return overlap < sum(map(len, plain.words)) or plain.cue.stop - plain.cue.start <= FLASH


def _are_same(before: Plain, after: Plain) -> bool:
    """Whether a cue is the one before it once more, with the same times: two files that were put together."""
    return (before.cue.start, before.cue.stop, before.words) == (after.cue.start, after.cue.stop, after.words)
