"""Files of another kind than they should be: what they are, by their first bytes, and what to do about it.

A pointer where Git LFS should have put the weights, a web page saved under the name of a transcript, a film in the
place of a text. All readers ask here before they complain about line 1; each may give advice of its own for a group.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

HEAD = 4096  # bytes that are looked at
BOM = b"\xef\xbb\xbf"
BINARY = rb"(?=.{0,64}[\0-\x08])"  # in front of signatures that a text could begin with ("MAC users ...")


class Kind(NamedTuple):
    """A kind of file: its group, its first bytes, "a PDF document", and what to do with it."""

    group: str
    signature: re.Pattern[bytes]
    what: str
    remedy: str


def _rows(group: str, remedy: str, *rows: tuple[str, bytes, str]) -> dict[str, Kind]:
    return {name: Kind(group, re.compile(sign, re.DOTALL), what, remedy) for name, sign, what in rows}


def _xml(name: bytes) -> bytes:
    """The signature of an XML document with such a first element, with or without a declaration."""
    return rb"(?i)(?:<\?xml.*?)?<" + name + rb"\b"


PRAAT = 'open it in Praat and save it with "Save as text file..."'
NAMES_OTHERS = ", which names other files"

KINDS: dict[str, Kind] = {
    **_rows("pointer", "the file itself was never fetched; run `git lfs pull` in its repository or download it",
        ("git-lfs", rb"version https://(?:git-lfs|hawser)", "a Git LFS pointer")),
    **_rows("pointer", "the file itself was never fetched; run `git annex get` (or `datalad get`) on it",
        ("git-annex", rb"/annex/objects/|(?:\.\./)?\.git/annex/", "a git-annex pointer")),
    **_rows("list", "give the file itself",
        ("m3u", rb"(?i)#EXTM3U", f"an HLS playlist (M3U){NAMES_OTHERS}"),
        ("mpd", _xml(b"mpd"), f"a DASH manifest (MPD){NAMES_OTHERS}"),
        ("ffconcat", rb"(?i)ffconcat version", "a list of files for ffmpeg (ffconcat)"),
        ("pls", rb"(?i)\[playlist\]", f"a playlist (PLS){NAMES_OTHERS}"),
        ("asx", _xml(b"asx"), f"a playlist (ASX){NAMES_OTHERS}"),
        ("xspf", _xml(b"playlist"), f"a playlist (XSPF){NAMES_OTHERS}"),
        ("smil", _xml(b"smil"), f"a presentation (SMIL){NAMES_OTHERS}"),
        ("ism", _xml(b"smoothstreamingmedia"), f"a Smooth Streaming manifest{NAMES_OTHERS}"),
        ("sdp", rb"v=0(?:\r\n|\no=)", "a description of a network stream (SDP)")),
    **_rows("page", "download it again, with the link to the raw file",
        ("html", rb"(?i)<!doctype html|<(?:html|head|body)\b|<(?:\?xml|!--).*<html\b", "a web page (HTML)")),
    **_rows("transcript", "export it from ELAN as a Praat TextGrid or as subtitles (.srt)",
        ("eaf", rb"(?=<).*?<ANNOTATION_DOCUMENT", "an ELAN document (.eaf)")),
    **_rows("transcript", "convert it to .srt or .vtt, with ffmpeg or Subtitle Edit for instance",
        ("ttml", rb"(?=<).*?<(?:tt |tt:tt|timedtext|transcript)", "a file of subtitles in XML"),
        ("ass", rb"\[Script Info\]", "a file of subtitles in the ASS or SSA format")),
    **_rows("transcript", "export it from CLAN with `chat2praat`",
        ("chat", rb"@UTF8|@Begin", "a CHAT transcript (.cha)")),
    **_rows("transcript", PRAAT,
        ("praat-binary", rb"ooBinaryFile", "a binary Praat file"),
        ("praat-chronological", rb'"Praat chronological TextGrid', "a chronological TextGrid")),
    **_rows("xml", "export it as .srt, .vtt, .TextGrid or .tsv", ("xml", rb"<\?xml", "an XML document")),
    **_rows("document", "save its text as plain text (UTF-8)",
        ("rtf", rb"\{\\rtf", "an RTF document"),
        ("pdf", rb"%PDF", "a PDF document"),
        ("office", rb"\xd0\xcf\x11\xe0", "an old Word or Office document")),
    **_rows("archive", "unpack it with `gunzip`", ("gzip", rb"\x1f\x8b", "a gzip archive")),
    **_rows("archive", "unpack it",
        ("archive", rb"7z\xbc\xaf\x27\x1c|Rar!|\xfd7zXZ|BZh[1-9]|\x28\xb5\x2f\xfd", "a compressed archive")),
    **_rows("archive", "unpack or export it",
        ("zip", rb"PK(?:\x03\x04|\x05\x06)", "a zip archive or an office document")),
    **_rows("photo", "save it as .png or .jpg",
        ("heif", rb".{4}ftyp(?:hei[cxms]|hev[cx]|mif1|msf1|avi[fs])", "a photo in HEIC or AVIF")),
    **_rows("picture", "give the intended file",
        ("picture", rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|BM.{4}\0\0", "a picture")),
    **_rows("notes", "render it to a .wav file", ("midi", rb"MThd\0", "a MIDI file, which holds notes but no sound")),
    **_rows("media", "give the intended file",
        ("wave", rb"(?:RIFF|RF64).{4}WAVE", "a WAV file"),
        ("aiff", rb"FORM.{4}AIF[FC]", "an AIFF file"),
        ("flac", rb"fLaC", "a FLAC file"),
        ("ogg", rb"OggS", "an Ogg file"),
        ("mp3", rb"ID3[\x02-\x04]|\xff[\xfb\xfa\xf3\xf2]", "an MP3 file"),
        ("mp4", rb".{4}ftyp", "an MP4 file (AAC or Apple's sound, or a film)"),
        ("mov", rb".{4}moov", "a QuickTime film"),
        ("matroska", rb"\x1aE\xdf\xa3", "a Matroska or WebM file"),
        ("avi", rb"RIFF.{4}AVI ", "an AVI film"),
        ("flv", BINARY + rb"FLV", "a Flash film"),
        ("mpeg", rb"\0\0\x01\xba", "an MPEG film"),
        ("mpegts", BINARY + rb"G.{187}G", "an MPEG transport stream"),
        ("asf", rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a Windows Media file"),
        ("aac", rb"\xff[\xf0\xf1\xf8\xf9]|" + BINARY + rb"ADIF", "an AAC file"),
        ("amr", rb"#!AMR", "an AMR recording"),
        ("ape", BINARY + rb"MAC ", "a Monkey's Audio file"),
        ("wavpack", BINARY + rb"wvPk", "a WavPack file"),
        ("musepack", BINARY + rb"MP(?:CK|\+)", "a Musepack file"),
        ("tta", BINARY + rb"TTA1", "a True Audio file"),
        ("dsd", BINARY + rb"(?:DSD |FRM8)", "a DSD file"),
        ("realmedia", BINARY + rb"\.RMF|\.ra\xfd", "a RealMedia or RealAudio file"),
        ("caf", BINARY + rb"caff", "an Apple Core Audio file")),
    **_rows("zeros", "copy or download it again",
        ("zeros", rb"\0{8,}\Z", "filled with zero bytes, as broken downloads are")),
}  # fmt: skip


def kind_of(head: bytes, *, own: Collection[str] = ()) -> Kind | None:
    """The kind of a file that begins with `head`; None if it is not known, or one of those that the caller reads."""
    start = head[:HEAD].removeprefix(BOM).lstrip()
    for name, kind in KINDS.items():
        if name not in own and kind.signature.match(start):
            return kind
    return None


def description(head: bytes, *, own: Collection[str] = (), remedies: Mapping[str, str] | None = None) -> str:
    """What a file that begins with `head` is and what to do ("a web page ...; download it again"); "" if not known.

    `remedies` has the caller's own advice for groups of kinds.
    """
    kind = kind_of(head, own=own)
    return f"{kind.what}; {(remedies or {}).get(kind.group, kind.remedy)}" if kind else ""


def file_description(path: Path, *, own: Collection[str] = ()) -> str:
    """`description` of a file by its first bytes; "" where it cannot be read."""
    try:
        with path.open("rb") as file:
            return description(file.read(HEAD), own=own)
    except OSError:
        return ""
