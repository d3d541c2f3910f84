"""A file read as if it began with other bytes, or went on: a header put right without a copy of what follows."""

import io
import os
from pathlib import Path
from typing import Any


class Reheaded(io.RawIOBase):
    """`head` in place of the first `n_replaced` bytes of a file, and zero bytes behind it."""

    def __init__(self, path: str | Path, head: bytes, n_replaced: int, n_zeros: int = 0) -> None:
        self._file = Path(path).open("rb")  # noqa: SIM115 (closed with this one)
        self._head, self._n_replaced = head, n_replaced
        self._size = os.fstat(self._file.fileno()).st_size - n_replaced + len(head) + n_zeros
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Bytes from the beginning, the new one."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves as any file does."""
        self._at = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer as far as there are bytes."""
        view = memoryview(buffer).cast("B")
        start = self._head[self._at : self._at + len(view)]
        view[: len(start)] = start
        self._file.seek(self._n_replaced + max(0, self._at - len(self._head)))
        n_read = len(start) + self._file.readinto(view[len(start) :])
        n_zeros = max(0, min(len(view), self._size - self._at) - n_read)
        view[n_read : n_read + n_zeros] = bytes(n_zeros)
        n_read += n_zeros
        self._at += n_read
        return n_read

    def close(self) -> None:
        """Closes the file beneath."""
        self._file.close()
        super().close()
