"""Colours of pictures with a profile, in sRGB; files that end too early."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.media.pictures.picture_samples import display_p3, made_up_inks, noise, write_animated, write_picture
from tribe_np.errors import MediaError
from tribe_np.media.pictures.reading import picture_file
from tribe_np.media.pictures.screens import Screen
from tribe_np.optional import require

pytestmark = pytest.mark.extras
GREY = (128, 128, 128)
FROM_P3 = np.array([[1.22494, -0.22494, 0.0], [-0.04206, 1.04206, 0.0], [-0.01964, -0.07864, 1.09828]])
"""Linear Display P3 to linear sRGB (CSS Color 4's conversions)."""


def pixels(path: Path) -> np.ndarray:
    return next(picture_file(path).pictures(GREY))


def srgb_of_p3(rgb: np.ndarray) -> np.ndarray:
    """By the formula. Shapes   (..., 3) uint8 -> the same."""
    v = rgb / 255
    linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4) @ FROM_P3.T
    linear = linear.clip(0, 1)
    found = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * found).astype(int))


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_a_telephones_colours_become_srgb(tmp_path: Path, suffix: str) -> None:
    rgb = noise(1, 64, 64)[0]
    path = write_picture(tmp_path / f"a{suffix}", rgb, icc_profile=display_p3())
    assert np.abs(pixels(path).astype(int) - srgb_of_p3(rgb)).max() <= 2
    assert np.abs(pixels(path).astype(int) - rgb).max() > 20
    assert Screen(str(path)).facts()["in_srgb_by_profile"] == {str(path): "sRGB built-in"}
    assert not picture_file(path).notes


def test_every_picture_of_an_animated_one_and_its_opacity(tmp_path: Path) -> None:
    rgba = [np.concatenate([a, np.full((16, 16, 1), 255, np.uint8)], axis=-1) for a in noise(3, 16, 16)]
    for a in rgba:
        a[:4, :4, 3] = 0
    path = write_animated(tmp_path / "a.png", rgba, [100] * 3, icc_profile=display_p3(), disposal=1)
    for found, a in zip(picture_file(path).pictures(GREY), rgba, strict=True):
        assert (found[:4, :4] == GREY).all()
        assert np.abs(found[4:].astype(int) - srgb_of_p3(a[4:, :, :3])).max() <= 2


def test_pixels_in_srgb_stay_to_the_bit(tmp_path: Path) -> None:
    cms: Any = require("PIL.ImageCms", extra="media", why="a test")
    own = cms.ImageCmsProfile(cms.createProfile("sRGB")).tobytes()
    rgb = noise(1, 32, 32)[0]
    path = write_picture(tmp_path / "a.png", rgb, icc_profile=own)
    assert (pixels(path) == rgb).all()
    assert "in_srgb_by_profile" not in Screen(str(path)).facts()


def test_inks_go_through_their_profile(tmp_path: Path) -> None:
    image: Any = require("PIL.Image", extra="media", why="a test")
    inks = image.fromarray(np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 255, 0, 0]]], np.uint8), "CMYK")
    inks.save(tmp_path / "a.tif", icc_profile=made_up_inks())
    found = pixels(tmp_path / "a.tif")[0].astype(int)
    assert np.abs(found - [[255] * 3, [185] * 3, [185] * 3]).max() <= 4  # L* 75 of one ink is 185
    inks.save(tmp_path / "bare.tif")
    assert pixels(tmp_path / "bare.tif")[0].tolist() == [[255] * 3, [0, 255, 255], [255, 0, 255]]


@pytest.mark.parametrize("profile", [b"no profile at all", b"\0" * 200, b"inks"])
def test_a_profile_of_no_use_is_told(tmp_path: Path, profile: bytes) -> None:
    rgb = noise(1, 16, 16)[0]
    held = made_up_inks() if profile == b"inks" else profile
    path = write_picture(tmp_path / "a.png", rgb, icc_profile=held)
    assert (pixels(path) == rgb).all()
    (note,) = Screen(str(path)).notes()
    assert "a.png: its colour profile cannot be used (" in note


def test_a_gif_cut_anywhere_is_refused_or_told(tmp_path: Path) -> None:
    whole = write_animated(tmp_path / "a.gif", noise(5, 32, 32), [100] * 5).read_bytes()
    path, told = tmp_path / "cut.gif", set()
    for length in range(20, len(whole)):
        path.write_bytes(whole[:length])
        try:
            file = picture_file(path)
        except MediaError:
            continue
        told.add(len(file.delays) or 1)
        assert "may be cut short" in file.notes[0], length
    assert told >= {1, 3, 5}
    assert not picture_file(tmp_path / "a.gif").notes
