"""What a file that bears a sound's name really is, by its first bytes, and what to do about it."""

import shlex
from pathlib import Path

from tribe_np.files.file_kinds import HEAD, kind_of

SOUND = ("wave", "aiff", "flac", "ogg", "mp3")  # what libsndfile reads
OGG_CODECS = (
    (b"\x7fFLAC", "FLAC"), (b"Speex", "Speex"), (b"\x80theora", "Theora, a film"), (b"OpusHead", "Opus"),
    (b"\x01vorbis", "Vorbis"), (b"CELT", "CELT"),
)  # fmt: skip


def mistaken_kind(path: str | Path) -> str | None:
    """What the file is and what to do, to follow "it is"; None when it may be sound that can be read."""
    with Path(path).open("rb") as file:
        start = file.read(HEAD)
    kind = kind_of(start, own=SOUND)
    if kind is None:
        return _text_kind(start)
    if kind.group == "media":
        return f"{kind.what}; {how_to_convert(path)}"
    if kind.group in ("archive", "notes", "zeros"):
        return f"{kind.what}; {kind.remedy}"
    return f"{kind.what}, not sound"


def unreadable_kind(path: str | Path) -> str:
    """The same for a file that libsndfile has refused, whose own words mislead ("File does not exist")."""
    with Path(path).open("rb") as file:
        start = file.read(HEAD)
    if start.startswith(b"OggS"):
        codec = next((name for sign, name in OGG_CODECS if sign in start[:128]), None)
        if codec is not None:
            return f"an Ogg file with {codec} that cannot be decoded here; {how_to_convert(path)}"
    if start.startswith(b"ID3") or (start[:1] == b"\xff" and start[1:2] >= b"\xe0"):
        return "an MP3 file without a whole frame of sound: cut short, or damaged; copy or download it again"
    if start[:4] in (b"RIFF", b"RF64", b"FORM", b"fLaC"):
        kind = {b"FORM": "AIFF", b"fLaC": "FLAC"}.get(start[:4], "WAV")
        return f"a {kind} file that is damaged, or in an encoding that cannot be decoded here; {how_to_convert(path)}"
    return "in no known sound format"


def _text_kind(start: bytes) -> str | None:
    try:
        words = start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:  # else a character that the limit cut
            return None
        words = start[: error.start].decode("utf-8")
    is_text = all(c.isprintable() or c in "\t\r\n\f\ufeff" for c in words)
    return "text, not sound; a text to be spoken needs the suffix .txt" if is_text else None


def how_to_convert(path: str | Path) -> str:
    """The command that makes a file which can be read."""
    path = Path(path)
    name, made = shlex.quote(path.name), shlex.quote(f"{path.stem}-converted.wav")
    return f"convert its sound with: ffmpeg -i {name} {made}"
