"""Encodings told from the first bytes."""

import pytest

from tribe_np.files.text_encoding import text_encoding

CHINESE = "1\t\u4f60\u597d\uff0c\u4e16\u754c" * 20
PLAIN = "Where does it go? Nobody knows."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [PLAIN, CHINESE, f"\u201c{PLAIN}"])
def test_without_a_mark(text: str, encoding: str) -> None:
    assert text_encoding(text.encode(encoding)) == encoding


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_by_a_mark(encoding: str) -> None:
    assert text_encoding(CHINESE.encode(encoding)) == encoding


@pytest.mark.parametrize("head", [b"", b"a", b"\0\0ab", b"a\0\0\0", bytes(64), b"ab\0\0" * 9])
def test_what_says_nothing_is_utf_8(head: bytes) -> None:
    assert text_encoding(head) == "utf-8"
