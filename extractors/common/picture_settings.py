"""What the settings of both picture processors share, and the check of a picture."""

import numpy as np

from tribe_np.errors import ShapeError
from tribe_np.settings import MAPPING, Check, Settings, number

COLOURS: Check[tuple[float, float, float]] = Check(
    "three numbers, one per colour",
    lambda value: isinstance(value, (list, tuple)) and len(value) == 3 and all(map(number().is_good, value)),
    lambda _, value: (float(value[0]), float(value[1]), float(value[2])),
)
LONGEST_SIDE = 8192  # pixels that a configuration may ask for; the models take 256 to 518
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def read_crop_size(settings: Settings, default: int) -> tuple[int, int]:
    """(height, width) from `crop_size`: one number, or a mapping with both.

    Raises   ConfigError for anything else
    """
    if not MAPPING.is_good(settings.values.get("crop_size")):
        side = settings.count("crop_size", default, most=LONGEST_SIDE)
        return side, side
    crop = settings.section("crop_size")
    return crop.count("height", most=LONGEST_SIDE), crop.count("width", most=LONGEST_SIDE)


def check_frame(picture: np.ndarray) -> None:
    """Refuses anything but an 8-bit colour picture.

    Raises   ShapeError
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or 0 in picture.shape:
        raise ShapeError(f"a picture must be (height, width, 3) uint8, got {picture.shape} {picture.dtype}")
