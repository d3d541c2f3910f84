"""Files of another kind than they should be: what they are, told from their first bytes, and what to do about it.

A pointer where Git LFS should have put the weights, a web page saved under the name of a transcript, an archive that
nobody unpacked. Readers ask here before they complain about line 1.
"""

from collections.abc import Callable
from pathlib import Path

HEAD = 1024  # bytes that `description` needs at most
MEDIA = "a sound or a film, not a text; give the file that holds the words"
SUBTITLES = "convert it to .srt or .vtt, with ffmpeg or Subtitle Edit for instance"

Test = Callable[[bytes], bool]


def _starts(*beginnings: bytes) -> Test:
    return lambda head: head.startswith(beginnings)


def _is_page(head: bytes) -> bool:
    text = head.lower()
    return text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or (
        text.startswith((b"<?xml", b"<!--")) and b"<html" in text
    )


def _is_xml_with(*names: bytes) -> Test:
    return lambda head: head.startswith(b"<") and any(b"<" + name in head for name in names)


KINDS: dict[str, tuple[Test, str]] = {
    "git-lfs": (
        _starts(b"version https://git-lfs", b"version https://hawser"),
        "a Git LFS pointer, the file itself was never fetched; run `git lfs pull` in its repository or download it",
    ),
    "git-annex": (
        _starts(b"/annex/objects/", b"../.git/annex/", b".git/annex/"),
        "a git-annex pointer, the file itself was never fetched; run `git annex get` (or `datalad get`) on it",
    ),
    "html": (_is_page, "a web page (HTML), not the file itself; download it again, with the link to the raw file"),
    "eaf": (
        _is_xml_with(b"ANNOTATION_DOCUMENT"),
        "an ELAN document (.eaf); export it from ELAN as a Praat TextGrid or as subtitles (.srt)",
    ),
    "ttml": (_is_xml_with(b"tt ", b"tt:tt", b"timedtext", b"transcript"), f"subtitles in XML; {SUBTITLES}"),
    "xml": (_starts(b"<?xml"), "an XML document of another kind; export it as .srt, .vtt, .TextGrid or .tsv"),
    "praat-binary": (
        _starts(b"ooBinaryFile"),
        'a binary Praat file; open it in Praat and save it with "Save as text file..."',
    ),
    "praat-chronological": (
        _starts(b'"Praat chronological TextGrid'),
        'a chronological TextGrid; open it in Praat and save it with "Save as text file..."',
    ),
    "ass": (_starts(b"[Script Info]"), f"subtitles in the ASS or SSA format; {SUBTITLES}"),
    "chat": (_starts(b"@UTF8", b"@Begin"), "a CHAT transcript (.cha); export it from CLAN with `chat2praat`"),
    "rtf": (_starts(b"{\\rtf"), "a document of a word processor (RTF); save it as plain text"),
    "pdf": (_starts(b"%PDF"), "a PDF document; the words with their times are needed as text"),
    "zip": (_starts(b"PK\x03\x04", b"PK\x05\x06"), "a ZIP archive or an office document; unpack or export it"),
    "gzip": (_starts(b"\x1f\x8b"), "compressed with gzip; unpack it with `gunzip`"),
    "archive": (
        _starts(b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd"),
        "a compressed archive; unpack it",
    ),
    "office": (_starts(b"\xd0\xcf\x11\xe0"), "a document of an office program; export it as plain text"),
    "media": (
        lambda head: head[4:8] == b"ftyp" or head.startswith((b"RIFF", b"\x1aE\xdf\xa3", b"ID3", b"OggS", b"fLaC")),
        MEDIA,
    ),
    "zeros": (lambda head: len(head) >= 8 and not any(head), "filled with zeros; copy or download it again"),
}  # fmt: skip


def description(head: bytes, *, own: tuple[str, ...] = ()) -> str:
    """What a file that begins with `head` is and what to do ("a web page ...; download it again"); "" if not known.

    `own` names the kinds of KINDS that the caller reads itself.
    """
    text = head.removeprefix(b"\xef\xbb\xbf")
    text = text.lstrip() if any(text) else text
    for name, (matches, words) in KINDS.items():
        if name not in own and matches(text):
            return words
    return ""


def file_description(path: Path, *, own: tuple[str, ...] = ()) -> str:
    """`description` of a file by its first bytes; "" where it cannot be read."""
    try:
        with path.open("rb") as file:
            return description(file.read(HEAD), own=own)
    except OSError:
        return ""
