"""The frames of an MPEG sound file (MP3), counted without decoding them, and the count that its first frame promises.

An MP3 file has no length of its own. Most begin with a silent frame that holds one (Xing, Info or VBRI); without it
libmpg123, and with it libsndfile and upstream, takes the length from the bit rate of the first frames.

Source   ISO/IEC 11172-3, 13818-3; the Xing and VBRI frames and ID3v2 as their makers describe them
"""

import mmap
from dataclasses import dataclass
from pathlib import Path

# kbit/s by index 1 to 14: MPEG 1 layers I to III, then MPEG 2 and 2.5 layer I and layers II and III
BIT_RATES = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
RATES = (44100, 48000, 32000)  # Hz, of MPEG 1; halved for MPEG 2, quartered for 2.5
VERSIONS = {3: 1.0, 2: 2.0, 0: 2.5}
COUNT_PRESENT = 1  # flag of a Xing frame: the number of frames follows
SEARCHED = 1 << 20  # bytes in which frames must begin
FRAMES_ALIKE = 3  # in a row, before what looks like a frame is taken for the first one
END_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"3DI")


@dataclass(frozen=True)
class Frame:
    """One frame's header. Units: bytes (of the whole frame), samples of one channel, Hz."""

    version: float
    layer: int
    rate: int
    is_mono: bool
    length: int
    n_samples: int

    def continues(self, first: "Frame") -> bool:
        """Whether this can be a later frame of the sound that `first` begins."""
        return (self.version, self.layer, self.rate) == (first.version, first.layer, first.rate)


@dataclass(frozen=True)
class Mp3Scan:
    """What lies in the file. `promised` is the count of frames in the silent first frame; None without one."""

    first: int  # byte at which the first frame begins, the silent one where there is one
    frame: Frame
    n_frames: int  # whole ones, without the silent one
    promised: int | None
    count_at: int | None  # byte at which a Xing frame holds its count
    has_info: bool  # whether the first frame is a silent one, with or without a count
    n_skipped: int  # bytes between frames that belong to none
    n_behind: int  # bytes behind the last frame that belong to no tag
    is_last_cut: bool


def scan_mp3(path: str | Path) -> Mp3Scan | None:
    """The frames of a file; None when no MPEG frames follow one another in it."""
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = _first_frame(content)
        return None if start is None else _scan(content, start)


def parse_frame(header: bytes) -> Frame | None:
    """The frame that four bytes begin; None when they begin none, or one of free bit rate."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = VERSIONS.get(header[1] >> 3 & 3), 4 - (header[1] >> 1 & 3)
    bit_rate, rate = header[2] >> 4, header[2] >> 2 & 3
    if version is None or layer == 4 or bit_rate in (0, 15) or rate == 3:
        return None
    generation = 1 if version == 1 else 2
    hertz = RATES[rate] // {1.0: 1, 2.0: 2, 2.5: 4}[version]
    n_samples = {1: 384, 2: 1152, 3: 1152 // generation}[layer]
    slot = 4 if layer == 1 else 1
    bits = BIT_RATES[generation, layer][bit_rate - 1] * 1000
    length = (n_samples // 8 // slot * bits // hertz + (header[2] >> 1 & 1)) * slot
    return Frame(version, layer, hertz, header[3] >> 6 == 3, length, n_samples)


def _first_frame(content: mmap.mmap) -> int | None:
    at = _after_tags(content, 0)
    for start in range(at, min(len(content), at + SEARCHED)):
        if content[start] != 0xFF:
            continue
        first, place = parse_frame(content[start : start + 4]), start
        for number in range(FRAMES_ALIKE):
            frame = parse_frame(content[place : place + 4])
            if frame is None or first is None or not frame.continues(first):
                # a sound of one or two frames, up to the end of the file or its tags
                if number and (place == len(content) or _is_end(content, place)):
                    return start
                break
            place += frame.length
        else:
            return start
    return None


def _after_tags(content: mmap.mmap, at: int) -> int:
    """The byte after the ID3v2 tags that begin at `at`."""
    while content[at : at + 3] == b"ID3" and at + 10 <= len(content):
        size = 0
        for byte in content[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + (10 if content[at + 5] & 0x10 else 0)
    return at


def _is_end(content: mmap.mmap, at: int) -> bool:
    return any(content[at : at + len(tag)] == tag for tag in END_TAGS)


def _scan(content: mmap.mmap, start: int) -> Mp3Scan:
    first = parse_frame(content[start : start + 4])
    assert first is not None
    has_info, promised, count_at = _info(content[start : start + first.length], first)
    at, size, n_frames, n_skipped, n_behind, is_last_cut = start, len(content), 0, 0, 0, False
    while at < size:
        frame = parse_frame(content[at : at + 4])
        if frame is None or not frame.continues(first):
            if _is_end(content, at):
                break
            tags_end = min(_after_tags(content, at), size)  # files that were joined have tags between them
            found = tags_end if tags_end > at else _next_frame(content, at, first)
            if at == tags_end and found < size:
                n_skipped += found - at
            elif at == tags_end:
                n_behind = found - at
            at = found
        elif at + frame.length > size:
            is_last_cut = True
            break
        else:
            n_frames, at = n_frames + 1, at + frame.length
    return Mp3Scan(
        start, first, n_frames - has_info, promised, None if count_at is None else start + count_at, has_info,
        n_skipped, n_behind, is_last_cut,
    )  # fmt: skip


def _next_frame(content: mmap.mmap, at: int, first: Frame) -> int:
    """Where the frames go on; the end of the file when they do not."""
    size = len(content)
    while (at := content.find(b"\xff", at + 1)) >= 0:
        frame = parse_frame(content[at : at + 4])
        if frame is not None and frame.continues(first):
            then = at + frame.length
            following = parse_frame(content[then : then + 4])
            if then == size or _is_end(content, then) or (following is not None and following.continues(first)):
                return at
    return size


def _info(frame: bytes, header: Frame) -> tuple[bool, int | None, int | None]:
    """(whether the frame is a silent one, the count in it, where in it a Xing count lies)."""
    at = _info_place(header)
    for crc in (0, 2):  # a checksum of two bytes may follow the header
        if frame[at + crc : at + crc + 4] in (b"Xing", b"Info"):
            where = at + crc + 8
            if frame[at + crc + 7] & COUNT_PRESENT and len(frame) >= where + 4:
                return True, int.from_bytes(frame[where : where + 4], "big"), where
            return True, None, None
    if frame[36:40] == b"VBRI" and len(frame) >= 54:
        return True, int.from_bytes(frame[50:54], "big"), None
    return False, None, None


def _info_place(frame: Frame) -> int:
    """Where in a silent frame its name stands: behind the header and the (empty) side information."""
    if frame.version == 1:
        return 21 if frame.is_mono else 36
    return 13 if frame.is_mono else 21
