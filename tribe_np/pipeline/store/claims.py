"""Claims: which process works on what, so that processes that share the work do not do it twice.

A claim is a small file, `ab/KEY.json`, that appears with its content in one step (a hard link; where there are none,
a file that is created only if it is not there) and is touched each minute. It counts no more ten minutes after the last
touch by the clock of the disk that it lies on, at once where its process was one of this machine and has ended. Whoever
finds such a claim renames it away and puts a claim of his own. No file is locked, which file servers do badly. At worst
two processes do the same work and write the same bytes: a claim is no more than a courtesy, and never a block.
"""

import errno
import json
import os
import platform
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from tribe_np.errors import OutputError, reason_of
from tribe_np.files.leftovers import has_ended, passing_name, remove_if_possible, remove_leftovers, this_process
from tribe_np.pipeline.store.digest import fan_out

CLAIM_SUFFIX = ".json"
RENEWED_EVERY, EXPIRES_AFTER = 60.0, 600.0  # seconds
MOST_BYTES = 10_000
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES, errno.EMLINK, errno.EXDEV)


@dataclass(frozen=True)
class Holder:
    """Who has a claim; a damaged one tells its time alone."""

    host: str
    process: str  # as `files.leftovers.this_process` names it
    since: float  # seconds since 1970, by the clock of the host
    is_stale: bool  # nobody works on it any more


@dataclass(frozen=True)
class Claims:
    """The claims in a folder, which is made when the first is taken."""

    folder: Path
    _tidy: set[Path] = field(default_factory=set, repr=False, compare=False)  # where this process has claimed

    def path(self, key: str) -> Path:
        """Where the claim on a key lies, or would."""
        return self.folder / fan_out(key) / f"{key}{CLAIM_SUFFIX}"

    def take(self, key: str) -> "Claim | None":
        """A claim on a key, to be used in a `with` block; None where another process is at it.

        Raises   OutputError when claims cannot be written
        """
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.parent not in self._tidy:
                self._tidy.add(path.parent)
                remove_leftovers(path.parent)
            token = secrets.token_hex(8)
            about = {"host": platform.node(), "process": this_process(), "since": time.time(), "token": token}
            with _written(path, json.dumps(about)) as ours:
                is_ours = _placed(ours, path) or (_moved_away(path, ours.stat().st_mtime) and _placed(ours, path))
        except OSError as error:
            raise OutputError(
                f"claims folder {self.folder} cannot be written ({reason_of(error)}); "
                "processes that share the work need a cache that all of them can write, with --cache DIR"
            ) from error
        return Claim(path, token) if is_ours else None

    def holder(self, key: str) -> Holder | None:
        """Who has claimed a key; None where nobody has."""
        found = _read(self.path(key))
        return None if found is None else found.holder(self._disk_now())

    def live(self) -> dict[str, Holder]:
        """Every key that somebody works on."""
        now, holders = self._disk_now(), {}
        for path in self.folder.glob(f"??/*{CLAIM_SUFFIX}"):
            if (found := _read(path)) is not None and not (holder := found.holder(now)).is_stale:
                holders[path.name.removesuffix(CLAIM_SUFFIX)] = holder
        return holders

    def tidy(self) -> None:
        """Removes claims that nobody holds any more, and what killed processes left of their own."""
        now = self._disk_now()
        remove_leftovers(self.folder)
        for fan in self.folder.glob("??"):
            remove_leftovers(fan)
            for path in fan.glob(f"*{CLAIM_SUFFIX}"):
                with suppress(OSError):
                    _moved_away(path, now)

    def _disk_now(self) -> float:
        """The time by the clock that dates files here; by our own where nothing can be written."""
        with suppress(OSError), _written(self.folder / "clock", "") as probe:
            return probe.stat().st_mtime
        return time.time()


@dataclass
class Claim:
    """A claim that is ours: renewed while its `with` block runs, and gone after it."""

    path: Path
    token: str
    is_lost: bool = False  # it looked forsaken, so that another process took it
    _end: threading.Event = field(default_factory=threading.Event, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)

    def __enter__(self) -> "Claim":
        self._thread = threading.Thread(target=self._renew_again_and_again, name=f"claim {self.path.stem}", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join(RENEWED_EVERY)  # a file server that does not answer must not keep us
        self.release()

    def renew(self) -> None:
        """Tells others that we are still at it."""
        found = _read(self.path)
        self.is_lost = found is None or found.about.get("token") != self.token
        if not self.is_lost:
            with suppress(OSError):
                os.utime(self.path)

    def release(self) -> None:
        """Gives it back."""
        found = _read(self.path)
        if found is not None and found.about.get("token") == self.token:
            remove_if_possible(self.path)

    def _renew_again_and_again(self) -> None:
        while not self._end.wait(RENEWED_EVERY) and not self.is_lost:
            self.renew()


@dataclass(frozen=True)
class _Found:
    """A claim's file: what it says (nothing if it is damaged), and when it was last touched."""

    about: dict[str, Any]
    touched: float

    def holder(self, now: float) -> Holder:
        host, process, since = (self.about.get(name) for name in ("host", "process", "since"))
        process = process if isinstance(process, str) else ""
        # either way: nor may a clock that was wrong for a while block anybody for long
        is_stale = abs(now - self.touched) > EXPIRES_AFTER or has_ended(process)
        return Holder(
            host if isinstance(host, str) else "", process,
            float(since) if isinstance(since, (int, float)) else self.touched, is_stale,
        )  # fmt: skip


def _read(path: Path) -> _Found | None:
    """A claim's file; None where there is none. What cannot be read (a folder, another user's) tells its time alone."""
    try:
        with path.open("rb") as file:
            touched, raw = os.fstat(file.fileno()).st_mtime, file.read(MOST_BYTES)
    except OSError:
        with suppress(OSError):
            return _Found({}, path.lstat().st_mtime)
        return None
    try:
        about = json.loads(raw)
    except (ValueError, RecursionError):  # such as an empty one: the disk was full
        about = {}
    return _Found(about if isinstance(about, dict) else {}, touched)


@contextmanager
def _written(path: Path, text: str) -> Iterator[Path]:
    """A passing file beside `path`, dated by the disk's clock."""
    passing = passing_name(path, "partial")
    try:
        passing.write_text(text, encoding="utf-8")
        os.utime(passing)
        yield passing
    finally:
        with suppress(OSError):
            passing.unlink()


def _placed(ours: Path, path: Path) -> bool:
    """Whether our claim got the name; False where another has it."""
    try:
        os.link(ours, path)
    except FileExistsError:
        return ours.stat().st_nlink == 2  # a file server may do what it is asked, and answer the second time
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        return _created(path, ours.read_bytes())
    return True


def _created(path: Path, content: bytes) -> bool:
    """`_placed` where the disk knows no links: another may see the file while it is empty."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


def _moved_away(path: Path, now: float) -> bool:
    """Whether a claim that nobody holds any more is out of the way; only one of several that try has moved it."""
    found = _read(path)
    if found is None:  # given back just now
        return True
    if not found.holder(now).is_stale:
        return False
    moved = passing_name(path, "old")
    try:
        path.rename(moved)
    except FileNotFoundError:
        return True
    other = _read(moved)
    is_it = other is not None and other == found
    if not is_it:  # another was quicker, and this is his: back with it
        _placed(moved, path)
    remove_if_possible(moved)
    return is_it
