"""A sound file opened so that every sample in it can be read, and none is promised that is not there."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile

from tribe_np.errors import MediaError
from tribe_np.media.ffmpeg import check_file
from tribe_np.media.sound.quiet_stderr import quiet_stderr
from tribe_np.media.sound.reheaded import Reheaded
from tribe_np.media.sound.sound_check import AGAIN, CUT_SHORT, Examined, examined
from tribe_np.media.sound.sound_kind import how_to_convert, mistaken_kind, unreadable_kind

BLOCK_SAMPLES = 1 << 20  # samples (of all channels) read or written at a time
UNNOTICED = 0.1  # seconds of damaged sound that a decoder may drop
MAX_SAMPLES = 1 << 62  # libsndfile's "unknown" is near 2**63


@dataclass(frozen=True, eq=False)
class OpenSound:
    """An open sound file and what was found about it."""

    path: str | Path
    file: soundfile.SoundFile
    n_samples: int
    examined: Examined
    silence: Callable[[], AbstractContextManager[None]]  # around calls of libsndfile that may print

    def counted(self) -> int:
        """The number of samples, of which the last can be decoded.

        Raises   MediaError when it cannot
        """
        if not self.examined.is_to_be_counted and self._has_end():
            return self.n_samples
        n_decoded = 0
        with suppress(soundfile.SoundFileError), self.silence():
            self.file.seek(0)
        with suppress(soundfile.SoundFileError):
            for block in self.blocks(self.n_samples):
                n_decoded += len(block)
        if self._seconds(self.n_samples - n_decoded) > UNNOTICED:
            promised = f"the {self._seconds(self.n_samples):.1f} s that it should hold"
            raise MediaError(
                f"{self.path}: {CUT_SHORT} or damaged: {promised} cannot be decoded to the end; {AGAIN}, or "
                f"{how_to_convert(self.path)}"
            )
        return n_decoded

    def _has_end(self) -> bool:
        try:
            return self.file.seekable() and len(self.read(self.n_samples - 1, 1)) == 1
        except soundfile.SoundFileError:
            return False

    def _seconds(self, n_samples: int) -> float:
        return n_samples / int(self.file.samplerate)

    def read(self, start: int, n_wanted: int) -> np.ndarray:
        """Up to n_wanted samples (n, C) float32 from `start` on.

        Numerics MP3 frames borrow bits from those before: at low bit rates a decoder that jumps gives silence for up to
                 0.07 s, so it begins a little earlier
        Raises   soundfile.SoundFileError
        """
        can_jump = self.file.seekable()
        n_earlier = min(start, self.examined.n_earlier) if can_jump else start
        if can_jump:
            with self.silence():
                self.file.seek(start - n_earlier)
        blocks = [block.astype(np.float32) for block in self.blocks(n_earlier + n_wanted)]
        return np.concatenate([np.empty((0, self.file.channels), np.float32), *blocks])[n_earlier:]

    def blocks(self, n_wanted: int) -> Iterator[np.ndarray]:
        """Up to n_wanted samples (n, C) float64, in blocks: a header that promises too much costs no memory.

        Raises   soundfile.SoundFileError
        """
        while n_wanted > 0:
            if self.file.seekable() and self.file.tell() >= self.file.frames:  # beyond it where decoding gave more
                return
            with self.silence():
                n_asked = min(n_wanted, max(1, BLOCK_SAMPLES // self.file.channels))
                block = self.file.read(n_asked, dtype="float64", always_2d=True)
            if len(block) == 0:
                return
            n_wanted -= len(block)
            yield block


@contextmanager
def open_sound(path: str | Path, *, trust_header: bool = False) -> Iterator[OpenSound]:
    """The file, open; `trust_header` takes what libsndfile makes of its header, as upstream.

    Raises   MediaError: no such file, empty, not sound (with what it is), cut short, without samples
    """
    check_file(path)
    wrong = mistaken_kind(path)
    if wrong is not None:
        raise MediaError(f"{path}: not a readable sound file: it is {wrong}")
    found = Examined(is_mpeg=True) if trust_header else _examined(str(path), *_stamp(path))
    silence = quiet_stderr if found.is_mpeg else nullcontext
    with ExitStack() as stack:
        source: str | Reheaded = str(path)
        if found.n_replaced or found.n_zeros:
            source = stack.enter_context(Reheaded(path, found.head, found.n_replaced, found.n_zeros))
        with silence():
            file = _opened(path, source)
        stack.callback(_close, file, silence)
        n_samples = file.frames if found.n_samples is None else found.n_samples
        if not 0 < n_samples <= file.frames < MAX_SAMPLES:
            raise MediaError(f"{path}: the sound has no samples, or does not say how long it is")
        yield OpenSound(path, file, n_samples, found, silence)


@lru_cache(maxsize=8)  # each chunk of a long sound opens the file again
def _examined(path: str, n_bytes: int, changed: int) -> Examined:
    return examined(path)


def _stamp(path: str | Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns


def _opened(path: str | Path, source: str | Reheaded) -> soundfile.SoundFile:
    try:
        return soundfile.SoundFile(source)
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: a suffix that means headerless samples
        raise MediaError(f"{path}: not a readable sound file: it is {unreadable_kind(path)}") from error


def _close(file: soundfile.SoundFile, silence: Callable[[], AbstractContextManager[None]]) -> None:
    with silence():
        file.close()


def reason(error: Exception) -> str:
    """libsndfile's own words, on one line."""
    return " ".join(str(getattr(error, "error_string", error)).split()).rstrip(".")
