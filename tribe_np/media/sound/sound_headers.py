"""How many bytes of samples the header of a WAV, RF64, Wave64, AIFF or AU file promises, and how many are there.

Source   the chunk layouts of these kinds as their makers describe them
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
MAX_CHUNKS = 10000
ByteOrder = Literal["little", "big"]


@dataclass(frozen=True)
class SoundBytes:
    """The samples' place in a file; `promised` is what the header says, `size_at` the byte where it says so."""

    at: int
    promised: int
    present: int  # bytes from `at` to the end of the file
    size_at: int
    is_riff: bool = False
    is_little: bool = True

    @property
    def behind(self) -> "SoundBytes":
        """What follows the promised bytes."""
        length = self.promised + self.promised % 2
        return replace(self, at=self.at + length, promised=0, present=self.present - length)

    @property
    def is_open_ended(self) -> bool:
        """Whether the size is one that programs write who cannot know it: none, or as large as they can."""
        return self.promised == 0 or 0x7FFFF000 <= self.promised <= 0x80000100 or 0xFFFFF000 <= self.promised < 1 << 32


def sound_bytes(path: str | Path) -> SoundBytes | None:
    """Where the samples of a WAV, RF64, Wave64, AIFF or AU file lie; None for other files and broken headers."""
    with Path(path).open("rb") as file:
        end, start = os.fstat(file.fileno()).st_size, file.read(16)
        if start[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64", b"FORM"):
            return _chunk_sound(file, start[:4], end)
        if start[:4] == b"riff":
            return _w64_sound(file, end)
        if start[:4] == b".snd":
            at, promised = (int.from_bytes(start[i : i + 4], "big") for i in (4, 8))
            return SoundBytes(at, promised, end - at, 8)
        return None


def _chunks(file: BinaryIO, at: int, order: ByteOrder, *, wide: bool = False) -> Iterator[tuple[int, bytes, int]]:
    """The place, tag and size of every chunk from `at` on, each with the file just behind its header.

    A `wide` one is Wave64's: its size holds the header, and the next begins at a multiple of 8 bytes.
    """
    n_tag, n_size = (16, 8) if wide else (4, 4)
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        header = file.read(n_tag + n_size)
        if len(header) < n_tag + n_size:
            return
        size = int.from_bytes(header[n_tag:], order)
        yield at, header[:n_tag], size
        at += -(-size // 8) * 8 if wide else 8 + size + size % 2


def _chunk_sound(file: BinaryIO, kind: bytes, end: int) -> SoundBytes | None:
    order: ByteOrder = "big" if kind in (b"RIFX", b"FORM") else "little"
    wanted, long_size = b"SSND" if kind == b"FORM" else b"data", None
    for at, tag, size in _chunks(file, 12, order):
        if tag == b"ds64":
            long_size = int.from_bytes(file.read(16)[8:], "little")
        if tag == wanted:
            promised = long_size if long_size is not None and size == 0xFFFFFFFF else size
            return SoundBytes(at + 8, promised, end - at - 8, at + 4, kind != b"FORM", order == "little")
    return None


def _w64_sound(file: BinaryIO, end: int) -> SoundBytes | None:
    for at, tag, size in _chunks(file, 40, "little", wide=True):
        if tag == W64_DATA:
            return SoundBytes(at + 24, max(0, size - 24), end - at - 24, at + 16)
        if not 24 <= size <= end:
            return None
    return None


def holds_chunks(path: str | Path, place: SoundBytes) -> bool:
    """Whether well-formed chunks fill the rest of a WAV file from `place.at` on: then it is not sound."""
    stop, end = place.at, place.at + place.present
    with Path(path).open("rb") as file:
        for at, tag, size in _chunks(file, stop, "little" if place.is_little else "big"):
            stop = at + 8 + size + size % 2
            if stop > end + 1 or not all(32 <= byte < 127 for byte in tag):
                return False
    return stop >= end - 1
