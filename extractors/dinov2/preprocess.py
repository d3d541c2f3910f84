"""Pictures into the model's pixels, as upstream's tensor path does: divide by 255, resize as floats, crop, normalise.

Runs on the host in float32, whatever the model's precision.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from extractors.common.picture_settings import COLOURS, LONGEST_SIDE, check_frame, read_crop_size
from tribe_np.errors import ConfigError
from tribe_np.formats.weights import read_json
from tribe_np.ops.resize import centre_crop, resize_bicubic, shortest_edge_size
from tribe_np.settings import Check, Settings

FILE = "preprocessor_config.json"
BICUBIC = 3  # PIL's number
SHORTEST_EDGE: Check[int] = Check(
    "a mapping that holds shortest_edge alone",
    lambda value: isinstance(value, dict) and set(value) == {"shortest_edge"},
    lambda name, value: Settings(value, name, joint=".").count("shortest_edge", most=LONGEST_SIDE),
)
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class PictureProcessor:
    """BitImageProcessor on tensors in [0, 1], called with do_rescale=False.

    Source   neuralset 0.0.2 BaseImage._make_transform (ToTensor); transformers 5.23.0 BitImageProcessor
    """

    shortest_edge: int
    crop_size: tuple[int, int]  # (height, width)
    image_mean: tuple[float, float, float]
    image_std: tuple[float, float, float]
    exact: bool = False  # all in float64: what the oracle holds float32 against, and no model's folder says

    @classmethod
    def from_folder(cls, folder: str | Path) -> "PictureProcessor":
        """Reads folder/preprocessor_config.json.

        Raises   CheckpointError when it cannot be read; ConfigError for values that are wrong or not implemented
        """
        return cls.from_dict(read_json(Path(folder) / FILE), origin=Path(folder) / FILE)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, origin: str | Path = "image processor") -> "PictureProcessor":
        """The processor in a mapping with HuggingFace's keys; class defaults fill what is absent or null.

        Raises   ConfigError for values that are wrong or not implemented
        """
        settings = Settings(values, origin, null_is_absent=True)
        settings.only("image_processor_type", "BitImageProcessor", "BitImageProcessorFast")
        for step in ("do_resize", "do_center_crop", "do_normalize"):
            settings.only(step, True)
        settings.only("resample", BICUBIC)
        shortest_edge = settings.read("size", SHORTEST_EDGE) if settings.has("size") else 224
        crop_size = read_crop_size(settings, 224)
        if max(crop_size) > shortest_edge:
            raise ConfigError(f"{origin}: crop_size {crop_size} is larger than the shortest edge {shortest_edge}")
        return cls(
            shortest_edge,
            crop_size,
            image_mean=settings.read("image_mean", COLOURS, CLIP_MEAN),
            image_std=settings.read("image_std", COLOURS, CLIP_STD),
        )

    def __call__(self, video_frame: np.ndarray) -> np.ndarray:
        """Shapes   video_frame (height, width, 3) uint8 -> (3, *crop_size) float32, or float64 where `exact`."""
        check_frame(video_frame)
        size = shortest_edge_size(video_frame.shape[:2], self.shortest_edge)
        dtype = np.float64 if self.exact else np.float32
        pixels = video_frame.transpose(2, 0, 1).astype(dtype) / np.asarray(255, dtype)
        rows, columns = centre_crop(size, self.crop_size)
        pixels = resize_bicubic(pixels, size, tables=np.float32)[:, rows, columns]
        mean = np.array(self.image_mean, np.float32)[:, None, None]
        std = np.array(self.image_std, np.float32)[:, None, None]
        normalized: np.ndarray = (pixels - mean) / std
        return normalized
