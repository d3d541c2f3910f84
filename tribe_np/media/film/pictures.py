"""How a decoded picture becomes the one that a person sees, or upstream's: which stream, how turned, how large."""

from dataclasses import dataclass

from tribe_np.media.ffmpeg import input_args
from tribe_np.media.film.probe import MediaInfo

TURNS = {90: "transpose=cclock", 180: "hflip,vflip", 270: "transpose=clock"}
"""Filters by degrees counter-clockwise; ffmpeg's own for the same turns."""


@dataclass(frozen=True)
class Habits:
    """What upstream does to films and tribe_np does not, each off by default; `Compat` has the same names."""

    ignore_rotation: bool = False  # a turned picture is squeezed into its unturned size
    ignore_pixel_aspect: bool = False  # pixels are taken to be square
    ignore_picture_times: bool = False  # pictures are counted, though they are not evenly spaced
    ffmpeg_picks_stream: bool = False  # of several films in a file the largest is shown at the pace of the first
    container_duration: bool = False  # a film lasts as long as its header says, subtitles and all


def film_duration(info: MediaInfo, habits: Habits) -> float:
    """Seconds from the film's second 0 to its end."""
    return (info.header_duration or info.duration) if habits.container_duration else info.duration


def picture_size(info: MediaInfo, habits: Habits) -> tuple[int, int]:
    """(width, height) in which pictures are handed on."""
    turned = info.displayed_size if habits.ignore_pixel_aspect else info.seen_size
    is_quarter_turn = info.displayed_size != (info.width, info.height)
    return turned[::-1] if habits.ignore_rotation and is_quarter_turn else turned


def film_args(info: MediaInfo) -> list[str]:
    """ffmpeg's input options and input for the film; a seek goes before them."""
    by_hand = ["-noautorotate"] if info.is_turned_by_tag else []
    return [*by_hand, *input_args(info.path)]


def picture_args(info: MediaInfo, habits: Habits, *, shows_times: bool = False) -> list[str]:
    """ffmpeg's output options and output: RGB of 8 bits, a picture after the other.

    Numerics swscale bicubic, as moviepy asks for it
    Source   moviepy 2.2.1 FFMPEG_VideoReader.initialize
    """
    width, height = picture_size(info, habits)
    by_hand = info.is_turned_by_tag and not habits.ignore_rotation
    turn = TURNS.get(round(info.rotation) % 360) if by_hand else None
    filters = [*(["showinfo"] if shows_times else []), *([turn] if turn else []), f"scale={width}:{height}"]
    chosen = [] if habits.ffmpeg_picks_stream else ["-map", f"0:{info.video_stream}"]
    form = ["-sws_flags", "bicubic", "-pix_fmt", "rgb24", "-vcodec", "rawvideo", "-"]
    return [*chosen, "-f", "image2pipe", "-vf", ",".join(filters), *form]
