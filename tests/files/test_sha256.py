"""The SHA-256 of a file."""

import hashlib
from pathlib import Path

import pytest

from tribe_np.errors import OutputError
from tribe_np.files.sha256 import sha256_of


def test_it_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"bytes")
    assert sha256_of(tmp_path / "a", error=OutputError) == hashlib.sha256(b"bytes").hexdigest()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="a: cannot be read: "):
        sha256_of(tmp_path / "a", error=OutputError)
