"""Picture files: what their headers say, and their pixels as RGB of 8 bits on a ground.

Limits are checked on the header, before a pixel is decoded. Nothing is scaled here. An animated file gives its pictures
one after the other, each as a viewer shows it: laid on the ones before as the file says.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import MediaError, TribeError, reason_of
from tribe_np.files.file_kinds import KINDS, kind_of
from tribe_np.media.file_begin import file_begin
from tribe_np.media.pictures.colours import on_ground
from tribe_np.media.pictures.profiles import told_of_profile
from tribe_np.optional import require

FORMATS = {"PNG": "PNG", "JPEG": "JPEG", "MPO": "JPEG", "WEBP": "WebP", "TIFF": "TIFF", "GIF": "GIF"}
"""Pillow's names of what is read, and ours. MPO is a JPEG with further views, such as a telephone's depth map."""
OPENED = ["PNG", "JPEG", "WEBP", "TIFF", "GIF"]
SUFFIXES_OF = {
    "PNG": (".png",), "JPEG": (".jpg", ".jpeg"), "WebP": (".webp",), "TIFF": (".tif", ".tiff"), "GIF": (".gif",),
}  # fmt: skip
ANIMATED = ("PNG", "WebP", "GIF")  # further pictures of a TIFF are pages
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 10_000
MOST_ANIMATED = 4_000_000_000  # pixels of all pictures of an animated file
FASTEST, SLOWED_TO = 0.011, 0.1
"""Seconds: what is to be shown for no more than 10 ms is shown for 100 ms, as every browser does."""
ORIENTATION = 0x0112  # Exif's tag
TURNS = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270",
         7: "TRANSVERSE", 8: "ROTATE_90"}  # fmt: skip
"""Pillow's names of the turns and flips that Exif's orientations ask for."""
WHY = "reading a picture"
AGAIN = "copy or download it again"
RENAMED = {
    "mp4": ".mp4", "mov": ".mov", "matroska": ".mkv", "avi": ".avi",
    "wave": ".wav", "flac": ".flac", "ogg": ".ogg", "mp3": ".mp3",
}  # fmt: skip
"""Suffixes under which other files are stimuli, by their kind."""
GIF_EXTENSION, GIF_END = 0x21, 0x3B  # first bytes of blocks


@dataclass(frozen=True)
class PictureFile:
    """What a picture file holds.

    Units    size (width, height) in pixels, as a person sees it; delays in seconds, one for each picture of an animated
             file, none of a still
    """

    path: Path
    kind: str  # "PNG", "JPEG", ...
    size: tuple[int, int]
    delays: tuple[float, ...] = ()
    first: int = 0  # number of the first picture that is shown: an animated PNG may begin with one that is not
    notes: tuple[str, ...] = ()
    profile: str = ""  # the colour profile by which its colours are turned into sRGB; "" where they are taken for it

    @property
    def is_animated(self) -> bool:
        """Whether it holds several pictures that follow each other."""
        return bool(self.delays)

    def pictures(self, ground: tuple[int, int, int]) -> Iterator[np.ndarray]:
        """Each picture, `ground` where it is transparent; a still gives one.

        Shapes   -> arrays (height, width, 3) uint8
        Raises   MediaError for one that cannot be decoded; MissingDependencyError without Pillow
        """
        with _opened(self.path) as image:
            turn = TURNS.get(_orientation(image), "")
            for number in range(self.first, self.first + max(1, len(self.delays))):
                _decode(image, number, self.path)
                yield on_ground(image, ground, self.path, turn)


def picture_file(path: str | Path) -> PictureFile:
    """The facts of a picture file, by its header; of an animated one all pictures are decoded once for their delays.

    Raises   MediaError: no such file, no picture, one that is cut short (of animated ones) or larger than the limits;
             MissingDependencyError without Pillow
    """
    path = Path(path)
    _check_begin(path)
    found = path.stat()
    return _picture_file(path, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=4096)
def _picture_file(path: Path, size: int, changed: int) -> PictureFile:
    with _opened(path) as image:
        kind, notes = FORMATS[image.format], []
        width, height = image.size
        if path.suffix.lower() not in SUFFIXES_OF[kind]:
            notes.append(f"{path.name}: is a {kind} picture by its content, and read as one")
        profile, unfit = told_of_profile(image)
        if unfit:
            notes.append(f"{path.name}: its colour profile cannot be used ({unfit}): its colours are taken for sRGB")
        n_pictures = _n_pictures(image, path)
        if n_pictures > 1 and kind == "TIFF":
            notes.append(f"{path.name}: holds {n_pictures} pages; the first is shown")
        first = int(bool(getattr(image, "default_image", False)))  # shown only by viewers without animation
        delays: tuple[float, ...] = ()
        if kind in ANIMATED and n_pictures - first > 1:
            if n_pictures * width * height > MOST_ANIMATED:
                raise MediaError(
                    f"{path}: {n_pictures} pictures of {width} x {height} pixels are more than the "
                    f"{MOST_ANIMATED / 1e9:g} thousand megapixels that are read; make it a film (.mp4)"
                )
            delays = tuple(_delays(image, range(first, n_pictures), path, notes))
        if kind == "GIF" and not _has_end(path):
            shown = f"{n_pictures} picture{'s' * (n_pictures != 1)}"
            notes.append(f"{path.name}: ends without a mark of its end and may be cut short; {shown} found and shown")
        turned = _orientation(image) in (5, 6, 7, 8)
    if kind == "PNG":
        _check_sums(path)
    return PictureFile(path, kind, (height, width) if turned else (width, height), delays, first, tuple(notes), profile)


def _check_sums(path: Path) -> None:
    """Refuses a PNG whose parts are not those that were written: Pillow decodes its pixels without asking.

    Raises   MediaError
    """
    with _opened(path) as image:
        try:
            image.verify()
        except Exception as error:
            raise MediaError(f"{path}: is damaged: {reason_of(error)}; {AGAIN}") from error


def _n_pictures(image: Any, path: Path) -> int:
    """How many pictures the file holds; of a GIF, the headers of all of them are read for it.

    Raises   MediaError
    """
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception as error:  # a GIF that ends within one of them
        raise MediaError(f"{path}: its pictures cannot be counted: {reason_of(error)}; {AGAIN}") from error


def _has_end(path: Path) -> bool:
    """Whether a GIF's blocks lead to its end mark. One that is cut between two of its pictures decodes without error.

    A block is a byte of its kind, a head whose length the kind tells, and parts that each begin with their length.
    """
    held = path.read_bytes()

    def table(flags: int) -> int:
        return 3 * 2 ** (flags % 8 + 1) if flags >= 128 else 0

    try:
        place = 13 + table(held[10])
        while held[place] != GIF_END:
            place += 2 if held[place] == GIF_EXTENSION else 11 + table(held[place + 9])
            while held[place]:
                place += 1 + held[place]
            place += 1
    except IndexError:
        return False
    return True


def _delays(image: Any, numbers: range, path: Path, notes: list[str]) -> Iterator[float]:
    """For how many seconds each picture of an animated file is shown."""
    n_fast = 0
    for number in numbers:
        _decode(image, number, path)
        seconds = float(image.info.get("duration") or 0) / 1000
        n_fast += seconds < FASTEST
        yield SLOWED_TO if seconds < FASTEST else seconds
    if n_fast:
        notes.append(
            f"{path.name}: {n_fast} of its {len(numbers)} pictures say 10 ms or less, or nothing; each is shown for "
            "100 ms, as browsers do"
        )


def _check_begin(path: Path) -> None:
    """Refuses, by its first bytes, what is no picture at all.

    Raises   MediaError
    """
    kind = kind_of(file_begin(path, "a picture"))
    if kind is not None and kind.group != "picture":
        suffix = next((suffix for name, suffix in RENAMED.items() if KINDS[name] is kind), "")
        remedy = f"rename it to {path.stem}{suffix}" if suffix else kind.remedy
        raise MediaError(f"{path}: is {kind.what}, not a picture; {remedy}")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The file with its header read, within the limits."""
    pillow: Any = require("PIL.Image", extra="media", why=WHY)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, which are refused below
            image = pillow.open(path, formats=OPENED)
    except pillow.DecompressionBombError as error:
        raise MediaError(f"{path}: {reason_of(error)}; {_limit()}") from error
    except pillow.UnidentifiedImageError as error:
        raise MediaError(f"{path}: not a picture in PNG, JPEG, WebP, TIFF or GIF, or damaged") from error
    except Exception as error:  # what a damaged header raises is up to its reader
        raise MediaError(f"{path}: not a picture that can be read: {reason_of(error)}") from error
    with image:
        width, height = image.size
        if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
            raise MediaError(
                f"{path}: {width} x {height} pixels ({width * height / 1e6:.3g} megapixels) are too many; {_limit()}"
            )
        if not width * height:
            raise MediaError(f"{path}: has no pixels ({width} x {height})")
        yield image


def _limit() -> str:
    return (
        f"a picture has at most {MOST_PIXELS / 1e6:g} megapixels and {LONGEST_SIDE:,} pixels a side: make it smaller "
        "(the models see 256 x 256)"
    )


def _decode(image: Any, number: int, path: Path) -> None:
    """Reads one picture of the file.

    Raises   MediaError
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if number or getattr(image, "n_frames", 1) > 1:
                image.seek(number)
            image.load()
    except TribeError:
        raise
    except Exception as error:  # a damaged picture raises whatever its decoder does
        raise MediaError(f"{path}: cannot be decoded: {reason_of(error)}; {AGAIN}") from error


def _orientation(image: Any) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged Exif says nothing
        return 1
