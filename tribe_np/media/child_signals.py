"""Signals that are for this process and not for the programs that it runs."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

FOR_US = (signal.SIGUSR2, signal.SIGTERM)
"""Signals that Slurm sends to every process of a job: a child that died of one would be taken for a bad film."""


@contextmanager
def signals_for_us() -> Iterator[None]:
    """A child that is started meanwhile does not hear `FOR_US`: we do, and end it. One that comes meanwhile waits."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, FOR_US)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
