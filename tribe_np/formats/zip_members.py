"""The members of an uncompressed zip file as byte ranges, for files that are memory-mapped: PyTorch checkpoints.

Not a general zip reader: compressed, encrypted, multi-disk and overlapping members are refused. Every size and
offset is checked against the file before anything of that size is read.
Source   PKWARE APPNOTE 6.3 sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16 (zip64), 4.5.3
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tribe_np.errors import CheckpointError, reason_of
from tribe_np.files.file_kinds import file_description
from tribe_np.files.small_files import check_regular

END = struct.Struct("<4s4H2LH")  # end of central directory
LOCATOR = struct.Struct("<4sLQL")  # of the zip64 record
END64 = struct.Struct("<4sQ2H2L4Q")
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
MAX_COMMENT = 0xFFFF
MAX_MEMBERS = 20_000  # of 75 bytes in the directory each; a checkpoint has one a tensor
MAX_DIRECTORY = 200 * MAX_MEMBERS  # bytes
ENCRYPTED = 0x1
UNSET = 0xFFFFFFFF
BLOCK = 1 << 20


@dataclass(frozen=True)
class Member:
    """One stored file: where its bytes lie in the archive."""

    name: str
    offset: int  # of the first byte
    n_bytes: int
    crc: int  # 0: the writer left it out (torch.serialization.set_crc32_options(False))


def read_members(path: str | Path) -> dict[str, Member]:
    """Members by name, in file order.

    Raises   CheckpointError, naming the file: missing, no zip, truncated, damaged, compressed or overlapping
    """
    path = Path(path)
    try:
        size = check_regular(path)
        with path.open("rb") as file:
            directory, start = _read_directory(path, file, size)
            members = _parse_directory(path, file, directory, start)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {reason_of(error)}") from error
    return {member.name: member for member in members}


def _read_directory(path: Path, file: BinaryIO, size: int) -> tuple[bytes, int]:
    """The bytes of the central directory and where they start."""
    tail_start = max(0, size - END.size - MAX_COMMENT)
    file.seek(tail_start)
    tail = file.read(size - tail_start)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + END.size > len(tail):
        if other := file_description(path, own=("zip",)):
            raise CheckpointError(f"{path}: not a PyTorch checkpoint but {other}")
        raise CheckpointError(
            f"{path}: not a PyTorch checkpoint in zip form, or truncated; files from before PyTorch 1.6 must be "
            "loaded and saved again with a newer one"
        )
    _, disk, _, _, count, n_bytes, start, n_comment = END.unpack_from(tail, at)
    end_at = tail_start + at
    if end_at + END.size + n_comment != size:
        raise CheckpointError(f"{path}: {size} bytes do not end where its zip directory says; it is damaged")
    if at >= LOCATOR.size and tail[at - LOCATOR.size :].startswith(b"PK\x06\x07"):
        record_at = LOCATOR.unpack_from(tail, at - LOCATOR.size)[2]
        disk, count, n_bytes, start, end_at = _read_zip64(path, file, record_at, end_at)
    if count > MAX_MEMBERS:
        raise CheckpointError(f"{path}: its zip directory claims {count} members; at most {MAX_MEMBERS} are read")
    if disk != 0 or start + n_bytes != end_at or n_bytes > MAX_DIRECTORY or count * CENTRAL.size > n_bytes:
        raise CheckpointError(
            f"{path}: its zip directory claims {count} members in {n_bytes} bytes at byte {start} of {size}; "
            "it is truncated or damaged"
        )
    file.seek(start)
    return file.read(n_bytes), start


def _read_zip64(path: Path, file: BinaryIO, at: int, end: int) -> tuple[int, int, int, int, int]:
    """Disk, members, bytes and start of the directory, and its end, from the record for large files."""
    if at > end - END64.size:
        raise CheckpointError(f"{path}: its zip64 record lies outside the file; it is damaged")
    file.seek(at)
    magic, _, _, _, disk, _, _, count, n_bytes, start = END64.unpack(file.read(END64.size))
    if magic != b"PK\x06\x06":
        raise CheckpointError(f"{path}: its zip64 record is malformed; it is damaged")
    return disk, count, n_bytes, start, at


def _parse_directory(path: Path, file: BinaryIO, directory: bytes, start: int) -> list[Member]:
    members: list[Member] = []
    names: set[str] = set()
    at, end = 0, 0
    entries: list[tuple[int, str, int, int, int]] = []
    while at < len(directory):
        if len(directory) - at < CENTRAL.size:
            raise CheckpointError(f"{path}: its zip directory ends in the middle of an entry; it is damaged")
        if len(entries) == MAX_MEMBERS:
            raise CheckpointError(f"{path}: its zip directory has more members than it claims; it is damaged")
        name, header_at, packed, n_bytes, crc, at = _parse_entry(path, directory, at)
        if name in names:
            raise CheckpointError(f"{path}: two members are named {name[:80]!r}")
        names.add(name)
        entries.append((header_at, name, packed, n_bytes, crc))
    for header_at, name, packed, n_bytes, crc in sorted(entries):
        if packed != n_bytes:
            raise CheckpointError(f"{path}: member {name[:80]!r} is stored in {packed} bytes but claims {n_bytes}")
        if header_at < end:
            raise CheckpointError(f"{path}: member {name[:80]!r} overlaps the one before it")
        offset = _data_offset(path, file, name, header_at, start)
        end = offset + n_bytes
        if end > start:
            raise CheckpointError(f"{path}: member {name[:80]!r} claims {n_bytes} bytes, more than the file holds")
        members.append(Member(name, offset, n_bytes, crc))
    return members


def _parse_entry(path: Path, directory: bytes, at: int) -> tuple[str, int, int, int, int, int]:
    """Name, offset of the local header, packed size, size and checksum of an entry, and where the next one starts."""
    fields = CENTRAL.unpack_from(directory, at)
    magic, flags, method, crc, packed, n_bytes = fields[0], fields[3], fields[4], *fields[7:10]
    n_name, n_extra, n_comment, header_at = *fields[10:13], fields[16]
    after = at + CENTRAL.size + n_name + n_extra + n_comment
    raw = directory[at + CENTRAL.size : at + CENTRAL.size + n_name]
    if magic != b"PK\x01\x02" or after > len(directory):
        raise CheckpointError(f"{path}: its zip directory has a malformed entry; it is damaged")
    name = raw.decode("utf-8", errors="backslashreplace")
    if flags & ENCRYPTED:
        raise CheckpointError(f"{path}: member {name[:80]!r} is encrypted; PyTorch writes none")
    if method != 0:
        raise CheckpointError(f"{path}: member {name[:80]!r} is compressed; PyTorch stores its members as they are")
    extra = directory[at + CENTRAL.size + n_name : after - n_comment]
    n_bytes, packed, header_at = _wide_fields(path, name, extra, (n_bytes, packed, header_at))
    return name, header_at, packed, n_bytes, crc, after


def _wide_fields(path: Path, name: str, extra: bytes, values: tuple[int, int, int]) -> list[int]:
    """The values, those that did not fit 32 bits taken from the zip64 extra field, in which they come in this order."""
    wide = iter(_zip64_extra(extra))
    try:
        return [next(wide) if value == UNSET else value for value in values]
    except StopIteration as error:
        raise CheckpointError(f"{path}: member {name[:80]!r} lacks its zip64 sizes; it is damaged") from error


def _zip64_extra(extra: bytes) -> list[int]:
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            words = extra[at + 4 : at + 4 + min(size, 24)]
            return [word for (word,) in struct.iter_unpack("<Q", words[: len(words) // 8 * 8])]
        at += 4 + size
    return []


def _data_offset(path: Path, file: BinaryIO, name: str, header_at: int, end: int) -> int:
    """Where a member's bytes begin: behind its local header, whose name and extra field have their own lengths."""
    if header_at > end - LOCAL.size:
        raise CheckpointError(f"{path}: member {name[:80]!r} starts outside the file; it is truncated or damaged")
    file.seek(header_at)
    magic, *_, method, _, _, _, _, _, n_name, n_extra = LOCAL.unpack(file.read(LOCAL.size))
    if magic != b"PK\x03\x04" or method != 0 or file.read(n_name).decode("utf-8", "backslashreplace") != name:
        raise CheckpointError(f"{path}: member {name[:80]!r} and its header disagree; the file is damaged")
    return header_at + LOCAL.size + int(n_name) + int(n_extra)


def check_member(path: str | Path, member: Member, step: Callable[[int], object] = lambda n: None) -> None:
    """Reads a member once and compares its checksum; `step` is called with the bytes read since its last call.

    Raises   CheckpointError when they differ
    """
    crc, left = 0, member.n_bytes
    try:
        with Path(path).open("rb") as file:
            file.seek(member.offset)
            while left and (block := file.read(min(BLOCK, left))):
                crc = zlib.crc32(block, crc)
                left -= len(block)
                step(len(block))
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {reason_of(error)}") from error
    if left or (member.crc and crc != member.crc):
        raise CheckpointError(
            f"{path}: member {member.name[:80]!r} does not match its checksum; the file is damaged, copy it again"
        )
