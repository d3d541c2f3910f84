"""The pages of an Ogg file, counted without decoding them.

Source   RFC 3533
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class OggPages:
    """The pages of an Ogg file."""

    n_links: int  # chains of streams, one behind the other
    has_end: bool  # whether the last page says that it is the last
    is_cut: bool  # whether the file ends within a page
    n_lost: int  # bytes between pages


def ogg_pages(path: str | Path) -> OggPages:
    """Counts the pages of an Ogg file without decoding them."""
    n_links, has_end, n_lost, in_heads, at = 0, False, 0, False, 0
    with Path(path).open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        while at < end:
            file.seek(at)
            header = file.read(27 + 255)
            if header[:4] != b"OggS":
                found = _next_page(file, at + 1)
                n_lost, at = n_lost + (end if found is None else found) - at, end if found is None else found
                continue
            n_segments = header[26] if len(header) > 26 else 256
            length = 27 + n_segments + sum(header[27 : 27 + n_segments])
            if at + length > end:
                return OggPages(n_links, False, True, n_lost)
            begins = bool(header[5] & 2)
            n_links += begins and not in_heads
            in_heads, has_end = begins, bool(header[5] & 4)
            at += length
    return OggPages(n_links, has_end, False, n_lost)


def _next_page(file: BinaryIO, at: int) -> int | None:
    file.seek(at)
    kept = b""
    while block := file.read(1 << 16):
        found = (kept + block).find(b"OggS")
        if found >= 0:
            return at - len(kept) + found
        at, kept = at + len(block), block[-3:]
    return None
