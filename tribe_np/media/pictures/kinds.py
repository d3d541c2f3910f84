"""Which files of Video rows are pictures, and blank screens, which are no files: told by the name alone."""

from pathlib import Path

from tribe_np.errors import ConfigError, MediaError
from tribe_np.shown import did_you_mean, quoted

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif")
SCREEN = "screen:"
"""Before the colour of a blank screen, in the place of a file: "screen:grey"."""
GROUNDS = {"grey": (128, 128, 128), "white": (255, 255, 255), "black": (0, 0, 0)}
"""Colours of a ground, RGB of 8 bits."""
USUAL_GROUND, NO_GROUND = "grey", "none"  # without a word about it; and a picture that is cropped as a film is
BACKGROUNDS = (*GROUNDS, NO_GROUND)
HINTS = {
    ".svg": "a drawing without pixels; save it as .png in the size it is to be seen in",
    ".heic": "a photo of a telephone; save it as .png or .jpg",
    ".heif": "a photo of a telephone; save it as .png or .jpg",
    ".avif": "save it as .png or .jpg",
    ".bmp": "save it as .png",
    ".pdf": "a document; save the page as .png",
    ".psd": "a file of an image editor; save it as .png",
}


def is_screen(filepath: str | Path) -> bool:
    """Whether a row shows a blank screen: there is no such file."""
    return str(filepath).startswith(SCREEN)


def is_picture(filepath: str | Path) -> bool:
    """Whether a row of type Video shows a picture file or a blank screen, by its name: no film, no sound."""
    return is_screen(filepath) or Path(filepath).suffix.lower() in PICTURE_SUFFIXES


def screen_colour(filepath: str | Path) -> str:
    """The colour of a blank screen by name.

    Raises   MediaError for a colour that is none of GROUNDS
    """
    colour = str(filepath).removeprefix(SCREEN)
    if colour not in GROUNDS:
        known = ", ".join(SCREEN + name for name in GROUNDS)
        raise MediaError(f"{quoted(str(filepath))}: no blank screen that is known; they are {known}")
    return colour


def checked_background(name: str) -> str:
    """The name of a ground, or "none".

    Raises   ConfigError for another
    """
    if name not in BACKGROUNDS:
        near = did_you_mean(str(name), BACKGROUNDS)
        raise ConfigError(f"background must be one of {', '.join(BACKGROUNDS)}, got {quoted(name)}{near}")
    return name
