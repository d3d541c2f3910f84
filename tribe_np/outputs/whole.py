"""Results that appear whole or not at all, and never at the cost of a person's files.

A folder is filled under a hidden name beside its place and takes its name in one step; an earlier result of the same
command goes only when all in it is as it was written (`outputs.made_here`).
"""

import errno
import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tribe_np.errors import OutputError, TribeError, reason_of
from tribe_np.files.atomic import exchange, sync_folder, whole_file
from tribe_np.files.home import home_folder
from tribe_np.files.leftovers import leftovers, passing_name, remove_if_possible
from tribe_np.outputs.made_here import MARKER, file_marker, is_own_file, mark_file, mark_folder, others_files_in

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
OCCUPIED = (errno.ENOTEMPTY, errno.EEXIST)
Inputs = Mapping[str, Path | None]  # by what they are
NONE: Inputs = {}
ATTEMPTS = 100  # other runs may put their results there at the same time


def check_target(folder: Path, others_in: Callable[[Path], str | None], *, argument: str = "--out ") -> None:
    """Refuses, before any work is done, a folder that could not be written; tidies what a killed run left of it.

    `others_in` says why a folder that is there may not be replaced, or None.
    Raises   OutputError
    """
    _check_place(folder, argument)
    try:
        reason = others_in(folder) if folder.is_dir() else None
    except OSError as error:
        raise output_error(folder, error, argument) from error
    if reason is not None:
        raise OutputError(f"{argument}{folder}: the folder {reason}; choose a new or empty folder")


def check_own_target(folder: Path, command: str, inputs: Inputs = NONE, *, argument: str = "--out ") -> None:
    """`check_target` for a folder that is replaced only if the same command wrote all of it, and that holds no input.

    Raises   OutputError
    """
    check_target(folder, lambda there: others_files_in(there, command), argument=argument)
    if os.path.ismount(folder):
        raise OutputError(f"{argument}{folder}: is a mount point, which cannot be replaced; choose a folder in it")
    _check_apart(folder, inputs, argument)


def check_outside(out: Path, folder: Path, what: str = "predictions") -> None:
    """Refuses a place inside a folder that is read, of predictions or others: it would no longer be as it was written.

    Raises   OutputError
    """
    if real_path(folder) in real_path(out).parents:
        raise OutputError(f"--out {out}: is inside the {what} {folder}; choose another folder")


def check_file_target(path: Path, command: str, inputs: Inputs = NONE, *, argument: str = "--out ") -> None:
    """`check_own_target` for one file.

    Raises   OutputError
    """
    try:
        if path.is_dir():
            raise OutputError(f"{argument}{path}: is a folder, expected the name of a file")
        if path.exists() and not is_own_file(real_path(path), command):
            raise OutputError(
                f"{argument}{path}: exists and was changed, or was not written by tribe-np {command}; "
                "choose another name"
            )
        _check_apart(path, inputs, argument)
        _check_writable(path, argument)
        _tidy(real_path(path))
        _tidy(file_marker(real_path(path)))
    except OutputError:
        raise
    except OSError as error:
        raise output_error(path, error) from error


def write_whole(folder: Path, fill: Callable[[Path], None], command: str, *, argument: str = "--out ") -> None:
    """Makes `folder` by filling a hidden one beside it: whoever looks sees all of it or nothing, or the earlier one.

    Where the folder holds anything else (callers check that before their work), the result gets another name.
    Raises   OutputError, also then; for a full disk or a place that is not writable
    """
    _check_place(folder, argument)
    shown, folder = folder, real_path(folder)  # a link stays a link, and "." has a name
    partial = passing_name(folder, "partial")
    try:
        partial.mkdir(parents=True)
        fill(partial)
        mark_folder(partial, command)
        _put_in_place(partial, folder, command, shown)
        sync_folder(folder.parent)
    except OutputError:
        raise
    except OSError as error:
        raise output_error(shown, error) from error
    finally:
        remove_if_possible(partial)


def write_file_whole(
    path: Path, fill: Callable[[Path], object], command: str, *, argument: str = "--out "
) -> None:  # fmt: skip
    """Like `write_whole`, for one file.

    Raises   OutputError
    """
    shown, path = path, real_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial:
            fill(partial)
            check_file_target(shown, command, argument=argument)  # once more: it may have come meanwhile
            mark_file(path, partial, command)
    except TribeError:  # of the disk, or of what is read to fill the file
        raise
    except OSError as error:
        raise output_error(shown, error) from error


def remove_whole(folder: Path, command: str) -> None:
    """Removes what `command` wrote into a folder, at once for whoever looks; anything else is left alone.

    Raises   OutputError
    """
    try:
        if folder.is_dir() and others_files_in(folder, command) is None:
            retired = passing_name(real_path(folder), "partial")
            real_path(folder).rename(retired)
            remove_if_possible(retired)
    except OSError as error:
        raise output_error(folder, error) from error


def real_path(path: Path) -> Path:
    """The absolute path behind links; unlike Path.resolve it takes a loop of links as it is."""
    return Path(os.path.realpath(path))


def output_error(path: Path, error: OSError, argument: str = "") -> OutputError:
    """The one-line error for an OSError met while writing `path`; libraries give a full disk as text alone."""
    if error.errno in FULL or os.strerror(errno.ENOSPC) in str(error):
        return OutputError(f"{argument}{path}: the disk is full; nothing was written there")
    return OutputError(f"{argument}{path}: cannot be written: {reason_of(error)}")


def _put_in_place(partial: Path, folder: Path, command: str, shown: Path) -> None:
    """Gives `partial` the folder's name; an earlier result there goes, whatever else came there meanwhile stays."""
    for _ in range(ATTEMPTS):
        with suppress(FileNotFoundError):  # another run took it away: then there is room
            try:
                partial.rename(folder)  # nothing is there, or an empty folder
                return
            except OSError as error:
                if error.errno not in OCCUPIED:
                    raise
            reason = others_files_in(folder, command)
            if reason is None and exchange(partial, folder):
                reason = others_files_in(partial, command)  # what was replaced, to the last moment
                if reason is None:
                    return
                exchange(partial, folder)
            elif reason is None and _replace_in_two_steps(partial, folder):
                return
            if reason is not None:
                other = _free_name(folder)
                partial.rename(other)
                raise OutputError(f"{shown}: the folder now {reason}; the result is in {other}")
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(folder))


def _replace_in_two_steps(partial: Path, folder: Path) -> bool:
    """For file systems that cannot exchange two names; False when another run put its result there in between."""
    retired = passing_name(folder, "old")
    try:
        folder.rename(retired)
        partial.rename(folder)
        return True
    except OSError as error:
        if error.errno in OCCUPIED:
            return False
        raise
    finally:
        if retired.exists():
            _settle(retired, folder)


def _settle(retired: Path, folder: Path) -> None:
    """Removes an earlier result that another has replaced; stopped between the two steps, it gets its name back.

    Other runs may hold the name one moment and not the next.
    """
    for _ in range(ATTEMPTS):
        if folder.exists():
            remove_if_possible(retired)
            return
        with suppress(OSError):
            retired.rename(folder)
            return


def _free_name(folder: Path) -> Path:
    number = 2
    while (other := folder.with_name(f"{folder.name}-{number}")).exists():
        number += 1
    return other


def _check_place(folder: Path, argument: str) -> None:
    """Refuses a place where we never write a folder, whatever is in it; tidies what a killed run left there."""
    try:
        real = real_path(folder)
        home = home_folder()
        if real == Path(real.anchor) or (home is not None and real == real_path(home)):
            raise OutputError(f"{argument}{folder}: is the root or home folder; choose a folder in it")
        _tidy(real)
        with suppress(FileNotFoundError, NotADirectoryError):  # one look: another run may take it away between two
            if not stat.S_ISDIR(folder.stat().st_mode):
                raise OutputError(f"{argument}{folder}: is a file, expected a folder")
        _check_writable(folder, argument)
    except OutputError:
        raise
    except OSError as error:
        raise output_error(folder, error, argument) from error


def _tidy(real: Path) -> None:
    """Brings back what a run was killed while replacing, and removes what killed runs left beside this result."""
    for path, ending in leftovers(real.parent, real.name):
        if ending == "old" and not real.exists():
            with suppress(OSError):  # another run was faster
                path.rename(real)
        elif not (path / MARKER).is_file() or others_files_in(path) is None:
            remove_if_possible(path)  # else a person's, put there while we replaced it


def _check_apart(out: Path, inputs: Inputs, argument: str) -> None:
    """Refuses a target that is one of the inputs or a folder around one: a result must not replace its source."""
    for name, path in inputs.items():
        if path is not None and real_path(out) in (real_path(path), *real_path(path).parents):
            raise OutputError(f"{argument}{out}: is or contains the {name} {path}; choose another name")


def _check_writable(path: Path, argument: str) -> None:
    above = real_path(path).parent
    while not above.exists():
        above = above.parent
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(f"{argument}{path}: {above} cannot be written")
