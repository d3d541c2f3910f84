"""The pictures and films of the demo's experiment: simple drawings of our own, the same for a seed.

They are drawn faces and drawn houses, not photographs: enough to show how an experiment is run, not to find an area.
"""

from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.files.leftovers import passing_name, remove_if_possible
from tribe_np.media.ffmpeg import file_url, run_ffmpeg
from tribe_np.media.pictures.kinds import GROUNDS, USUAL_GROUND
from tribe_np.optional import require

SIDE = 256  # pixels
GROUND = GROUNDS[USUAL_GROUND]  # as the screen between pictures
INK = (40, 36, 34)
SKINS = ((240, 205, 175), (205, 150, 110), (150, 100, 70))
HAIRS = ((60, 40, 30), (190, 140, 60), (25, 25, 30))
WALLS = ((225, 205, 170), (200, 215, 225), (215, 180, 170))
ROOFS = ((150, 60, 45), (80, 85, 100), (110, 80, 60))
FPS, FILM_SECONDS, N_DOTS = 25, 2, 90
STEP = 2  # pixels from one film frame to the next
WHY = "the pictures of the demo's experiment"


def drawn_face(path: Path, rng: np.random.Generator, number: int) -> None:
    """A face from the front, as a PNG; size and place of what is in it differ.

    Raises   MissingDependencyError without Pillow
    """
    picture, draw = _sheet()
    wide, high = rng.integers(72, 84), rng.integers(94, 106)
    x, y = SIDE // 2, SIDE // 2 + 8
    hair, skin = HAIRS[number % 3], SKINS[number % 3]
    draw.ellipse((x - wide - 8, y - high - 14, x + wide + 8, y + 30), fill=hair, outline=INK, width=3)
    for side in (-1, 1):
        draw.ellipse((x + side * wide - 13, y - 14, x + side * wide + 13, y + 26), fill=skin, outline=INK, width=3)
    draw.ellipse((x - wide, y - high + 6, x + wide, y + high), fill=skin, outline=INK, width=3)
    draw.pieslice((x - wide, y - high + 2, x + wide, y + 10), 200, 340, fill=hair)
    apart, level, eye = int(rng.integers(30, 37)), y - int(rng.integers(8, 16)), int(rng.integers(11, 15))
    for side in (-1, 1):
        at = x + side * apart
        draw.ellipse((at - eye - 4, level - eye, at + eye + 4, level + eye), fill=(250, 250, 250), outline=INK, width=2)
        draw.ellipse((at - 7, level - 7, at + 7, level + 7), fill=INK)
        draw.line((at - 18, level - 22, at + 18, level - 24 - 3 * side), fill=INK, width=5)
    draw.line([(x, level + 14), (x - 10, y + 34), (x + 6, y + 36)], fill=INK, width=4, joint="curve")
    mouth = int(rng.integers(24, 36))
    draw.chord((x - mouth, y + 42, x + mouth, y + 76), 5, 175, fill=(170, 60, 60), outline=INK, width=3)
    picture.save(path, "PNG")


def drawn_house(path: Path, rng: np.random.Generator, number: int) -> None:
    """A house from the front, as a PNG.

    Raises   MissingDependencyError without Pillow
    """
    picture, draw = _sheet()
    wide, top = int(rng.integers(78, 92)), int(rng.integers(108, 124))
    left, right, bottom = SIDE // 2 - wide, SIDE // 2 + wide, 226
    chimney = left + int(rng.integers(20, 40))
    draw.rectangle((chimney, 40, chimney + 22, 110), fill=(140, 75, 60), outline=INK, width=3)
    draw.rectangle((left, top, right, bottom), fill=WALLS[number % 3], outline=INK, width=3)
    roof = [(left - 14, top), (SIDE // 2, int(rng.integers(34, 48))), (right + 14, top)]
    draw.polygon(roof, fill=ROOFS[number % 3], outline=INK)
    draw.line([*roof, roof[0]], fill=INK, width=3, joint="curve")
    door = SIDE // 2 - 18 + int(rng.integers(-10, 11))
    draw.rectangle((door, bottom - 66, door + 36, bottom), fill=(95, 65, 45), outline=INK, width=3)
    draw.ellipse((door + 26, bottom - 36, door + 31, bottom - 31), fill=(230, 200, 90))
    for begin in (left + 14, right - 48):
        for level in (top + 14, bottom - 52) if number % 2 else (top + 24,):
            draw.rectangle((begin, level, begin + 34, level + 32), fill=(190, 220, 240), outline=INK, width=3)
            draw.line((begin + 17, level, begin + 17, level + 32), fill=INK, width=2)
            draw.line((begin, level + 16, begin + 34, level + 16), fill=INK, width=2)
    picture.save(path, "PNG")


def dots_film(path: Path, rng: np.random.Generator, *, moving: bool) -> None:
    """A film of 2 s without sound: white dots that drift to the right, or the same dots at rest.

    Raises   MissingDependencyError without ffmpeg
    """
    rows, columns = rng.integers(0, SIDE, (2, N_DOTS))
    n_film_frames = FPS * FILM_SECONDS
    raw = passing_name(path.with_suffix(".raw"), "partial")
    try:
        with raw.open("wb") as file:
            for number in range(n_film_frames):
                drift = number * STEP if moving else 0
                file.write(_dots(rows, (columns + drift) % SIDE).tobytes())
        arguments = [
            "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{SIDE}x{SIDE}", "-r", str(FPS), "-i",
            file_url(raw), "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p",
            "-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1",
            "-movflags", "+faststart", "-f", "mp4", "-y", file_url(path),
        ]  # fmt: skip
        run_ffmpeg(arguments, path_for_errors=path)
    finally:
        remove_if_possible(raw)


def _dots(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """One film frame, (SIDE, SIDE, 3) uint8."""
    picture = np.empty((SIDE, SIDE, 3), np.uint8)
    picture[:] = 24
    for row, column in zip(rows, columns, strict=True):
        picture[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3] = 235
    return picture


def _sheet() -> tuple[Any, Any]:
    image: Any = require("PIL.Image", extra="media", why=WHY)
    drawing: Any = require("PIL.ImageDraw", extra="media", why=WHY)
    picture = image.new("RGB", (SIDE, SIDE), GROUND)
    return picture, drawing.Draw(picture)
