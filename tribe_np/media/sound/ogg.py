"""The pages of an Ogg file, counted without decoding them.

Source   RFC 3533
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

HEADER = 27  # bytes, the last of which counts those that follow


@dataclass(frozen=True)
class OggPages:
    """The pages of an Ogg file."""

    n_links: int  # chains of streams, one behind the other
    has_end: bool  # whether the last page says that it is the last
    is_cut: bool  # whether the file ends within a page
    n_lost: int  # bytes between pages
    n_missing: int  # pages that the numbers of the others tell of


def ogg_pages(path: str | Path) -> OggPages:
    """Counts the pages of an Ogg file without decoding them."""
    n_links, has_end, n_lost, n_missing, in_heads, at = 0, False, 0, 0, False, 0
    following: dict[bytes, int] = {}  # the number of the next page, by stream
    with Path(path).open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        while at < end:
            file.seek(at)
            header = file.read(HEADER + 255)
            if header[:4] != b"OggS":
                found = _next_page(file, at + 1) or end
                n_lost, at = n_lost + found - at, found
                continue
            n_segments = header[HEADER - 1] if len(header) >= HEADER else 256
            at += HEADER + n_segments + sum(header[HEADER : HEADER + n_segments])
            if at > end:
                return OggPages(n_links, False, True, n_lost, n_missing)
            begins, stream, number = bool(header[5] & 2), header[14:18], int.from_bytes(header[18:22], "little")
            n_missing += max(0, number - following.get(stream, number))
            following[stream] = number + 1
            n_links += begins and not in_heads
            in_heads, has_end = begins, bool(header[5] & 4)
    return OggPages(n_links, has_end, False, n_lost, n_missing)


def _next_page(file: BinaryIO, at: int) -> int | None:
    file.seek(at)
    kept = b""
    while block := file.read(1 << 16):
        found = (kept + block).find(b"OggS")
        if found >= 0:
            return at - len(kept) + found
        at, kept = at + len(block), block[-3:]
    return None
