"""Work that ends when it is asked to, at the next place where nothing is lost: after a clip, a chunk, a block of words.

Slurm sends USR2 some minutes before a wall time, where it was asked to, and TERM to a job that is cancelled. Both are a
wish, written down when they come; the work is asked after each of its steps, when what the step made is kept already.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from tribe_np.pipeline.progress import Progress

ASKED = (signal.SIGUSR2, signal.SIGTERM)


class WorkStopped(Exception):  # noqa: N818  # it is no error
    """The process is to end: what is finished is kept, and the next process goes on there."""


def never() -> bool:
    """Nobody asks."""
    return False


class StoppableProgress:
    """A progress whose steps raise WorkStopped once `should_stop()` is true."""

    def __init__(self, inner: Progress, should_stop: Callable[[], bool] = never) -> None:
        self.inner = inner
        self.should_stop = should_stop

    def note(self, text: str) -> None:
        """See Progress."""
        self.inner.note(text)

    def check(self) -> None:
        """Raises   WorkStopped if it is time."""
        if self.should_stop():
            raise WorkStopped

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
        """See Progress."""
        with self.inner.stage(name, total, unit) as step:

            def step_or_stop(n: int) -> None:
                step(n)
                self.check()

            yield step_or_stop


class StopWish:
    """Whether USR2 or TERM came; what is ignored when the program starts stays ignored.

    `heard` is called when one came.
    """

    def __init__(self, heard: Callable[[], object] = never) -> None:
        self.number: int | None = None
        self.heard = heard

    def watch(self) -> dict[signal.Signals, Any]:
        """From now on the signals arrive here; gives who had them before. In another thread than the main one, none."""
        if threading.current_thread() is not threading.main_thread():
            return {}
        before = {number: signal.getsignal(number) for number in ASKED}
        before = {number: handler for number, handler in before.items() if handler not in (None, signal.SIG_IGN)}
        for number in before:
            signal.signal(number, self.receive)
        return before

    @contextmanager
    def watching(self) -> Iterator["StopWish"]:
        """`watch` until the block ends: who had the signals before has them again."""
        before = self.watch()
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def receive(self, number: int, _: FrameType | None) -> None:
        """A signal's handler: it runs between two steps of the interpreter, while the work waits."""
        self.number = number
        self.heard()

    def __call__(self) -> bool:
        return self.number is not None
