"""What tells our own files from a person's: a marker with the digest of every file as it was written.

A folder holds its marker, a single file has one beside it. Whatever a marker does not list, or lists with another
digest, is a person's, and no command replaces or removes it.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tribe_np.files.atomic import sync, sync_folder, whole_file
from tribe_np.shown import some_of

MARKER = ".tribe-np.json"
FILE_MARKER = ".tribe-np"
NOTE = "tribe-np replaces these files only while they are as listed here"
LITTER = {".DS_Store"}  # what a system's own file browser leaves
MAX_MARKER_BYTES = 1 << 20
BLOCK = 1 << 20
ATTEMPTS = 100


def mark_folder(folder: Path, command: str) -> None:
    """Writes the marker of a folder that `command` has filled, and waits until all of it is on the disk.

    Raises   OSError
    """
    digests = {}
    for path in _files_below(folder):
        digests[path.relative_to(folder).as_posix()] = _digest(path)
        sync(path)
    _write(folder / MARKER, {"made_by": command, "note": NOTE, "sha256": digests})
    sync(folder / MARKER)
    for below in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        sync_folder(below)


def others_files_in(folder: Path, command: str | None = None) -> str | None:
    """Why a folder may not be replaced by `command`; None when all in it is as that command, or any, wrote it.

    A part of what was written will do: a run may have been killed while it removed the rest. Another run may put its
    result there while we look: then we look again.
    Raises   OSError for a folder that cannot be read
    """
    for _ in range(ATTEMPTS):
        before, reason = _state(folder), None
        with suppress(FileNotFoundError):
            reason = _others_files_in(folder, command)
        if _state(folder) == before:
            break
    return reason


def _state(folder: Path) -> tuple[int, int] | None:
    """What changes when another folder takes the name, or something in the folder another name."""
    with suppress(FileNotFoundError):
        found = folder.stat()
        return found.st_ino, found.st_ctime_ns
    return None


def _others_files_in(folder: Path, command: str | None) -> str | None:
    names = sorted(path.name for path in folder.iterdir())
    marker = _read(folder / MARKER)
    digests = marker.get("sha256")
    if not isinstance(digests, dict):
        others = [name for name in names if name not in {MARKER, *LITTER}] or names
        return f"holds other files ({some_of(others, 2)})" if names else None
    if command not in (None, marker.get("made_by")):
        return f"holds what tribe-np {marker.get('made_by')!s:.20} wrote"
    folders = {parent for name in digests for parent in Path(name).parents}
    for path in _files_below(folder, with_folders=True):
        name = path.relative_to(folder)
        if name.name in LITTER or name == Path(MARKER) or (_is_folder(path) and name in folders):
            continue
        if name.as_posix() not in digests:
            return f"holds other files ({name})"
        if not _is_file(path) or _digest(path) != digests[name.as_posix()]:
            return f"holds other files ({name} was changed after tribe-np wrote it)"
    return None


def file_marker(path: Path) -> Path:
    """The marker beside a single file."""
    name = path.name
    if len(os.fsencode(name)) > 200:  # the marker's name must not be longer than names may be
        name = name[:20] + hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    return path.with_name(f".{name}{FILE_MARKER}")


def mark_file(path: Path, content: Path, command: str) -> None:
    """Notes that the file `path` will be what `content` is; what it is until then stays noted, should we be killed.

    Raises   OSError
    """
    before = [_digest(path)] if is_own_file(path, command) else []
    digests = list(dict.fromkeys([*before, _digest(content)]))
    text = {"made_by": command, "note": NOTE, "file": path.name, "sha256": digests}
    with whole_file(file_marker(path)) as partial:
        _write(partial, text)


def is_own_file(path: Path, command: str) -> bool:
    """Whether a file is there and is as `command` wrote it."""
    marker = _read(file_marker(path))
    if marker.get("made_by") != command or marker.get("file") != path.name or not _is_file(path):
        return False
    digests = marker.get("sha256")
    return isinstance(digests, list) and _digest(path) in digests


def note_file(path: Path, command: str) -> None:
    """Adds a file, as it is, to the marker of its folder, which `command` fills file by file.

    Raises   OSError
    """
    marker = path.parent / MARKER
    before = _read(marker)
    digests = before.get("sha256") if before.get("made_by") == command else None
    digests = (digests if isinstance(digests, dict) else {}) | {path.name: _digest(path)}
    with whole_file(marker) as partial:
        _write(partial, {"made_by": command, "note": NOTE, "sha256": digests})


def is_noted(path: Path, command: str) -> bool:
    """Whether a file is as it was when `note_file` added it."""
    marker = _read(path.parent / MARKER)
    digests = marker.get("sha256") if marker.get("made_by") == command else None
    return isinstance(digests, dict) and path.name in digests and _is_file(path) and _digest(path) == digests[path.name]


def _files_below(folder: Path, *, with_folders: bool = False) -> Iterator[Path]:
    """Everything in a folder and its folders; links are not followed."""
    for path in sorted(folder.iterdir()):
        if not _is_folder(path) or with_folders:
            yield path
        if _is_folder(path):
            yield from _files_below(path, with_folders=with_folders)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    """What a marker says; nothing when there is none, or it is none."""
    try:
        if not _is_file(path) or path.stat().st_size > MAX_MARKER_BYTES:
            return {}
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
