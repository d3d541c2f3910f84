"""Frames into the encoder's pixels: shortest edge 292, centre crop 256, ImageNet normalisation; equal to the bit.

Runs on the host in upstream's dtypes (8-bit integers, then float32), whatever the model's precision.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from extractors.common.picture_settings import (
    COLOURS,
    IMAGENET_MEAN,
    IMAGENET_STD,
    check_frame,
    read_crop_size,
)
from tribe_np.errors import CheckpointError, ConfigError
from tribe_np.formats.weights import read_json
from tribe_np.ops.resize import centre_crop, resize_bilinear_uint8, shortest_edge_size
from tribe_np.settings import Settings

FILES = ("video_preprocessor_config.json", "preprocessor_config.json")
BILINEAR = 2  # PIL's number


@dataclass(frozen=True)
class VideoProcessor:
    """VJEPA2VideoProcessor: `shrink` each frame, then `normalize` a clip of them.

    Source   transformers 5.23.0 VJEPA2VideoProcessor; torchvision 0.28.0 resize, normalize
    """

    crop_size: tuple[int, int]  # (height, width)
    image_mean: tuple[float, float, float]
    image_std: tuple[float, float, float]
    rescale_factor: float
    exact: bool = False  # pixels in float64: what the oracle holds float32 against, and no model's folder says

    @property
    def shortest_edge(self) -> int:
        """Length of the short side before the crop; overrides whatever `size` the file holds, as upstream does."""
        return int(self.crop_size[0] * 256 / 224)

    @classmethod
    def from_folder(cls, folder: str | Path) -> "VideoProcessor":
        """Reads the processor's file; transformers looks for it in the same order.

        Raises   CheckpointError when there is none; ConfigError for values that are wrong or not implemented
        """
        folder = Path(folder)
        if os.path.lexists(folder / "processor_config.json"):
            nested = read_json(folder / "processor_config.json").get("video_processor")
            if isinstance(nested, dict):
                return cls.from_dict(nested, origin=folder / "processor_config.json")
        for name in FILES:
            if os.path.lexists(folder / name):
                return cls.from_dict(read_json(folder / name), origin=folder / name)
        raise CheckpointError(f"{folder}: holds neither {' nor '.join(FILES)}; the video processor needs one")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, origin: str | Path = "video processor") -> "VideoProcessor":
        """The processor in a mapping with HuggingFace's keys; class defaults fill what is absent or null.

        Raises   ConfigError for values that are wrong or not implemented
        """
        settings = Settings(values, origin, null_is_absent=True)
        for step in ("do_resize", "do_center_crop", "do_normalize"):
            settings.only(step, True)
        settings.only("do_sample_frames", False)
        settings.only("resample", BILINEAR)
        height, width = read_crop_size(settings, 256)
        if int(height * 256 / 224) < width:
            raise ConfigError(f"{origin}: crop_size {width} x {height} is wider than the resized frame")
        return cls(
            crop_size=(height, width),
            image_mean=settings.read("image_mean", COLOURS, IMAGENET_MEAN),
            image_std=settings.read("image_std", COLOURS, IMAGENET_STD),
            rescale_factor=settings.positive("rescale_factor", 1 / 255),
        )

    def shrink(self, video_frame: np.ndarray) -> np.ndarray:
        """One frame resized and cropped; do it once per frame, since clips share most of theirs.

        Shapes   video_frame (height, width, 3) uint8 -> (*crop_size, 3) uint8
        Raises   ShapeError for anything but an 8-bit colour picture
        """
        check_frame(video_frame)
        size = shortest_edge_size(video_frame.shape[:2], self.shortest_edge)
        crop = centre_crop(size, self.crop_size)
        return resize_bilinear_uint8(video_frame, size, crop=crop)

    def normalize(self, frames: Iterable[np.ndarray]) -> np.ndarray:
        """Shrunk frames as the model's input.

        Shapes   n_video_frames of (*crop_size, 3) uint8 -> (n_video_frames, 3, *crop_size) float32
        Numerics (v - mean 255) / std 255, means and stds multiplied in float32; float64 from there where `exact`
        """
        dtype = np.float64 if self.exact else np.float32
        pixels: np.ndarray = np.stack(list(frames)).transpose(0, 3, 1, 2).astype(dtype)
        scale = np.float32(1.0 / self.rescale_factor)
        mean = np.array(self.image_mean, np.float32)[:, None, None] * scale
        std = np.array(self.image_std, np.float32)[:, None, None] * scale
        pixels -= mean
        pixels /= std
        return pixels

    def __call__(self, frames: Iterable[np.ndarray]) -> np.ndarray:
        """Shapes   n_video_frames of (height, width, 3) uint8 -> (n_video_frames, 3, *crop_size) float32."""
        return self.normalize([self.shrink(video_frame) for video_frame in frames])
