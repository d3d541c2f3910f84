"""How long work reports itself: the pipeline only counts steps, whoever runs it decides what is drawn."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import Protocol, TextIO

from tribe_np.errors import MissingDependencyError
from tribe_np.optional import require
from tribe_np.shown import shown


class Progress(Protocol):
    """Receives stages and their steps."""

    def stage(self, name: str, total: int | None, unit: str) -> AbstractContextManager[Callable[[int], None]]:
        """A stage of `total` steps (None: unknown); the context gives a function that takes steps done since last."""

    def note(self, text: str) -> None:
        """One line for a person."""


class DrawnProgress(Progress, Protocol):
    """Progress that is drawn here, and can be told what to say."""

    def stage(
        self, name: str, total: int | None, unit: str, left: Callable[[], str] | None = None
    ) -> AbstractContextManager[Callable[[int], None]]:
        """See Progress; `left` says what is left where steps differ too much for the time of those so far to tell."""


class Silent:
    """Reports nothing."""

    @contextmanager
    def stage(
        self, name: str, total: int | None, unit: str, left: Callable[[], str] | None = None
    ) -> Iterator[Callable[[int], None]]:
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
        print(shown(text), file=self.stream, flush=True)

    @contextmanager
    def stage(
        self, name: str, total: int | None, unit: str, left: Callable[[], str] | None = None
    ) -> Iterator[Callable[[int], None]]:
        """See Progress."""
        start = last = time.monotonic()
        done = 0
        pace = Pace()

        def step(n: int) -> None:
            nonlocal done, last
            done += n
            now = time.monotonic()
            pace.add(now - start, done)
            if now - last >= self.interval:
                last = now
                so_far = f"{done}/{total} {counted(total, unit)}" if total else f"{done} {counted(done, unit)}"
                self.note(f"{name}: {so_far}{_time_left(pace.left(total)) if left is None else f', {left()}'}")

        yield step
        self.note(f"{name}: {done} {counted(done, unit)} in {time.monotonic() - start:.1f} s")


class Pace:
    """How fast the second half of the time so far went: steps that an earlier run left in the cache take none."""

    def __init__(self) -> None:
        self.points: deque[tuple[float, int]] = deque([(0.0, 0)])  # seconds, steps done; from half of the time on

    def add(self, elapsed: float, done: int) -> None:
        """So many steps are done after so many seconds."""
        self.points.append((elapsed, done))
        while len(self.points) > 1 and self.points[1][0] <= elapsed / 2:
            self.points.popleft()

    def left(self, total: int | None) -> float | None:
        """Seconds for the steps that are left; None while nothing is known."""
        (before, done_before), (elapsed, done) = self.points[0], self.points[-1]
        if not total or done == done_before:
            return None
        return (elapsed - before) / (done - done_before) * (total - done)


def _time_left(seconds: float | None) -> str:
    return "" if seconds is None else f", about {duration(seconds)} left"


def duration(seconds: float) -> str:
    """Seconds in the unit a person would choose."""
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            return f"{max(1, round(seconds / size))} {unit}"
    return f"{seconds / 86400:.1f} days"


class Bars(Lines):
    """A tqdm bar per stage, with the time left, on a terminal or in a notebook; it is gone when its stage is."""

    def __init__(self, stream: TextIO | None = None, module: str = "tqdm.std") -> None:
        super().__init__(stream)
        self.tqdm = require(module, extra="progress", why="a progress bar").tqdm

    def note(self, text: str) -> None:
        """See Progress; written above a bar that is being drawn."""
        self.tqdm.write(shown(text), file=self.stream)

    @contextmanager
    def stage(
        self, name: str, total: int | None, unit: str, left: Callable[[], str] | None = None
    ) -> Iterator[Callable[[int], None]]:
        """See Progress."""
        start = time.monotonic()
        pace = Pace()
        unit = counted(total, unit)
        share = "{percentage:3.0f} % |{bar}| {n_fmt}/{total_fmt}" if total else "{n_fmt}"
        layout = f"{{desc}}: {share} {unit}{{postfix}}"
        with self.tqdm(
            total=total, desc=shown(name), file=self.stream, dynamic_ncols=True, leave=False, bar_format=layout
        ) as bar:

            def step(n: int) -> None:
                pace.add(time.monotonic() - start, bar.n + n)
                said = _time_left(pace.left(total)).removeprefix(", ") if left is None else left()
                bar.set_postfix_str(said, refresh=False)
                bar.update(n)

            yield step


def counted(number: int | None, unit: str) -> str:
    """The unit, a plural, as it goes with the number."""
    if number != 1:
        return unit
    return "stimulus" if unit == "stimuli" else unit.removesuffix("s")


def number_of(number: int, unit: str) -> str:
    """The number and its unit, given as a plural.

    >>> number_of(1, "words")
    '1 word'
    """
    return f"{number} {counted(number, unit)}"


def terminal_progress(*, quiet: bool = False, stream: TextIO | None = None) -> DrawnProgress:
    """Bars on a terminal or in a notebook (plain lines where their package is missing), plain lines elsewhere, or none.

    A notebook's bars need ipywidgets beside tqdm.
    """
    stream = stream if stream is not None else sys.stderr
    if quiet:
        return Silent()
    try:
        if stream.isatty():
            return Bars(stream)
        if in_notebook() and find_spec("ipywidgets") is not None:
            return Bars(stream, "tqdm.notebook")
    except MissingDependencyError:
        pass
    return Lines(stream)


def in_notebook() -> bool:
    """Whether an IPython kernel runs this process: a notebook, which draws widgets."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")
