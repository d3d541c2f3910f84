"""Colour profiles (ICC) of pictures: from the colours of a telephone, a printer or a camera to sRGB, as browsers do."""

from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np

from tribe_np.errors import reason_of
from tribe_np.optional import require

WHY = "the colour profile of a picture"
MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""From the colours that a profile is for to Pillow's kind of pixels."""
GREYS = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N")
AS_EQUAL = 1
"""Levels of 255 by which a profile may differ from sRGB and is still taken for it: it is then not rounded again."""


def in_srgb(image: Any, colours: Any) -> Any:
    """The `colours` of a decoded picture in sRGB by its profile; as they are without one, or one that is of no use.

    `colours` are in RGBA, whose opacity stays, or, of a picture of inks, in CMYK, which become RGB.
    """
    profile = profile_of(image)
    if not profile or _unfit(image, profile):
        return colours
    mode, transform = _transform(profile)
    if transform is None:
        return colours
    cms: Any = require("PIL.ImageCms", extra="media", why=WHY)
    if mode == "CMYK":
        return cms.applyTransform(colours, transform)
    found = cms.applyTransform(colours.getchannel("R") if mode == "L" else colours.convert("RGB"), transform)
    found.putalpha(colours.getchannel("A"))
    return found


def told_of_profile(image: Any) -> tuple[str, str]:
    """The name of the profile by which a picture's colours are turned into sRGB, and why its profile is of no use."""
    profile = profile_of(image)
    if not profile:
        return "", ""
    if unfit := _unfit(image, profile):
        return "", unfit
    return (_name(profile) if _transform(profile)[1] is not None else ""), ""


def profile_of(image: Any) -> bytes:
    """The profile that a picture's file holds, or b""."""
    found = image.info.get("icc_profile")
    return found if isinstance(found, bytes) else b""


def _unfit(image: Any, profile: bytes) -> str:
    """Why a profile cannot be used for a picture, or ""."""
    try:
        mode, _ = _transform(profile)
    except Exception as error:  # whatever a damaged profile raises, or a Pillow without LittleCMS
        return reason_of(error)
    if (mode == "CMYK") != (image.mode == "CMYK") or (mode == "L" and image.mode not in GREYS):
        return f"it is for other colours than those of the picture, {image.mode}"
    return ""


@lru_cache(maxsize=64)
def _transform(profile: bytes) -> tuple[str, Any]:
    """Pillow's kind of pixels that a profile is for, and what turns them into sRGB: None where they are as good as it.

    Raises   whatever a profile that is damaged, or for colours that pictures do not have, makes Pillow raise
    """
    cms: Any = require("PIL.ImageCms", extra="media", why=WHY)
    own = cms.ImageCmsProfile(BytesIO(profile))
    space = own.profile.xcolor_space.strip()
    if space not in MODES:
        raise ValueError(f"it is for {space} colours")
    mode = MODES[space]
    transform = cms.buildTransform(own, cms.createProfile("sRGB"), mode, "RGB")
    return mode, None if _changes_nothing(mode, transform) else transform


def _changes_nothing(mode: str, transform: Any) -> bool:
    """Whether no colour comes out more than AS_EQUAL levels from what it is; inks are always another thing."""
    if mode == "CMYK":
        return False
    pillow: Any = require("PIL.Image", extra="media", why=WHY)
    cms: Any = require("PIL.ImageCms", extra="media", why=WHY)
    if mode == "L":
        tried = pillow.fromarray(np.arange(256, dtype=np.uint8)[None])
    else:
        levels = np.arange(0, 256, 15, dtype=np.uint8)
        grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(len(levels), -1, 3)
        tried = pillow.fromarray(grid)
    before = np.asarray(tried.convert("RGB")).astype(int)
    after = np.asarray(cms.applyTransform(tried, transform)).astype(int)
    return bool(np.abs(after - before).max() <= AS_EQUAL)


def _name(profile: bytes) -> str:
    cms: Any = require("PIL.ImageCms", extra="media", why=WHY)
    described = cms.ImageCmsProfile(BytesIO(profile)).profile.profile_description
    return " ".join((described or "a profile without a name").split())[:80]
