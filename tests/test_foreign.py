"""Files of another kind: named for what they are, by every reader that meets one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tribe_np.errors import CheckpointError, EventsError
from tribe_np.foreign import KINDS, description, file_description
from tribe_np.formats.config_yaml import read_config_yaml
from tribe_np.formats.safetensors import read_header
from tribe_np.formats.torch_zip import open_torch
from tribe_np.formats.weights import read_json
from tribe_np.media.transcript import read_transcript

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
SAMPLES = {
    "git-lfs": LFS,
    "git-annex": b"/annex/objects/MD5E-s12--0123.srt\n",
    "html": b"\n<!DOCTYPE html>\n<html lang='en'>",
    "eaf": b'<?xml version="1.0" encoding="UTF-8"?>\n<ANNOTATION_DOCUMENT AUTHOR="" DATE="2020">',
    "ttml": b'<?xml version="1.0"?><tt xmlns="http://www.w3.org/ns/ttml">',
    "xml": b'<?xml version="1.0"?><something/>',
    "praat-binary": b"ooBinaryFile\x08TextGrid\0\0\0\0",
    "praat-chronological": b'"Praat chronological TextGrid text file"\n0 2 ! Time domain.\n',
    "ass": b"\xef\xbb\xbf[Script Info]\r\nTitle: x\r\n",
    "chat": b"@UTF8\n@Begin\n*CHI:\tmore .\n",
    "rtf": b"{\\rtf1\\ansi hello}",
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
    "zip": b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "archive": b"7z\xbc\xaf\x27\x1c\x00\x04",
    "office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "media": b"\x00\x00\x00\x20ftypisom\x00\x00",
    "zeros": b"\0" * 64,
}
READERS: list[tuple[str, Callable[[Path], Any]]] = [
    ("a.safetensors", read_header),
    ("best.ckpt", open_torch),
    ("config.json", read_json),
    ("config.yaml", read_config_yaml),
    *((f"a{suffix}", read_transcript) for suffix in (".srt", ".vtt", ".json", ".tsv", ".TextGrid", ".txt", "")),
]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_known(kind: str) -> None:
    assert description(SAMPLES[kind]) == KINDS[kind][1]
    assert description(SAMPLES[kind], own=(kind,)) != KINDS[kind][1]


@pytest.mark.parametrize(
    "content", [b"", b"1\n00:00:01,0 --> 00:00:02,0\n<b>x</b>", b'{"a": 1}', b"text\tstart", b"\0"]
)
def test_what_is_not_foreign(content: bytes) -> None:
    assert description(content) == ""


def test_a_file_that_cannot_be_read_has_no_description(tmp_path: Path) -> None:
    assert file_description(tmp_path / "absent") == ""


@pytest.mark.parametrize(("name", "reader"), READERS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_pointer_of_git_lfs_says_what_to_do(tmp_path: Path, name: str, reader: Callable[[Path], Any]) -> None:
    (tmp_path / name).write_bytes(LFS)
    with pytest.raises((CheckpointError, EventsError), match=r"a Git LFS pointer.*run `git lfs pull`") as caught:
        reader(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", [".srt", ".vtt", ".json", ".tsv", ".TextGrid", ""])
def test_a_transcript_of_another_kind_is_named(tmp_path: Path, kind: str, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(SAMPLES[kind])
    with pytest.raises(EventsError) as caught:
        read_transcript(tmp_path / f"a{suffix}")
    assert KINDS[kind][1] in str(caught.value)


def test_a_page_in_the_place_of_weights(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(SAMPLES["html"] + b" " * 100)
    with pytest.raises(CheckpointError, match="not a safetensors file but a web page"):
        read_header(tmp_path / "a.safetensors")
