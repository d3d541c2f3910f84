"""The number of samples in a FLAC file: as its header says, and as its last frame tells.

Programs that write FLAC into a pipe leave the header's number at 0, which libsndfile cannot read to the end.
Source   RFC 9639
"""

import os
from pathlib import Path

START = 42  # bytes of the name and the first block, which every FLAC file begins with
TOTAL_AT = 21  # the byte whose lower half begins the 36 bits of the total
LARGEST_TOTAL = (1 << 36) - 1
LAST_FRAME_WITHIN = 1 << 20  # bytes before the end in which the last frame begins
BLOCKS = {1: 192, **{n: 144 << n for n in range(2, 6)}, **{n: 1 << n for n in range(8, 16)}}  # samples, by code


def flac_total(start: bytes) -> int | None:
    """The number of samples that a FLAC file's first 42 bytes promise, 0 for unknown; None for another file."""
    if not start.startswith(b"fLaC") or len(start) < START or start[4] & 0x7F:
        return None
    return int.from_bytes(start[TOTAL_AT : TOTAL_AT + 5], "big") & LARGEST_TOTAL


def with_flac_total(start: bytes, total: int) -> bytes:
    """The same 42 bytes, with another number of samples."""
    number = total.to_bytes(5, "big")
    return start[:TOTAL_AT] + bytes([start[TOTAL_AT] & 0xF0 | number[0]]) + number[1:] + start[TOTAL_AT + 5 :]


def flac_length(path: str | Path) -> tuple[int, bool]:
    """(samples, whether the last frame is whole) of a FLAC file by its last frame; 0 samples when none is found."""
    with Path(path).open("rb") as file:
        start = file.read(START)
        end = file.seek(0, os.SEEK_END)
        first = max(START, end - LAST_FRAME_WITHIN)
        file.seek(first)
        content = file.read()
    block = int.from_bytes(start[8:10], "big")
    at = len(content)
    while (at := content.rfind(b"\xff", 0, at)) >= 0:
        frame = _frame(content[at : at + 18], block)
        if frame is None:
            continue
        n_before, n_samples = frame
        is_whole = _crc16(content[at:]) == 0  # the sum over a frame and its own sum
        return n_before + (n_samples if is_whole else 0), is_whole
    return 0, False


def _frame(header: bytes, fixed_block: int) -> tuple[int, int] | None:
    """(samples before the frame, samples in it), if the bytes begin a frame."""
    if len(header) < 6 or header[1] & 0xFE != 0xF8 or header[3] & 1:
        return None
    block_code, rate_code = header[2] >> 4, header[2] & 15
    if block_code == 0 or rate_code == 15:
        return None
    first = header[4]
    n_more = 0 if first < 0x80 else 8 - (~first & 0xFF).bit_length() - 1
    if first >= 0x80 and not 1 <= n_more <= 6:
        return None
    number = first if first < 0x80 else first & (0x3F >> n_more)
    for byte in header[5 : 5 + n_more]:
        number = number << 6 | byte & 0x3F
    at = 5 + n_more
    n_samples = BLOCKS.get(block_code, 0)
    if block_code in (6, 7):
        width = block_code - 5
        n_samples, at = int.from_bytes(header[at : at + width], "big") + 1, at + width
    at += {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    if at >= len(header) or _crc8(header[:at]) != header[at]:
        return None
    return (number if header[1] & 1 else number * fixed_block), n_samples


def _crc8(content: bytes) -> int:
    total = 0
    for byte in content:
        total ^= byte
        for _ in range(8):
            total = (total << 1 ^ (0x07 if total & 0x80 else 0)) & 0xFF
    return total


def _crc16(content: bytes) -> int:
    total = 0
    for byte in content:
        total ^= byte << 8
        for _ in range(8):
            total = (total << 1 ^ (0x8005 if total & 0x8000 else 0)) & 0xFFFF
    return total
