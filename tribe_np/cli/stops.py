"""Signals that stop a run: Ctrl-C, SIGTERM and SIGHUP unwind it, so that partial files and child processes go.

What is ignored when the program starts stays ignored: `nohup`, a shell's background jobs. While a module is being
imported the exception waits: a compiled module that meets it prints a traceback, or calls itself broken. Where it
cannot get out (a `__del__`, a callback from C) it is raised again.
"""

import atexit
import os
import signal
import sys
import time
from types import FrameType

WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "terminated"}
TWICE = 2.0  # seconds within which a second signal is the same wish: `timeout` sends one to us and one to our group
LOOK_AGAIN = 0.01
LONGEST_IMPORT = 20.0


class Stops:
    """The signal that came, if one did."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.came = 0.0

    def watch(self) -> None:
        """From now on the signals arrive here, but for those that are ignored."""
        sys.unraisablehook = self._unraisable
        atexit.register(_ignore)  # registered first, it runs last: what Python does after that would give up handlers
        for number in WORDS:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.receive)

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Raises KeyboardInterrupt, at once or when the import that runs is over."""
        if self.number is not None and time.monotonic() - self.came < TWICE:
            return  # cleaning up is under way
        self.number, self.came = number, time.monotonic()
        self._stop(frame)

    def _stop(self, frame: FrameType | None) -> None:
        if in_import(frame) and time.monotonic() - self.came < LONGEST_IMPORT:
            self._later()
            return
        raise KeyboardInterrupt

    def _later(self) -> None:
        signal.signal(signal.SIGALRM, lambda _, frame: self._stop(frame))
        signal.setitimer(signal.ITIMER_REAL, LOOK_AGAIN)

    def _unraisable(self, lost: "sys.UnraisableHookArgs") -> None:
        if self.number is not None and issubclass(lost.exc_type, KeyboardInterrupt):
            self._later()
        elif self.number is None or not issubclass(lost.exc_type, AttributeError):  # of an object left half made
            sys.__unraisablehook__(lost)

    def end(self, code: int) -> None:
        """When all is done and written: a signal that still comes ends the process at once, with this exit code."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in WORDS:
            if signal.getsignal(number) == self.receive:
                signal.signal(number, lambda *_: os._exit(code))

    @property
    def word(self) -> str:
        """What happened to the run."""
        return WORDS[signal.Signals(self.number or signal.SIGINT)]

    @property
    def code(self) -> int:
        """The exit code that a shell gives for the signal."""
        return 128 + (self.number or signal.SIGINT)


def _ignore() -> None:
    for number in WORDS:
        signal.signal(number, signal.SIG_IGN)


def in_import(frame: FrameType | None) -> bool:
    """Whether a module is being imported where the program stands."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


STOPS = Stops()
