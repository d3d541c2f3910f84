"""Files of another kind: named for what they are, by every reader that meets one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tribe_np.errors import CheckpointError, EventsError
from tribe_np.files.file_kinds import KINDS, description, file_description, kind_of
from tribe_np.formats.config_yaml import read_config_yaml
from tribe_np.formats.safetensors import read_header
from tribe_np.formats.torch_zip import open_torch
from tribe_np.formats.weights import read_json
from tribe_np.media.transcripts.transcript import read_transcript

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
    "picture": b"\x89PNG\r\n\x1a\n",
    "midi": b"MThd\0\0\0\x06",
    "m3u": b"#EXTM3U\n#EXTINF:9,\n",
    "mpd": b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash">',
    "ffconcat": b"ffconcat version 1.0\n",
    "pls": b"[playlist]\nFile1=a.mp3\n",
    "asx": b'<asx version="3.0">',
    "xspf": b'<?xml version="1.0"?><playlist version="1">',
    "smil": b"<smil><body>",
    "ism": b"<?xml version='1.0'?><SmoothStreamingMedia MajorVersion='2'>",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\n",
    "archive": b"7z\xbc\xaf\x27\x1c\x00\x04",
    "office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "wave": b"RIFF\x24\0\0\0WAVEfmt ",
    "aiff": b"FORM\0\0\0\x24AIFFCOMM",
    "flac": b"fLaC\0\0\0\x22",
    "ogg": b"OggS\0\2\0\0",
    "mp3": b"ID3\4\0\0\0\0",
    "heif": b"\0\0\0\x20ftypheic\0\0",
    "mp4": b"\0\0\0\x20ftypisom\0\0",
    "mov": b"\0\0\2\x20moov\0\0",
    "matroska": b"\x1aE\xdf\xa3\x9f",
    "avi": b"RIFF\x24\0\0\0AVI LIST",
    "flv": b"FLV\1\5\0\0\0\t",
    "mpeg": b"\0\0\1\xba\x44",
    "mpegts": (b"G\x40\0\x10\0" + b"\xff" * 183) * 2,
    "asf": bytes.fromhex("3026b2758e66cf11"),
    "aac": bytes.fromhex("fff15080"),
    "amr": b"#!AMR\n\x3c",
    "ape": b"MAC \x96\x0f\0\0",
    "wavpack": b"wvPk\x24\0\0\0",
    "musepack": b"MPCKSH\x0f\0",
    "tta": b"TTA1\1\0\2\0",
    "dsd": b"DSD \x1c\0\0\0",
    "realmedia": b".RMF\0\0\0\x12",
    "caf": b"caff\0\1\0\0",
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
    found = KINDS[kind]
    assert kind_of(SAMPLES[kind]) is found
    assert kind_of(SAMPLES[kind], own=(kind,)) is not found
    assert description(SAMPLES[kind]) == f"{found.what}; {found.remedy}"
    assert description(SAMPLES[kind], remedies={found.group: "leave it"}) == f"{found.what}; leave it"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MAC users",
        b"DSD and FLV",
        b"ID3 tags",
        b"RIFF raff",
        b"BM",
        b"G" * 600,
        b"BZh",
        b"MThd",
        b"1\n00:00:01,0 --> 00:00:02,0\n<b>x</b>",
        b'{"a": 1}',
        b"text\tstart",
        b"\0",
    ],
)
def test_what_is_of_no_other_kind(content: bytes) -> None:
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
    assert KINDS[kind].what in str(caught.value)


def test_a_page_in_the_place_of_weights(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(SAMPLES["html"] + b" " * 100)
    with pytest.raises(CheckpointError, match="not a safetensors file but a web page"):
        read_header(tmp_path / "a.safetensors")
