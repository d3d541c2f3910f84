"""Zip files as byte ranges: large-file records, and every way in which a directory can lie."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tribe_np.errors import CheckpointError
from tribe_np.formats import zip_members
from tribe_np.formats.zip_members import check_member, read_members

CONTENT = {"a/one": b"first", "a/two": b"", "a/three": bytes(range(100))}
CENTRAL = b"PK\x01\x02"
END = b"PK\x05\x06"


def whole(content: dict[str, bytes] = CONTENT, comment: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.comment = comment
        for name, raw in content.items():
            archive.writestr(name, raw)
    return buffer.getvalue()


def patched(at: int, value: bytes, raw: bytes | None = None) -> bytes:
    raw = whole() if raw is None else raw
    return raw[:at] + value + raw[at + len(value) :]


def refused(path: Path, raw: bytes) -> str:
    path.write_bytes(raw)
    with pytest.raises(CheckpointError) as caught:
        read_members(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")


def contents(path: Path) -> dict[str, bytes]:
    raw = path.read_bytes()
    return {name: raw[m.offset : m.offset + m.n_bytes] for name, m in read_members(path).items()}


@pytest.mark.parametrize("comment", [b"", b"made by a test", b"PK\x05\x06" + bytes(30)])
def test_members_lie_where_the_directory_says(tmp_path: Path, comment: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(whole(comment=comment))
    if comment.startswith(b"PK"):
        with pytest.raises(CheckpointError, match="damaged"):
            read_members(path)
        return
    assert contents(path) == CONTENT
    for member in read_members(path).values():
        check_member(path, member)


def test_large_file_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 0)
    raw = whole()
    assert b"PK\x06\x06" in raw
    path = tmp_path / "a.zip"
    path.write_bytes(raw)
    assert contents(path) == CONTENT
    locator = raw.index(b"PK\x06\x07")
    assert "zip64 record lies outside" in refused(path, patched(locator + 8, struct.pack("<Q", 2**60), raw))
    assert "zip64 record is malformed" in refused(path, patched(locator + 8, struct.pack("<Q", 3), raw))
    entry = raw.index(CENTRAL)
    extra = entry + 46 + len("a/one")
    assert "lacks its zip64 sizes" in refused(path, patched(extra, b"\x09\x00", raw))


def test_checksums(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(whole())
    member = read_members(path)["a/three"]
    counted: list[int] = []
    check_member(path, member, counted.append)
    assert counted == [100]
    path.write_bytes(patched(member.offset + 5, b"\xff"))
    with pytest.raises(CheckpointError, match="'a/three' does not match its checksum"):
        check_member(path, member)
    path.write_bytes(path.read_bytes()[: member.offset + 9])
    with pytest.raises(CheckpointError, match="checksum"):
        check_member(path, member)
    path.unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        check_member(path, member)


def test_a_checksum_of_zero_was_left_out(tmp_path: Path) -> None:
    raw = whole({"a": b"first"})
    path = tmp_path / "a.zip"
    path.write_bytes(patched(raw.index(CENTRAL) + 16, bytes(4), raw))
    check_member(path, read_members(path)["a"])


def entry_patch(offset: int, value: bytes) -> Callable[[], bytes]:
    """The archive with bytes of the first directory entry replaced."""
    return lambda: patched(whole().index(CENTRAL) + offset, value)


def end_patch(offset: int, value: bytes) -> Callable[[], bytes]:
    """The archive with bytes of its end record replaced."""
    return lambda: patched(whole().index(END) + offset, value)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (entry_patch(0, b"PKxx"), "malformed entry"),
        (entry_patch(8, b"\x01\x00"), "'a/one' is encrypted"),
        (entry_patch(10, b"\x08\x00"), "'a/one' is compressed"),
        (entry_patch(20, struct.pack("<L", 4)), "stored in 4 bytes but claims 5"),
        (entry_patch(20, struct.pack("<2L", 999, 999)), "more than the file holds"),
        (entry_patch(20, struct.pack("<2L", 40, 40)), "overlaps"),
        (entry_patch(28, b"\xff\xff"), "malformed entry"),
        (entry_patch(42, struct.pack("<L", 7)), "its header disagree"),
        (entry_patch(42, struct.pack("<L", 2**31)), "starts outside the file"),
        (entry_patch(46, b"x"), "its header disagree"),
        (end_patch(4, b"\x01\x00"), "claims 3 members"),
        (end_patch(10, struct.pack("<H", 9999)), "claims 9999 members"),
        (end_patch(12, struct.pack("<L", 2**31)), "truncated or damaged"),
        (end_patch(16, struct.pack("<L", 1)), "truncated or damaged"),
        (end_patch(20, b"\x01\x00"), "do not end where its zip directory says"),
        (lambda: whole() + b"tail", "do not end where its zip directory says"),
        (lambda: b"", "not a PyTorch checkpoint"),
    ],
)
def test_directories_that_lie(tmp_path: Path, make: Callable[[], bytes], expected: str) -> None:
    assert expected in refused(tmp_path / "a.zip", make())


def test_two_members_of_one_name(tmp_path: Path) -> None:
    raw = whole({"a/one": b"1", "a/two": b"2"}).replace(b"a/two", b"a/one")
    assert "two members are named 'a/one'" in refused(tmp_path / "a.zip", raw)


def test_two_members_in_one_place(tmp_path: Path) -> None:
    raw = whole({"a/one": bytes(10), "a/two": bytes(10)})
    second = raw.index(CENTRAL, raw.index(CENTRAL) + 1)
    shared = patched(second + 42, bytes(4), raw)
    assert "overlaps" in refused(tmp_path / "a.zip", shared) or "disagree" in refused(tmp_path / "a.zip", shared)


def test_an_entry_cut_short(tmp_path: Path) -> None:
    raw = whole({"a": b"1"})
    start, end = raw.index(CENTRAL), raw.index(END)
    cut = raw[:start] + raw[start:end] + b"PK\x01\x02" + raw[end:]
    cut = patched(cut.index(END) + 12, struct.pack("<L", end - start + 4), cut)
    assert "middle of an entry" in refused(tmp_path / "a.zip", cut)


def test_a_huge_directory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_members, "MAX_DIRECTORY", 100)
    assert "claims 3 members" in refused(tmp_path / "a.zip", whole())
