"""What moviepy, upstream's reader, makes of films that a player shows otherwise: what compat="upstream" reproduces."""

import tempfile
import warnings
from pathlib import Path

import numpy as np

from tools.reference.measure import Row, write_golden
from tools.reference.odd_films import screen_recording, shown_numbers, two_films, wide_pixels, with_subtitles
from tools.reference.video_files import moviepy_clips

PARTS = {"whole": (0.0, None), "part": (3.3, 4.5)}
"""Offset and duration of what is read of a film; None: up to its end."""


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Numbers of the pictures that moviepy shows, pictures in the size it gives them, and the length it states."""
    from moviepy import VideoFileClip

    arrays: dict[str, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        films = {
            "ignore_picture_times": screen_recording(Path(name) / "screen.mp4"),
            "ffmpeg_picks_stream": two_films(Path(name) / "two.mkv"),
        }
        for flag, path in films.items():
            with VideoFileClip(str(path)) as film:
                length = film.duration
            for part, (offset, duration) in PARTS.items():
                clips = moviepy_clips(path, offset, length if duration is None else duration, n_video_frames=16)
                arrays[f"{flag} {part}"] = shown_numbers(clips).astype(np.int16)
        arrays["ignore_pixel_aspect"] = moviepy_clips(wide_pixels(Path(name) / "wide.mp4"), 0.0, 0.6, 2)[0]
        with VideoFileClip(str(with_subtitles(Path(name) / "titles.mkv"))) as film:
            arrays["container_duration"] = np.array([film.duration])
    write_golden(folder, "films", arrays, {"peer": "moviepy 2.2.1"})
    return ["films.safetensors"]


def compare(seed: int) -> list[Row]:
    """Nothing here: the stage `video` reads odd films live; tests/media/film/test_film_habits.py holds the dump."""
    return []
