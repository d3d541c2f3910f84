"""A text stimulus as text: UTF-8, or UTF-16 and UTF-32 where the bytes say so; anything but plain text is named."""

import re
import zipfile
from pathlib import Path

from tribe_np.errors import MediaError, StimulusError, reason_of
from tribe_np.files.file_kinds import HEAD, KINDS, kind_of
from tribe_np.files.text_encoding import decoded
from tribe_np.media.transcripts.timed_words import INVISIBLE

MOST_BYTES = 8 << 20
CHARACTERS_PER_HOUR = 54_000  # espeak-ng's 15 or so a second
AS_TEXT = "open it and save it as plain text (UTF-8)"
BESIDE = "give the sound, with this file as --transcript"
REMEDIES = {  # for groups of other kinds
    "document": AS_TEXT, "page": AS_TEXT, "xml": AS_TEXT, "picture": "give its words as text",
    "archive": "unpack it and give the text inside", "media": "give it the suffix of its format, such as .wav or .mp4",
}  # fmt: skip
TIMED = (  # what would be spoken with its times and names
    (r"\s*\{\s*\"(?:segments|text|words|word_segments|language)\"", "a transcript in JSON", BESIDE),
    (r"\s*WEBVTT|[^\n]*\n?[^\n]*\d\d:\d\d[,.]\d+\s*-->", "subtitles", f"the times in it would be spoken: {BESIDE}"),
    (r"\s*\\documentclass", "LaTeX source", AS_TEXT),
)
TIMED_CUES = [
    (start, kind, "give it as --transcript FILE, and its words as the text") for start, kind, _ in TIMED
    if kind == "subtitles"
]  # fmt: skip
SOURCE_TEXT = [name for name, kind in KINDS.items() if kind.group in ("list", "page", "xml")]  # that a person can read

UNSEEN = re.compile(INVISIBLE.pattern.replace("\u200b", ""))  # a zero-width space parts words


def read_text_file(path: Path, *, is_spoken: bool = True) -> str:
    """The text of a file, with plain line ends.

    A text that is not spoken but read may be source text of any kind: LaTeX, JSON, a web page.

    Raises   MediaError when it cannot be read, is not text, is in an unknown encoding, blank, or too long to speak
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {reason_of(error)}") from error
    if size > MOST_BYTES:
        raise MediaError(
            f"{path}: {size / 2**20:.0f} MiB of text would take {size / CHARACTERS_PER_HOUR:,.0f} hours to speak; "
            f"the limit is {MOST_BYTES >> 20} MiB: cut it into parts"
        )
    _check_kind(content, path, is_spoken=is_spoken)
    text = decoded(content, path, advice="save the file as UTF-8", error=MediaError)
    _check_kind(text[:HEAD].encode(errors="replace"), path, is_spoken=is_spoken)
    for start, kind, remedy in TIMED if is_spoken else TIMED_CUES:
        if re.match(start, text[:HEAD], re.DOTALL | re.IGNORECASE):
            raise MediaError(f"{path}: this is {kind}; {remedy}")
    if "\0" in text:
        raise MediaError(f"{path}: not plain text: it holds zero bytes (the first at character {text.index(chr(0))})")
    text = UNSEEN.sub("", text)
    if not text.strip():
        raise StimulusError(f"{path}: the text is blank; there is nothing to {'speak' if is_spoken else 'show'}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _check_kind(content: bytes, path: Path, *, is_spoken: bool) -> None:
    kind = kind_of(content, own=() if is_spoken else SOURCE_TEXT)
    if kind is None:
        return
    what, remedy = kind.what, REMEDIES.get(kind.group, kind.remedy)
    if kind.group == "transcript":
        remedy += ", and give that with --transcript beside the sound"
    elif kind is KINDS["zip"] and (office := _office_kind(path)):
        what, remedy = office, AS_TEXT
    raise MediaError(f"{path}: this is {what}; {remedy}")


def _office_kind(path: Path) -> str | None:
    """The office format that a zip archive is, if it is one."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:1000]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    if any(name.startswith("word/") for name in names):
        return "a Word document (.docx)"
    if "mimetype" in names or any(name.startswith(("ppt/", "xl/")) for name in names):
        return "an office document or e-book"
    return None
