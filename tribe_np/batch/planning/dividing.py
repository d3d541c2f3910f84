"""Pieces of a stimulus into work: what is one task, what is divided, and what another stimulus' tasks make already.

An entry that takes long is divided by its parts. One that is made at once goes with the stimulus' others: a process
that has loaded a model for a chunk of sound makes them all.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tribe_np.batch.task import Work, even_ranges
from tribe_np.pipeline.dry_run import RunEstimates
from tribe_np.pipeline.features.film import Film
from tribe_np.pipeline.features.modality import Modality, Piece
from tribe_np.timeline.events import Event, Events

TASK_SECONDS = 1800.0
"""What a part of divided work should take: far less than a wall time, far more than a process takes to start."""
UNDIVIDED_SECONDS = 3600.0
"""An entry that takes less, and is not film, is one task."""
LONGEST_SECONDS = 7200.0
"""Entries that are made at once go together up to this."""
LEAST_CLIPS = 8
"""A clip of a task shares most of its pictures with the one before: fewer would read the film again and again."""


@dataclass(frozen=True)
class Divided:
    """The work on one stimulus: its own, and that of stimuli before it which makes entries that it needs."""

    work: tuple[Work, ...]
    borrowed: tuple[Work, ...]


@dataclass(frozen=True)
class Costed:
    """A piece that is to be made: numbers of its rows, its entry, its parts, and seconds by estimate."""

    piece: Piece
    rows: tuple[int, ...]
    key: str
    n_parts: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Divider:
    """Divides stimuli one after the other; every entry is one stimulus' work.

    Fields   clips_per_task: of film; None follows the estimates; before: work of an earlier plan by its first entry,
             which stays divided as it was: its tasks may be under way; known: work of this plan by entry
    """

    estimates: RunEstimates
    clips_per_task: int | None = None
    before: Mapping[str, Work] = field(default_factory=dict)
    known: dict[str, Work] = field(default_factory=dict)

    def divided(self, events: Events, modalities: Sequence[str]) -> Divided:
        """The work on a stimulus, whose entries are known from then on.

        Raises   TribeError of files that cannot be read; then nothing of it is known
        """
        work: list[Work] = []
        borrowed: list[Work] = []
        numbers = {id(row): number for number, row in enumerate(events)}
        for modality in modalities:
            own, others = self._of_modality(modality, events, numbers)
            work += own
            borrowed += others
        self.known.update({entry: one for one in work for entry in one.entries})
        return Divided(tuple(work), tuple(borrowed))

    def _of_modality(
        self, modality: str, events: Events, numbers: Mapping[int, int]
    ) -> tuple[list[Work], Iterable[Work]]:
        part = self.estimates.part(modality)
        costed: dict[str, Costed] = {}
        borrowed: dict[str, Work] = {}
        for piece in part.pieces(events):
            key = part.key(piece)
            if key in self.known:
                borrowed[self.known[key].entries[0]] = self.known[key]
            elif key not in costed:
                costed[key] = self._costed(part, piece, key, [numbers[id(row)] for row in piece.rows])
        if not costed:
            return [], borrowed.values()
        memory = self.estimates.features_memory(modality, events)
        whole = [one for one in costed.values() if one.n_parts == 1]
        work = [self._divided(part, one, memory) for one in costed.values() if one.n_parts > 1]
        return list(map(self._as_before, work + _together(modality, whole, memory))), borrowed.values()

    def _as_before(self, work: Work) -> Work:
        """Work as an earlier plan divided and estimated it, at the rows of now."""
        then = self.before.get(work.entries[0])
        if then is None or (then.entries, then.n_parts) != (work.entries, work.n_parts):
            return work
        per_task = then.per_task if self.clips_per_task is None else work.per_task
        return replace(then, rows=work.rows, per_task=per_task)

    def _costed(self, part: Modality, piece: Piece, key: str, rows: Sequence[int]) -> Costed:
        alone: Iterable[Event] = piece.rows
        seconds = self.estimates.features_seconds(part.config.modality, Events(alone)) or 0.0
        divides = isinstance(part, Film) or seconds > UNDIVIDED_SECONDS
        return Costed(piece, tuple(rows), key, part.n_parts(piece) if divides else 1, seconds)

    def _divided(self, part: Modality, one: Costed, memory: int) -> Work:
        """The work on an entry of several parts."""
        per_task, each = one.n_parts, one.seconds / one.n_parts
        if isinstance(part, Film) and self.clips_per_task is not None:
            per_task = self.clips_per_task
        elif each > 0:
            per_task = max(LEAST_CLIPS if isinstance(part, Film) else 1, round(min(TASK_SECONDS / each, 1e6)))
        per_task, seconds = min(per_task, one.n_parts), round(one.seconds, 3)
        return Work(part.config.modality, one.rows, (one.key,), one.n_parts, per_task, memory, seconds)


def _together(modality: str, pieces: Sequence[Costed], memory: int) -> list[Work]:
    """The work on entries that are made at once: one, or as many as keep each below LONGEST_SECONDS."""
    if not pieces:
        return []
    n_works = min(len(pieces), max(1, math.ceil(sum(one.seconds for one in pieces) / LONGEST_SECONDS)))
    work = []
    for first, stop in even_ranges(len(pieces), n_works):
        members = pieces[first:stop]
        rows = tuple(row for one in members for row in one.rows)
        seconds = round(sum(one.seconds for one in members), 3)
        work.append(Work(modality, rows, tuple(one.key for one in members), 1, 1, memory, seconds))
    return work
