"""A text stimulus as text: UTF-8, or UTF-16 and UTF-32 where the bytes say so; what is no plain text is named."""

import codecs
import re
import zipfile
from pathlib import Path

from tribe_np.errors import MediaError, StimulusError
from tribe_np.media.transcript_words import INVISIBLE

MOST_BYTES = 8 << 20
CHARACTERS_PER_HOUR = 54_000  # espeak-ng's 15 or so a second
MARKS = (  # byte order marks; the longer ones first, for UTF-32's begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
AS_TEXT = "open it and save it as plain text (UTF-8)"
BINARY = (
    (rb"%PDF-", "a PDF document", AS_TEXT),
    (rb"\{\\rtf", "an RTF document", AS_TEXT),
    (rb"\xd0\xcf\x11\xe0", "an old Word or Office document", AS_TEXT),
    (rb"PK\x03\x04", "a zip archive", "unpack it and give the text inside"),
    (rb"\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf", "a compressed file", "unpack it first"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|BM.{4}\0\0", "a picture", "give its words as text"),
    (rb"RIFF.{4}(?:WAVE|AVI )|ID3|OggS|fLaC|\x1aE\xdf\xa3|.{4}ftyp|\xff[\xfb\xf3\xf2]", "sound or film",
     "give it the suffix of its format, such as .wav or .mp4"),
    (rb"version https://git-lfs", "a git LFS pointer, not the file itself", "run `git lfs pull`"),
)  # fmt: skip
TEXTUAL = (
    (r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)\b", "an HTML page", AS_TEXT),
    (r"\s*<\?xml", "an XML document", AS_TEXT),
    (r"\s*\{\s*\"(?:segments|text|words|word_segments|language)\"", "a transcript in JSON",
     "give the sound, and this with --transcript"),
    (r"\s*WEBVTT|[^\n]*\n?[^\n]*\d\d:\d\d[,.]\d+\s*-->", "subtitles",
     "their times would be spoken: give the sound, and this with --transcript"),
    (r"\s*\\documentclass", "LaTeX source", AS_TEXT),
)  # fmt: skip


UNSEEN = re.compile(INVISIBLE.pattern.replace("\u200b", ""))  # a zero-width space parts words


def read_text_file(path: Path) -> str:
    """The text of a file, with plain line ends.

    Raises   MediaError when it cannot be read, is not text, is in an unknown encoding, blank, or too long to speak
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise MediaError(
                f"{path}: {size / 2**20:.0f} MiB of text would take {size / CHARACTERS_PER_HOUR:,.0f} hours to speak; "
                f"the most that is read is {MOST_BYTES >> 20} MiB: cut it into parts"
            )
        content = path.read_bytes()
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror or error}") from error
    for signature, kind, remedy in BINARY:
        if re.match(signature, content, re.DOTALL):
            kind = _archive_kind(path) if kind == "a zip archive" else kind
            raise MediaError(f"{path}: this is {kind}; {AS_TEXT if 'document' in kind else remedy}")
    text = _decoded(content, path)
    for start, kind, remedy in TEXTUAL:
        if re.match(start, text[:4096], re.DOTALL | re.IGNORECASE):
            raise MediaError(f"{path}: this is {kind}; {remedy}")
    if "\0" in text:
        raise MediaError(f"{path}: not plain text: it holds zero bytes (the first at character {text.index(chr(0))})")
    text = UNSEEN.sub("", text)
    if not text.strip():
        raise StimulusError(f"{path}: the text is blank; there is nothing to speak")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(content: bytes, path: Path) -> str:
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "") or _unmarked(content)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        name = encoding.removesuffix("-sig").upper()
        raise MediaError(
            f"{path}: not {name} text (byte {error.start}, in line {line}); save the file as UTF-8"
        ) from error


def _unmarked(content: bytes) -> str:
    """The encoding of text without a byte order mark: UTF-16 where every other byte of most characters is zero."""
    start = content[:4096]
    even, odd, half = start[::2].count(0), start[1::2].count(0), len(start) // 2
    if half and max(even, odd) > 0.6 * half and min(even, odd) < 0.1 * half:
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"


def _archive_kind(path: Path) -> str:
    """What a zip archive is: office formats are some."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:1000]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "a zip archive"
    if any(name.startswith("word/") for name in names):
        return "a Word document (.docx)"
    if "mimetype" in names or any(name.startswith(("ppt/", "xl/")) for name in names):
        return "an office document or e-book"
    return "a zip archive"
