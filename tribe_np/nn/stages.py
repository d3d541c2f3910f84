"""Names of the pipeline's stages for those who listen: pipeline.MODALITY.EVENT.STAGE, with a clip where there is one.

An extractor does not know which row of a table it works on. Whoever does says so with `stages_named`, and the
extractor's `open_stage` reads it: names then hold the number of the event, in the order of the table.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from tribe_np.kernels.kernel_set import REFERENCE
from tribe_np.nn.context import LISTENERS, Context

PREFIX = "pipeline"


class StagePlace(NamedTuple):
    """What the names of stages begin with, and the number of the first part (clip, picture) that runs."""

    path: str
    first_part: int = 0


PLACE: ContextVar[StagePlace | None] = ContextVar("tribe_np_place", default=None)


@contextmanager
def stages_named(*path: str | int, first_part: int = 0) -> Iterator[None]:
    """Within it stages are named after `path`, and clips or pictures counted from `first_part` on."""
    if not LISTENERS.get():
        yield
        return
    token = PLACE.set(StagePlace(".".join(map(str, path)), first_part))
    try:
        yield
    finally:
        PLACE.reset(token)


def open_stage(default: str, part: int | None = None) -> Context:
    """The context in which a stage is shown: at the place that is set, or at `default` where a function runs alone.

    `part` counts the clips or pictures of this call from 0.
    """
    listeners = LISTENERS.get()
    if not listeners:
        return SILENT
    place = PLACE.get() or StagePlace(default)
    within = "" if part is None else f".{place.first_part + part}"
    return Context(REFERENCE, listeners, f"{PREFIX}.{place.path}{within}".rstrip("."))


def is_heard() -> bool:
    """Whether anybody listens."""
    return bool(LISTENERS.get())


def is_edited() -> bool:
    """Whether anybody puts other numbers in the place of those computed: such results must not be kept."""
    return any(listener.edit is not None for listener in LISTENERS.get())


def stages_skipped(*path: str | int) -> None:
    """Tells those who listen that the stages below `path` are not computed: what comes out of them is there already."""
    for listener in LISTENERS.get():
        if listener.skip is not None:
            listener.skip(".".join(map(str, (PREFIX, *path))))


SILENT = Context()
"""Shows nothing to anybody."""
