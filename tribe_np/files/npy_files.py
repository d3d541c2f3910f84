"""Arrays in .npy files, mapped; what is wrong with another file is told in words for a person, not for a programmer."""

from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap


def mapped_npy(path: Path) -> np.ndarray:
    """The array of a .npy file as a memory map that cannot be written to.

    Raises   ValueError for a file of something else, or a part of one; OSError
    """
    try:
        found: np.ndarray = open_memmap(path, mode="r")
    except ValueError as error:  # numpy's own words advise to unpickle what is trusted
        raise ValueError("it is no .npy file of numbers, or a part of one") from error
    return found
