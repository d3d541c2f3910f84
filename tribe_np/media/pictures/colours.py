"""Pixels of any kind that files hold into RGB of 8 bits: palettes, greys, 16 bits, CMYK, transparency."""

from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import MediaError, reason_of
from tribe_np.media.pictures.profiles import in_srgb
from tribe_np.optional import require

PLAIN = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "YCbCr", "HSV")
"""Pillow's kinds of pixels that it turns into RGB and opacity by itself."""
WIDE = ("I;16", "I;16L", "I;16B", "I;16N")
OPAQUE = 255


def on_ground(image: Any, ground: tuple[int, int, int], path: Path, turn: str = "") -> np.ndarray:
    """The decoded picture as RGB, `ground` where it is transparent; `turn` is Pillow's name of a turn or flip.

    Shapes   -> (height, width, 3) uint8, read-only
    Numerics 16 bits are divided by 257 and rounded; v a + ground (1 - a) is rounded, with a the opacity / 255; colours
             go through the picture's profile to sRGB; CMYK without one is (255 - ink) (255 - black) / 255
    Raises   MediaError for pixels that have no colour that can be told
    """
    try:
        values = _rgba(image, path, turn)
    except MediaError:
        raise
    except Exception as error:  # whatever a decoder or a damaged profile raises
        raise MediaError(f"{path}: its colours cannot be read: {reason_of(error)}") from error
    opacity = values[..., 3:]
    if bool((opacity == OPAQUE).all()):
        seen = np.ascontiguousarray(values[..., :3])
    else:
        seen = np.empty((*values.shape[:2], 3), np.uint8)
        for row, under in zip(values, seen, strict=True):  # a row at a time: floats of all would take eight times more
            share = row[:, 3:].astype(np.float32) / OPAQUE
            under[:] = np.rint(row[:, :3] * share + np.array(ground, np.float32) * (1 - share))
    seen.flags.writeable = False
    return seen


def _rgba(image: Any, path: Path, turn: str) -> np.ndarray:
    """Shapes   -> (height, width, 4) uint8, the last the opacity."""
    if image.mode in PLAIN:
        found = in_srgb(image, image.convert("RGBA"))
    elif image.mode == "CMYK":
        found = in_srgb(image, image).convert("RGBA")
    elif image.mode in WIDE or (image.mode == "I" and image.format == "PNG"):
        found = in_srgb(image, _from_16_bits(image))
    else:
        raise MediaError(
            f"{path}: its pixels are of a kind ({image.mode}) that does not say what is black and what is white; save "
            "it as a picture of 8 or 16 bits"
        )
    if turn:
        pillow: Any = require("PIL.Image", extra="media", why="reading a picture")
        found = found.transpose(getattr(pillow.Transpose, turn))
    return np.asarray(found)


def _from_16_bits(image: Any) -> Any:
    """Greys of 16 bits; one of them may stand for transparent."""
    pillow: Any = require("PIL.Image", extra="media", why="reading a picture")
    wide = np.asarray(image).astype(np.int64)
    grey = np.clip((wide + 128) // 257, 0, 255).astype(np.uint8)
    clear = image.info.get("transparency")
    opacity = np.full(grey.shape, OPAQUE, np.uint8)
    if isinstance(clear, int):
        opacity[wide == clear] = 0
    return pillow.fromarray(np.stack([grey, grey, grey, opacity], axis=-1))
