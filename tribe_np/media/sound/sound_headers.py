"""How many bytes of samples the header of a WAV, RF64, Wave64, AIFF or AU file promises, and how many are there.

Source   the chunk layouts of these kinds as their makers describe them
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
MAX_CHUNKS = 10000


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


def _chunk_sound(file: BinaryIO, kind: bytes, end: int) -> SoundBytes | None:
    order, wanted, long_size = "big" if kind in (b"RIFX", b"FORM") else "little", b"data", None
    if kind == b"FORM":
        wanted = b"SSND"
    at = 12
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        header = file.read(8)
        if len(header) < 8:
            return None
        size = int.from_bytes(header[4:], order)  # type: ignore[arg-type]
        if header[:4] == b"ds64":
            long_size = int.from_bytes(file.read(16)[8:], "little")
        if header[:4] == wanted:
            promised = long_size if long_size is not None and size == 0xFFFFFFFF else size
            return SoundBytes(at + 8, promised, end - at - 8, at + 4, kind != b"FORM", order == "little")
        at += 8 + size + size % 2
    return None


def _w64_sound(file: BinaryIO, end: int) -> SoundBytes | None:
    at = 40
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        header = file.read(24)
        if len(header) < 24:
            return None
        size = int.from_bytes(header[16:], "little")
        if header[:16] == W64_DATA:
            return SoundBytes(at + 24, max(0, size - 24), end - at - 24, at + 16)
        at += -(-size // 8) * 8
        if not 24 <= size <= end:
            return None
    return None


def holds_chunks(path: str | Path, place: SoundBytes) -> bool:
    """Whether well-formed chunks fill the rest of a WAV file from `place.at` on: then it is not sound."""
    order = "little" if place.is_little else "big"
    with Path(path).open("rb") as file:
        at, end = place.at, place.at + place.present
        for _ in range(MAX_CHUNKS):
            file.seek(at)
            header = file.read(8)
            if len(header) < 8:
                return at >= end - 1
            if not all(32 <= byte < 127 for byte in header[:4]):
                return False
            size = int.from_bytes(header[4:], order)  # type: ignore[arg-type]
            at += 8 + size + size % 2
            if at > end + 1:
                return False
    return False
