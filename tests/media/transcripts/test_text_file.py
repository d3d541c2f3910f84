"""Text stimuli: encodings that are read, and files that are no text."""

import io
import zipfile
from pathlib import Path

import pytest

from tribe_np.errors import MediaError, StimulusError
from tribe_np.media.transcripts.text_file import MOST_BYTES, read_text_file

TEXT = "Grüße, Ève.\r\nDas Wetter\rist schön."
PLAIN = "Grüße, Ève.\nDas Wetter\nist schön."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(TEXT.encode(encoding))
    assert read_text_file(path) == PLAIN
    path.write_bytes(b"\xfe\xff" + TEXT.encode("utf-16-be"))
    assert read_text_file(path) == PLAIN


def test_invisible_characters_part_no_word(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Donau\u00addampf \u200fschiff\ufeff, \u0e01\u200b\u0e02 \u00ad.", encoding="utf-8")
    assert read_text_file(tmp_path / "a.txt") == "Donaudampf schiff, \u0e01\u200b\u0e02 ."
    (tmp_path / "a.txt").write_text("\u00ad \u2060", encoding="utf-8")
    with pytest.raises(StimulusError, match="blank"):
        read_text_file(tmp_path / "a.txt")


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("über".encode("latin-1"), r"not UTF-8 text \(byte 0, in line 1\); save the file as UTF-8"),
        (b"one\ntwo\nthr\xe9e", r"byte 11, in line 3"),
        (b"\xff\xfea\0b", "not UTF-16 text"),
        (b"a\0\0b" * 9, "zero bytes"),
        (b" \n\t\xc2\xa0", "blank"),
        (b"", "blank"),
        (b"\xef\xbb\xbf", "blank"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document; open it and save it as plain text"),
        (rb"{\rtf1\ansi Hello}", "an RTF document"),
        (archive("word/document.xml"), r"a Word document \(\.docx\); open it and save it as plain text"),
        (archive("mimetype", "content.xml"), "an office document or e-book"),
        (archive("a.txt"), "a zip archive or an office document; unpack it"),
        (b"PK\x03\x04 cut short", "a zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Word"),
        (b"<!DOCTYPE html>\n<html><body>Hello", r"a web page \(HTML\); open it"),
        (b"\n <!-- made by hand --><HTML lang='en'>", r"a web page \(HTML\); open it"),
        (b"<?xml version='1.0'?><tt/>", "an XML document"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"RIFF\0\0\0\0WAVEfmt ", "a WAV file; give it the suffix"),
        (b"\0\0\0\x20ftypisom", "an MP4 file .*; give it the suffix"),
        (b"\x1f\x8b\x08", "a gzip archive; unpack it"),
        (b'{"segments": []}', "a transcript in JSON; give the sound, with this file as --transcript"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nHi", "subtitles"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nHi", "subtitles"),
        (b"[Script Info]\nTitle: x", "a file of subtitles in the ASS or SSA format; convert it .* with --transcript"),
        ("<!DOCTYPE html>".encode("utf-16"), "a web page"),
        (bytes(64), "filled with zero bytes"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer.*git lfs pull"),
    ],
)
def test_what_is_no_plain_text(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=message) as caught:
        read_text_file(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "BMW is a car.",
        "I D3 it.",
        "<3 love",
        "{curly}",
        "PK is short",
        "MAC users, GIF8 and FLV, ID3 or BZh",
        "RIFF raff",
        "BM",
        "G" * 200,
        "x --> y",
        "a",
    ],
)
def test_ordinary_text_is_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    assert read_text_file(path) == text


def test_a_text_of_many_hours_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(
        MediaError, match=r"^[^ ]*a.txt: 8 MiB of text would take 155 hours to speak; the limit .* cut it into parts"
    ):
        read_text_file(path)
    with pytest.raises(MediaError, match="cannot be read: No such file"):
        read_text_file(tmp_path / "none.txt")
