"""What the settings of both picture processors share, and the check of a picture."""

from collections.abc import Mapping

import numpy as np

from extractors.common.settings import Settings
from tribe_np.errors import ShapeError

LONGEST_SIDE = 8192  # pixels that a configuration may ask for; the models take 256 to 518
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def read_crop_size(settings: Settings, default: int) -> tuple[int, int]:
    """(height, width) from `crop_size`: one number, or a mapping with both.

    Raises   ConfigError for anything else
    """
    value = settings.values.get("crop_size")
    if not isinstance(value, Mapping):
        side = settings.count("crop_size", default, most=LONGEST_SIDE)
        return side, side
    crop = Settings(value, f"{settings.origin}: crop_size")
    return crop.count("height", most=LONGEST_SIDE), crop.count("width", most=LONGEST_SIDE)


def check_frame(picture: np.ndarray) -> None:
    """Refuses anything but an 8-bit colour picture.

    Raises   ShapeError
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or 0 in picture.shape:
        raise ShapeError(f"a picture must be (height, width, 3) uint8, got {picture.shape} {picture.dtype}")
