"""Standard output and standard error that are closed, full or gone.

A closed one (`>&-`) is taken as not wanted. Output that cannot be written is an error of one line; a message that
cannot be is lost, and the work goes on.
"""

import io
import os
import sys
from typing import Any, TextIO

from tribe_np.errors import OutputError


class Output(io.FileIO):
    """Standard output, which says why it cannot be written."""

    def write(self, content: Any) -> int:
        """Raises   OutputError; BrokenPipeError when the reader has gone, which is not an error."""
        try:
            return super().write(content) or 0
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"standard output cannot be written: {error.strerror}") from error


class Messages(io.FileIO):
    """Standard error: a message that cannot be written is lost."""

    def write(self, content: Any) -> int:
        """The number of bytes, written or not."""
        try:
            return super().write(content) or 0
        except OSError:
            return len(content)


def prepare_streams() -> None:
    """Gives the three descriptors something to stand for: else the next file opened would get the messages."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this number
    sys.stdout = _text(Output(1, "w", closefd=False), sys.stdout)
    sys.stderr = _text(Messages(2, "w", closefd=False), sys.stderr, line_buffering=True)


def finish_output() -> OutputError | None:
    """Writes what is still to be written; gives the error if that fails, and lets nothing more be written then."""
    failed = None
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()
    except OutputError as error:
        failed = error
        drop_output()
    return failed


def drop_output() -> None:
    """Standard output goes nowhere from here on; the interpreter writes the rest when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _text(raw: io.FileIO, before: TextIO | None, *, line_buffering: bool = False) -> TextIO:
    encoding = getattr(before, "encoding", None) or "utf-8"
    # a file name that the terminal's encoding lacks is shown with its escape
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding, errors="backslashreplace", line_buffering=line_buffering or raw.isatty()
    )
