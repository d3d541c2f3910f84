"""Sound and transcripts kept in the cache: the digest of each lies beside it and is checked before the file is used."""

from collections.abc import Callable
from pathlib import Path

from tribe_np.errors import OutputError
from tribe_np.files.atomic import whole_file
from tribe_np.files.sha256 import seal_of, sealed_digest
from tribe_np.pipeline.store.digest import file_digest


def is_kept(path: Path, warn: Callable[[str], object]) -> bool:
    """Whether the file is there as it was written; `warn` is called with one that is not."""
    told = sealed_digest(path)
    if not path.is_file() or told is None:  # unsealed: left by a run that was killed
        return False
    good = told == file_digest(path)
    if not good:
        warn(f"{path.name} in the cache does not match its digest and is made again")
    return good


def seal(path: Path) -> None:
    """Writes the digest of a file that has just been made.

    Raises   OutputError when it cannot be written
    """
    try:
        with whole_file(seal_of(path)) as partial:
            partial.write_text(f"{file_digest(path)}\n", encoding="ascii")
    except OSError as error:
        raise OutputError(f"{seal_of(path)}: cannot be written: {error.strerror or error}") from error
