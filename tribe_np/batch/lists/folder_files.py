"""The files of folders and globs, in natural order, without what systems leave there."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tribe_np.errors import ConfigError, MediaError, reason_of
from tribe_np.shown import quoted

LITTER = frozenset({"thumbs.db", "desktop.ini", "@eadir", "__macosx", "$recycle.bin", "#recycle", "lost+found"})
RESULT = "predictions.npy"  # in a folder that `predict` wrote
MAGIC = re.compile(r"[*?\[]")
DIGITS = re.compile(r"(\d+)", re.ASCII)


def natural_order(path: Path) -> tuple[object, ...]:
    """A key that puts clip2 before clip10, and Clip beside clip.

    >>> [path.name for path in sorted(map(Path, ["clip10.mp4", "Clip2.mp4", "b.mp4"]), key=natural_order)]
    ['b.mp4', 'Clip2.mp4', 'clip10.mp4']
    """
    return tuple(map(_pieces, path.parts)), str(path)


def _pieces(part: str) -> tuple[tuple[int, int, str], ...]:
    pieces = [piece for piece in DIGITS.split(part) if piece]
    return tuple((0, int(piece), "") if DIGITS.fullmatch(piece) else (1, 0, piece.casefold()) for piece in pieces)


def is_litter(name: str) -> bool:
    """Whether a file or folder is hidden, a copy that an editor keeps, or a system's own."""
    return name.startswith((".", "~$")) or name.endswith("~") or name.lower() in LITTER


def is_pattern(text: str) -> bool:
    """Whether it may be a glob, where there is no file of this name."""
    return MAGIC.search(text) is not None


def files_below(roots: Sequence[Path], leave_out: Sequence[Path] = ()) -> tuple[list[Path], list[Path]]:
    """All files in folders and below them, and links that lead nowhere; folder by folder in natural order.

    Links are followed; a folder that several lead to, or one in itself, is looked into once. `leave_out` are
    not looked into, nor are folders of predictions.
    Raises   MediaError for a folder that cannot be read
    """
    seen = {_identity_of(folder) for folder in leave_out if folder.is_dir()}
    files, lost = list[Path](), list[Path]()
    for root in roots:
        found, nowhere = _below(root, seen)
        files += sorted(found, key=natural_order)
        lost += sorted(nowhere, key=natural_order)
    return files, lost


def _below(root: Path, seen: set[tuple[int, int]]) -> tuple[list[Path], list[Path]]:
    files, lost = list[Path](), list[Path]()
    folders, linked = [root], list[Path]()
    while folders or linked:
        if not folders:  # real folders first: a file is known by its real folder, not by a link to that
            linked.sort(key=natural_order, reverse=True)
            folders = [linked.pop()]
        here = folders.pop()
        if (identity := _identity_of(here)) in seen:
            continue
        seen.add(identity)
        for entry in _entries(here):
            path = here / entry.name
            if entry.is_dir():
                (linked if entry.is_symlink() else folders).append(path)
            elif entry.is_file():
                files.append(path)
            elif entry.is_symlink():
                lost.append(path)
    return files, lost


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not is_litter(entry.name)]
    except OSError as error:
        raise MediaError(f"{folder}: cannot be read: {reason_of(error)}") from error
    return [] if any(entry.name == RESULT for entry in found) else found


def _identity_of(folder: Path) -> tuple[int, int]:
    try:
        found = folder.stat()
    except OSError as error:
        raise MediaError(f"{folder}: cannot be read: {reason_of(error)}") from error
    return found.st_dev, found.st_ino


def matching(pattern: str) -> tuple[list[Path], list[Path], list[Path]]:
    """The files, the folders and the links to nowhere that a glob matches; of folders in each other the outermost.

    Raises   ConfigError for a pattern that is none
    """
    parts = Path(pattern).parts
    fixed = next(number for number, part in enumerate(parts) if is_pattern(part))
    base, rest = Path(*parts[:fixed]), parts[fixed:]
    shows_hidden = any(part.startswith(".") for part in rest)
    try:
        matched = sorted(base.glob(str(Path(*rest))), key=natural_order)
    except (ValueError, NotImplementedError, OSError) as error:
        raise ConfigError(f"{quoted(pattern, 200)} is no pattern of files: {reason_of(error)}") from error
    if not shows_hidden:
        matched = [path for path in matched if not any(map(is_litter, path.relative_to(base).parts))]
    folders = {path for path in matched if path.is_dir()}
    outermost = [path for path in matched if path in folders and not folders.intersection(path.parents)]
    lost = [path for path in matched if path.is_symlink() and not path.exists()]
    return [path for path in matched if path.is_file()], outermost, lost
