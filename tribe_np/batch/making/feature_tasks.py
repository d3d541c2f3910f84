"""Tasks that make features: entries of the cache, or parts of one; whoever sees the last puts them together."""

from collections.abc import Sequence
from pathlib import Path

from tribe_np.batch.making.workplace import Workplace
from tribe_np.batch.plan import PlannedStimulus
from tribe_np.batch.task import Task, Work
from tribe_np.errors import MediaError
from tribe_np.pipeline.features.modality import Modality, Piece
from tribe_np.pipeline.stimuli.stimulus import open_stimulus


def make_features(task: Task, place: Workplace) -> None:
    """Makes the entries of a task, or its parts of one; an entry of which all parts are there is joined.

    Raises   MediaError for a stimulus that is no longer as it was planned; WorkStopped; TribeError of every kind
    """
    part = place.part(task.modality)
    planned = place.plan.stimulus(task.stimulus)
    _make_derived_files(planned, place)
    for piece, key in planned_pieces(task.rows, task.entries, planned, part, place):
        place.progress.check()
        if task.parts is None:
            part.make(piece, key)
        else:
            part.make_parts(piece, key, *task.parts)
            _join(piece, key, part, place)


def _make_derived_files(planned: PlannedStimulus, place: Workplace) -> None:
    """Makes a film's sound again, which planning has put into the cache, if somebody emptied that since.

    Raises   TribeError of every kind
    """
    settings = place.plan.settings
    files = {Path(row.filepath) for row in place.events_of(planned) if row.filepath}
    if all(path.exists() for path in files if path.is_relative_to(settings.cache)):
        return
    words, model = settings.word_source(planned), settings.load_model(planned, place.progress, headers_only=True)
    model.get_events_of(open_stimulus(Path(planned.path), words=words), words, settings.picture_show(planned.kind))


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

    Raises   MediaError where a key is another now: the file behind it was changed, or the model
    """
    events = place.events_of(planned)
    if max(rows) >= len(events):  # planned again, otherwise, while we run
        raise changed_since(planned.path)
    wanted = {id(events[row]) for row in rows}
    pieces = [piece for piece in part.pieces(events) if wanted.issuperset(map(id, piece.rows))]
    keys = [part.key(piece) for piece in pieces]
    if set(keys) != set(entries):
        name = (pieces[0].rows[0].filepath if pieces else "") or planned.path  # words have no file of their own
        raise changed_since(f"{name}, or the {part.config.modality} model {part.folder}")
    return list(zip(pieces, keys, strict=True))


def changed_since(what: str) -> MediaError:
    """The error for a thing that is no longer what was planned."""
    return MediaError(f"{what}: was changed since it was planned; plan the study again")
