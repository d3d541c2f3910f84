"""What a file that bears a sound's name really is, by its first bytes, and what to do about it."""

import shlex
from pathlib import Path

READ = 4096
ASF = bytes.fromhex("3026b2758e66cf11")

SOUND_AND_FILM = (  # what starts so may hold sound: convert
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM file"),
    (4, b"ftyp", "an MP4 file (AAC or Apple's sound, or a film)"),
    (4, b"moov", "a QuickTime film"),
    (8, b"AVI ", "an AVI film"),
    (0, b"FLV", "a Flash film"),
    (0, b"\x00\x00\x01\xba", "an MPEG film"),
    (0, ASF, "a Windows Media file"),
    (0, b"ADIF", "an AAC file"),
    (0, b"#!AMR", "an AMR recording"),
    (0, b"MAC ", "a Monkey's Audio file"),
    (0, b"wvPk", "a WavPack file"),
    (0, b"MPCK", "a Musepack file"),
    (0, b"MP+", "a Musepack file"),
    (0, b"TTA1", "a True Audio file"),
    (0, b"DSD ", "a DSD file"),
    (0, b"FRM8", "a DSD file"),
    (0, b".RMF", "a RealMedia file"),
    (0, b".ra\xfd", "a RealAudio file"),
    (0, b"caff", "an Apple Core Audio file"),
)
NO_SOUND = (
    (0, b"MThd", "a MIDI file: notes without sound; render it to a .wav file"),
    (0, b"%PDF", "a PDF document, not sound"),
    (0, b"\x89PNG", "a picture, not sound"),
    (0, b"\xff\xd8\xff", "a picture, not sound"),
    (0, b"GIF8", "a picture, not sound"),
    (0, b"PK\x03\x04", "a zip archive; unpack it first"),
    (0, b"\x1f\x8b", "a gzip archive; unpack it first"),
    (0, b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (0, b"Rar!", "a rar archive; unpack it first"),
)
OGG_CODECS = (
    (b"\x7fFLAC", "FLAC"), (b"Speex", "Speex"), (b"\x80theora", "Theora, a film"), (b"OpusHead", "Opus"),
    (b"\x01vorbis", "Vorbis"), (b"CELT", "CELT"),
)  # fmt: skip


def mistaken_kind(path: str | Path) -> str | None:
    """What the file is and what to do, to follow "it is"; None when it may be sound that can be read."""
    with Path(path).open("rb") as file:
        start = file.read(READ)
    for at, sign, what in SOUND_AND_FILM:
        if start[at : at + len(sign)] == sign:
            return f"{what}; {how_to_convert(path)}"
    for at, sign, what in NO_SOUND:
        if start[at : at + len(sign)] == sign:
            return what
    if start[:1] == b"\xff" and len(start) > 1 and start[1] & 0xF6 == 0xF0:  # MPEG sound has its layer in these bits
        return f"an AAC file; {how_to_convert(path)}"
    if start[:1] == b"\x47" and start[188:189] == b"\x47":
        return f"an MPEG transport stream; {how_to_convert(path)}"
    if not any(start):
        return "empty but for zero bytes, as broken downloads are; copy or download it again"
    return _text_kind(start)


def unreadable_kind(path: str | Path) -> str:
    """The same for a file that libsndfile has refused, whose own words mislead ("File does not exist")."""
    with Path(path).open("rb") as file:
        start = file.read(READ)
    if start.startswith(b"OggS"):
        codec = next((name for sign, name in OGG_CODECS if sign in start[:128]), None)
        if codec is not None:
            return f"an Ogg file with {codec} that cannot be decoded here; {how_to_convert(path)}"
    if start.startswith(b"ID3") or (start[:1] == b"\xff" and start[1:2] >= b"\xe0"):
        return "an MP3 file without a whole frame of sound: cut short, or damaged; copy or download it again"
    if start[:4] in (b"RIFF", b"RF64", b"FORM", b"fLaC"):
        kind = {b"FORM": "AIFF", b"fLaC": "FLAC"}.get(start[:4], "WAV")
        return f"a {kind} file that is damaged, or of a coding that cannot be decoded here; {how_to_convert(path)}"
    return "of no kind of sound that is known here"


def _text_kind(start: bytes) -> str | None:
    try:
        words = start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:  # else a character that the limit cut
            return None
        words = start[: error.start].decode("utf-8")
    is_text = all(c.isprintable() or c in "\t\r\n\f\ufeff" for c in words)
    return "text, not sound; name a text to be spoken .txt" if is_text else None


def how_to_convert(path: str | Path) -> str:
    """The command that makes a file which can be read."""
    path = Path(path)
    name, made = shlex.quote(path.name), shlex.quote(f"{path.stem}-converted.wav")
    return f"convert its sound with: ffmpeg -i {name} {made}"
