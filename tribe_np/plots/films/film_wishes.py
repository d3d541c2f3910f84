"""How a film is made, as it was asked for: sizes, rates and kinds, checked before any work."""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from tribe_np.errors import ConfigError
from tribe_np.plots.films.film_encoder import GIF, MP4
from tribe_np.shown import quoted

SUFFIXES = {".mp4": MP4, ".m4v": MP4, ".gif": GIF}
SIZES = {MP4: (1280, 720), GIF: (800, 450)}
RATES = {MP4: 24.0, GIF: 10.0}  # film frames a second; a GIF counts hundredths of a second
SMALLEST, LARGEST = (480, 270), (7680, 4320)
SLOWEST, FASTEST = 0.1, {MP4: 120.0, GIF: 50.0}
DEFAULT_VIEWS = ("lateral", "medial")


@dataclass(frozen=True)
class FilmForm:
    """Kind, size and rate of a film.

    Units    fps, film frames a second
    """

    kind: str
    size: tuple[int, int]
    fps: float
    warnings: tuple[str, ...] = ()


def film_form(out: str | Path, size: Any = None, fps: float | None = None) -> FilmForm:
    """The form of a film by its name, where size and rate are not given by its kind.

    Raises   ConfigError for another suffix, a size or rate that no film has
    """
    kind = SUFFIXES.get(Path(out).suffix.lower())
    if kind is None:
        raise ConfigError(f"{out}: a film ends in .mp4 or .gif, got {quoted(Path(out).suffix)}")
    width, height = SIZES[kind] if size is None else size_of(size)
    fps = RATES[kind] if fps is None else fps
    if not (isfinite(fps) and SLOWEST <= fps <= FASTEST[kind]):
        allowed = f"from {SLOWEST:g} to {FASTEST[kind]:g} film frames a second"
        raise ConfigError(f"{out}: a film of this kind has {allowed}, got {fps:g}")
    even = (width - width % 2, height - height % 2)
    told = (f"size {width}x{height}: H.264 takes even numbers of pixels, so it is {even[0]}x{even[1]}",)
    if kind == GIF or even == (width, height):
        return FilmForm(kind, (width, height), fps)
    return FilmForm(kind, even, fps, told)


def size_of(given: Any) -> tuple[int, int]:
    """Width and height of "1280x720" or a pair.

    Raises   ConfigError

    >>> size_of("640x360")
    (640, 360)
    """
    parts = given.lower().split("x") if isinstance(given, str) else given
    try:
        width, height = (int(part) for part in parts)
    except (TypeError, ValueError):
        raise ConfigError(f"the size of a film is WIDTHxHEIGHT such as 1280x720, got {quoted(given)}") from None
    if not all(low <= length <= high for low, length, high in zip(SMALLEST, (width, height), LARGEST, strict=True)):
        least, most = (f"{w}x{h}" for w, h in (SMALLEST, LARGEST))
        raise ConfigError(f"the size of a film is from {least} to {most}, got {width}x{height}")
    return width, height


@dataclass(frozen=True)
class Span:
    """The moments of a film, seconds of the stimulus."""

    start: float
    stop: float
    warnings: tuple[str, ...] = ()


def chosen_span(whole: Span, start: float | None, stop: float | None) -> Span:
    """The part of the whole that is asked for.

    Raises   ConfigError for one that lies outside or has no length
    """
    begin, end = whole.start if start is None else start, whole.stop if stop is None else stop
    lasts = f"the film goes from {whole.start:g} to {whole.stop:g} s"
    for name, given in (("start", start), ("stop", stop)):
        if given is not None and not isfinite(given):
            raise ConfigError(f"--{name} must be a number of seconds, got {given}")
    if begin >= whole.stop:
        raise ConfigError(f"--start {begin:g} s: {lasts}")
    if end <= whole.start:
        raise ConfigError(f"--stop {end:g} s: {lasts}")
    if not begin < end:
        raise ConfigError(f"--start {begin:g} s is not before --stop {end:g} s; {lasts}")
    inside = (max(begin, whole.start), min(end, whole.stop))
    told = () if inside == (begin, end) else (f"{lasts}: from {inside[0]:g} to {inside[1]:g} s is made",)
    return Span(*inside, told)
