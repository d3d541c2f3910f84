"""Tasks that make features: entries of the cache, or parts of one; whoever sees the last puts them together."""

from collections.abc import Sequence

from tribe_np.batch.making.workplace import Workplace
from tribe_np.batch.plan import PlannedStimulus
from tribe_np.batch.task import Task, Work
from tribe_np.errors import MediaError
from tribe_np.pipeline.features.modality import Modality, Piece
from tribe_np.pipeline.store.entry_parts import EntryParts


def is_made(task: Task, place: Workplace) -> bool:
    """Whether the cache holds what a task makes, by names alone."""
    cache = place.source.cache
    if all(cache.has(entry) for entry in task.entries):
        return True
    return task.parts is not None and EntryParts(cache, task.entries[0]).hold(*task.parts)


def make_features(task: Task, place: Workplace) -> None:
    """Makes the entries of a task, or its parts of one; an entry of which all parts are there is joined.

    Raises   MediaError for a stimulus that is no longer as it was planned; WorkStopped; TribeError of every kind
    """
    part = place.part(task.modality)
    planned = place.plan.stimulus(task.stimulus)
    for piece, key in planned_pieces(task.rows, task.entries, planned, part, place):
        place.progress.check()
        if task.parts is None:
            part.make(piece, key)
        else:
            part.make_parts(piece, key, *task.parts)
            _join(piece, key, part, place)


def join_parts_of(work: Work, planned: PlannedStimulus, place: Workplace) -> None:
    """Joins an entry whose parts are all there but that nobody has put together.

    Raises   as `make_features`
    """
    part = place.part(work.modality)
    for piece, key in planned_pieces(work.rows, work.entries, planned, part, place):
        _join(piece, key, part, place)


def _join(piece: Piece, key: str, part: Modality, place: Workplace) -> None:
    """Puts the parts of an entry together if they are all there, unless another process does so just now, or has."""
    cache = place.source.cache
    if cache.has(key) or not part.parts_done(key, 0, part.n_parts(piece)):
        return
    claim = place.claims.take(key)
    if claim is None:
        return
    with claim:
        if not cache.has(key):
            part.make(piece, key)


def planned_pieces(
    rows: Sequence[int], entries: Sequence[str], planned: PlannedStimulus, part: Modality, place: Workplace
) -> list[tuple[Piece, str]]:
    """The pieces that hold these rows of a stimulus' events, with the keys that they had when they were planned.

    Raises   MediaError where a key is another now: the file behind it was changed
    """
    events = place.events_of(planned)
    wanted = {id(events[row]) for row in rows}
    pieces = [piece for piece in part.pieces(events) if wanted.issuperset(map(id, piece.rows))]
    keys = [part.key(piece) for piece in pieces]
    if set(keys) != set(entries):
        name = (pieces[0].rows[0].filepath if pieces else "") or planned.path  # words have no file of their own
        raise MediaError(f"{name}: was changed since it was planned; plan the study again")
    return list(zip(pieces, keys, strict=True))
