"""The first bytes of a media file, by which it is refused before anything else reads it."""

from pathlib import Path

from tribe_np.errors import MediaError, MissingFileError, reason_of
from tribe_np.files.file_kinds import HEAD


def file_begin(path: str | Path, expected: str) -> bytes:
    """Up to `HEAD` bytes; `expected` is what a folder is not, for the message.

    Raises   MediaError: no such file, a folder, unreadable or empty
    """
    try:
        with Path(path).open("rb") as file:
            begin = file.read(HEAD)
    except IsADirectoryError as error:
        raise MediaError(f"{path}: is a folder, expected {expected}") from error
    except FileNotFoundError as error:
        raise MissingFileError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:
        raise MediaError(f"{str(path)[:200]}: cannot be read: {reason_of(error)}") from error
    if not begin:
        raise MediaError(f"{path}: the file is empty")
    return begin
