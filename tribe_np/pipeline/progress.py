"""How long work reports itself: the pipeline only counts steps, whoever runs it decides what is drawn."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from tribe_np.errors import MissingDependencyError
from tribe_np.optional import require


class Progress(Protocol):
    """Receives stages and their steps."""

    def stage(self, name: str, total: int | None, unit: str) -> AbstractContextManager[Callable[[int], None]]:
        """A stage of `total` steps (None: unknown); the context gives a function that takes steps done since last."""

    def note(self, text: str) -> None:
        """One line for a person."""


class Silent:
    """Reports nothing."""

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
        """See Progress."""
        yield lambda n: None

    def note(self, text: str) -> None:
        """See Progress."""


class Lines:
    """Plain lines: one when a stage has ended, and for long stages one every `interval` seconds with the time left."""

    def __init__(self, stream: TextIO | None = None, interval: float = 10.0) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self.interval = interval

    def note(self, text: str) -> None:
        """See Progress."""
        print(text, file=self.stream, flush=True)

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
        """See Progress."""
        start = last = time.monotonic()
        done = 0

        def step(n: int) -> None:
            nonlocal done, last
            done += n
            now = time.monotonic()
            if now - last >= self.interval:
                last = now
                self.note(f"{name}: {done}{f'/{total}' if total else ''} {unit}{_left(now - start, done, total)}")

        yield step
        self.note(f"{name}: {done} {unit if done != 1 else unit.removesuffix('s')} in {time.monotonic() - start:.1f} s")


def _left(elapsed: float, done: int, total: int | None) -> str:
    if not total or not done:
        return ""
    return f", about {elapsed / done * (total - done):.0f} s left"


class Bars(Lines):
    """A tqdm bar per stage, with the time left, on a terminal."""

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
        """See Progress."""
        tqdm = require("tqdm", extra="progress", why="a progress bar").tqdm
        with tqdm(total=total, desc=name, unit=f" {unit}", file=self.stream, dynamic_ncols=True) as bar:
            yield bar.update


def terminal_progress(*, quiet: bool = False, stream: TextIO | None = None) -> Progress:
    """Bars on a terminal (plain lines where tqdm is not installed), plain lines elsewhere, nothing when quiet."""
    stream = stream if stream is not None else sys.stderr
    if quiet:
        return Silent()
    if stream.isatty():
        try:
            require("tqdm", extra="progress", why="a progress bar")
        except MissingDependencyError:
            return Lines(stream)
        return Bars(stream)
    return Lines(stream)
