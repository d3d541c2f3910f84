"""Silence for C libraries that write to the terminal themselves: libsndfile has no switch for libmpg123's notes."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_lock = threading.RLock()
_depth = 0


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Within it nothing that the process writes to file descriptor 2 is seen; where 2 is closed, no change."""
    global _depth
    with _lock:
        kept = None if _depth else _muted()
        _depth += 1
        try:
            yield
        finally:
            _depth -= 1
            if kept is not None:
                os.dup2(kept, 2)
                os.close(kept)


def _muted() -> int | None:
    """A duplicate of descriptor 2, which now leads nowhere; None when it cannot be had."""
    with suppress(OSError, ValueError, AttributeError):  # closed, or None under pythonw
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:
        return None
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
    except OSError:
        os.close(kept)
        return None
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return kept
