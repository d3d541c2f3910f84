"""What a sound file's header promises against what is there, before anything is decoded.

libsndfile believes headers. A header that says nothing, or less than there is, is put right in memory; one that
promises more is an error.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from tribe_np.errors import MediaError
from tribe_np.media.sound.flac import START, flac_length, flac_total, with_flac_total
from tribe_np.media.sound.mp3 import Mp3Scan, scan_mp3
from tribe_np.media.sound.ogg import ogg_pages
from tribe_np.media.sound.sound_headers import SoundBytes, holds_chunks, sound_bytes

CUT_SHORT = "the file is cut short"
AGAIN = "copy or download it again"
FRAMES_EARLIER = 20  # a frame's bits may begin in the nine before it
ESTIMATE_OFF_BY = 40  # the highest bit rate of a frame over the lowest
NOT_METADATA = 1 << 16  # bytes
PADDING = 1 << 14  # bytes behind an MP3's last frame that writers and tags leave there
SLACK = 0.002  # share of the sound that a header may promise too much, as careless writers do


@dataclass(frozen=True)
class Examined:
    """What is known of a file before it is decoded.

    `head` is to be read in place of its first `n_replaced` bytes, `n_zeros` zero bytes behind it. `n_samples` is None
    where libsndfile knows it.
    """

    head: bytes = b""
    n_replaced: int = 0
    n_zeros: int = 0
    n_samples: int | None = None
    notes: tuple[str, ...] = ()
    is_mpeg: bool = False
    n_earlier: int = 0  # samples that must be decoded before those wanted
    is_to_be_counted: bool = False  # its length shows only by decoding


def examined(path: str | Path) -> Examined:
    """The state of a sound file of any kind.

    Raises   MediaError when the file ends before its sound does, or holds sounds of which only the first would be read
    """
    with Path(path).open("rb") as file:
        start = file.read(START)
    if start.startswith(b"OggS"):
        return _examined_ogg(path)
    total = flac_total(start)
    if total is not None:
        return _examined_flac(path, start) if total == 0 else Examined()
    place = sound_bytes(path)
    if place is not None:
        return _examined_samples(path, place)
    scan = scan_mp3(path)
    return Examined(is_mpeg=True) if scan is None else _examined_mp3(path, scan)


def _examined_ogg(path: str | Path) -> Examined:
    pages, name, notes = ogg_pages(path), Path(path).name, []
    if pages.is_cut:
        raise MediaError(f"{path}: {CUT_SHORT} in the middle of an Ogg page; {AGAIN}")
    if pages.n_links > 1:
        raise MediaError(
            f"{path}: holds {pages.n_links} sounds in a row, of which only the first would be read; join them "
            "with: ffmpeg -i IN.ogg OUT.wav"
        )
    if not pages.has_end:
        notes.append(f"{name} lacks the last page of an Ogg file: it may be cut short; everything in it is used")
    if pages.n_lost:
        notes.append(f"{name}: {pages.n_lost} bytes that belong to no Ogg page are skipped")
    if pages.n_missing:
        notes.append(f"{name}: {pages.n_missing} Ogg pages are missing inside; silence or noise is in their place")
    return Examined(notes=tuple(notes), is_to_be_counted=pages.n_lost + pages.n_missing > 0)


def _examined_flac(path: str | Path, start: bytes) -> Examined:
    n_samples, is_whole = flac_length(path)
    if n_samples == 0:
        raise MediaError(f"{path}: {CUT_SHORT}: it holds no complete FLAC frame; {AGAIN}")
    notes = () if is_whole else (f"{Path(path).name} ends in the middle of a FLAC frame: it may be cut short; "
                                 "all whole frames are used",)  # fmt: skip
    return Examined(with_flac_total(start, n_samples), START, notes=notes)


def _examined_samples(path: str | Path, place: SoundBytes) -> Examined:
    name = Path(path).name
    if place.is_open_ended and place.present > 0 and place.present != place.promised:
        if place.promised == 0 and (not place.is_riff or holds_chunks(path, place)):
            return Examined()
        notes = (f"the header of {name} does not say how long the sound is, as live recorders leave it; everything "
                 "in it is used",)  # fmt: skip
        if place.promised:
            return Examined(notes=notes)
        with Path(path).open("rb") as file:
            head = file.read(place.size_at) + b"\xff\xff\xff\xff"  # libsndfile reads such a size to the end
        return Examined(head, len(head), notes=notes)
    if place.promised > place.present * (1 + SLACK) + 8:
        share = max(0, place.present) / place.promised
        raise MediaError(f"{path}: {CUT_SHORT}: it holds {share:.1%} of the sound that its header promises; {AGAIN}")
    behind = place.behind
    if behind.present > NOT_METADATA and place.is_riff and not holds_chunks(path, behind):
        more = behind.present / max(1, place.promised)
        return Examined(notes=(f"the header of {name} promises less sound than there is: {behind.present} bytes, "
                               f"{more:.1%} of it, lie after its end and are not used",))  # fmt: skip
    return Examined()


def _examined_mp3(path: str | Path, scan: Mp3Scan) -> Examined:
    name, seconds, notes = Path(path).name, scan.frame.n_samples / scan.frame.rate, []
    here, promised = scan.n_frames, scan.promised or 0
    if here < 1:
        raise MediaError(f"{path}: {CUT_SHORT}: it holds no complete MP3 frame; {AGAIN}")
    if here < promised - 1 and (scan.is_last_cut or not scan.n_skipped):
        raise MediaError(
            f"{path}: {CUT_SHORT}: it holds {here * seconds:.1f} s of the {promised * seconds:.1f} s that its first "
            f"frame promises; {AGAIN}"
        )
    if promised and here > promised + 1:
        notes.append(
            f"{name} promises {promised * seconds:.1f} s but holds {here * seconds:.1f} s, as joined files do; "
            "all of it is used"
        )
    if scan.n_skipped:
        notes.append(f"{name} is damaged: {scan.n_skipped} bytes between its MP3 frames are skipped")
    if scan.n_behind > PADDING and not promised:
        notes.append(
            f"{name} has {scan.n_behind} bytes after its last MP3 frame that hold no sound; it is complete only if it "
            f"lasts {here * seconds:.1f} s"
        )
    if scan.is_last_cut:
        notes.append(f"{name} ends in the middle of an MP3 frame: it may be cut short; all whole frames are used")
    return replace(
        _mended_mp3(path, scan), notes=tuple(notes), is_mpeg=True, is_to_be_counted=scan.n_skipped > 0,
        n_earlier=FRAMES_EARLIER * scan.frame.n_samples,
    )  # fmt: skip


def _mended_mp3(path: str | Path, scan: Mp3Scan) -> Examined:
    """The beginning that gives libmpg123 the true count of frames.

    Without a count it takes the length from the size of the file and its first frames: then the size is given so large
    that the answer is never too small.
    """
    if scan.promised == scan.n_frames:
        return Examined()
    if scan.count_at is not None:  # what else stands in that frame, the samples to drop at both ends, stays
        with Path(path).open("rb") as file:
            head = file.read(scan.count_at) + scan.n_frames.to_bytes(4, "big")
        return Examined(head, len(head))
    begin = scan.first + (scan.frame.length if scan.has_info else 0)
    n_zeros = ESTIMATE_OFF_BY * Path(path).stat().st_size + 10000
    return Examined(b"", begin, n_zeros, scan.n_frames * scan.frame.n_samples)
