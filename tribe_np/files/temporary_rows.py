"""Rows in a file without a name, which goes when they go: hours of them take no memory."""

import os
from tempfile import TemporaryFile, gettempdir
from typing import Any

import numpy as np

from tribe_np.errors import OutputError, reason_of


def temporary_rows(shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
    """Zeros that are kept in a temporary file.

    Raises   OutputError where there is no room for the file
    """
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    try:
        with TemporaryFile() as file:
            if hasattr(os, "posix_fallocate"):  # else a full disk kills the process at the first row without room
                os.posix_fallocate(file.fileno(), 0, max(n_bytes, 1))
            return np.memmap(file, dtype, "w+", shape=shape)
    except OSError as error:
        raise OutputError(
            f"{gettempdir()}: has no room for {n_bytes / 1e6:.0f} MB of rows ({reason_of(error)}); TMPDIR names "
            "another folder for temporary files"
        ) from error
