"""Pixels of picture files, and what is refused before a pixel is decoded."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.media.pictures.picture_samples import noise, write_animated, write_picture
from tribe_np.errors import ConfigError, MediaError
from tribe_np.media.pictures.reading import picture_file
from tribe_np.media.pictures.screens import Screen, ground_side
from tribe_np.pipeline.stimuli.picture_rows import PictureShow, picture_events, screen_event, told_of_picture

pytestmark = pytest.mark.extras
GREY = (128, 128, 128)


def pixels(path: Path) -> np.ndarray:
    return next(picture_file(path).pictures(GREY))


def png_of_size(path: Path, width: int, height: int) -> Path:
    """A PNG whose header claims a size that its few bytes cannot have."""

    def part(name: bytes, held: bytes) -> bytes:
        return struct.pack(">I", len(held)) + name + held + struct.pack(">I", zlib.crc32(name + held))

    head = part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", zlib.compress(b"\0" * 100)) + part(b"IEND", b""))
    return path


def test_colours_of_every_kind_become_rgb(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    rgb = noise(1, 20, 12)[0]
    for suffix in (".png", ".webp", ".tif"):
        assert (pixels(write_picture(tmp_path / f"a{suffix}", rgb)) == rgb).all()
    wide = np.array([[0, 128, 129, 257, 32896, 65535]], np.uint16)
    image.fromarray(wide).save(tmp_path / "wide.png")
    assert pixels(tmp_path / "wide.png")[0, :, 0].tolist() == [0, 0, 1, 1, 128, 255]
    palette = image.fromarray(rgb).quantize(16)
    palette.save(tmp_path / "palette.gif")
    assert (pixels(tmp_path / "palette.gif") == np.asarray(palette.convert("RGB"))).all()
    inks = image.fromarray(np.array([[[255, 0, 0, 0], [0, 0, 0, 255], [0, 0, 0, 0]]], np.uint8), "CMYK")
    inks.save(tmp_path / "inks.tif")
    assert pixels(tmp_path / "inks.tif")[0].tolist() == [[0, 255, 255], [0, 0, 0], [255, 255, 255]]
    image.fromarray(rgb[..., 0]).save(tmp_path / "grey.png")
    assert (pixels(tmp_path / "grey.png") == rgb[..., :1]).all()
    image.fromarray(np.zeros((3, 3), np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(MediaError, match="does not say what is black"):
        pixels(tmp_path / "float.tif")


def test_what_is_transparent_shows_the_ground(tmp_path: Path) -> None:
    rgba = np.array([[[200, 0, 0, 255], [200, 0, 0, 0], [200, 0, 0, 51]]], np.uint8)
    path = write_picture(tmp_path / "a.png", rgba)
    assert pixels(path)[0].tolist() == [[200, 0, 0], [128, 128, 128], [142, 102, 102]]
    (white,) = Screen(str(path), "white").video_frames()
    top, left = (white.shape[0] - 1) // 2, (white.shape[1] - 3) // 2
    assert white[top, left : left + 3].tolist() == [[200, 0, 0], [255, 255, 255], [244, 204, 204]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_as_its_camera_says(tmp_path: Path, orientation: int) -> None:
    image = pytest.importorskip("PIL.Image")
    exif = image.Exif()
    exif[0x0112] = orientation
    rgb = noise(1, 12, 20)[0]
    path = write_picture(tmp_path / "a.png", rgb, exif=exif)
    turned = {
        1: rgb, 2: rgb[:, ::-1], 3: rgb[::-1, ::-1], 4: rgb[::-1], 5: rgb.transpose(1, 0, 2),
        6: np.rot90(rgb, -1), 7: np.rot90(rgb, 2).transpose(1, 0, 2), 8: np.rot90(rgb),
    }[orientation]  # fmt: skip
    assert (pixels(path) == turned).all()
    assert picture_file(path).size == (turned.shape[1], turned.shape[0])


def test_all_of_a_picture_lies_in_the_centre_that_models_keep(tmp_path: Path) -> None:
    for longest in range(1, 3000):
        side = ground_side((longest, 1))
        edge = (side - longest) // 2
        assert edge * 16 >= side
        assert edge * 292 >= side * 18
    rgb = noise(1, 30, 50)[0]
    (shown,) = Screen(str(write_picture(tmp_path / "a.png", rgb)), "black").video_frames()
    assert shown.shape == (58, 58, 3)
    assert (shown[14:44, 4:54] == rgb).all()
    assert shown.sum() == rgb.sum()


def test_two_side_by_side_have_one_height(tmp_path: Path) -> None:
    one, two = noise(1, 48, 30)[0], noise(1, 96, 40, seed=1)[0]
    a, b = write_picture(tmp_path / "a.png", one), write_picture(tmp_path / "b.png", two)
    screen = Screen(str(a), "white", str(b))
    assert screen.seen_size == (30 + 2 + 20, 48)
    (shown,) = Screen(str(a), "none", str(b)).video_frames()
    assert (shown[:, :30] == one).all()
    assert (shown[:, 30:32] == GREY).all()
    assert any("made 48 pixels high" in note for note in screen.notes())


def test_delays_of_nothing_are_those_of_browsers(tmp_path: Path) -> None:
    file = picture_file(write_animated(tmp_path / "a.gif", noise(3, 8, 8), [0, 10, 250]))
    assert file.delays == (0.1, 0.1, 0.25)
    assert "2 of its 3 pictures" in file.notes[0]


@pytest.mark.parametrize(
    ("name", "held", "said"),
    [
        ("a.png", b"just words\n" * 20, "not a picture"),
        ("a.jpg", b"<!DOCTYPE html><html></html>", "web page"),
        ("a.png", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("a.gif", b"GIF89a\0\0\0\0\0\0\0", "."),
        ("a.gif", b"\0\0\0\x20ftypisom" + bytes(40), r"or a film\), not a picture; rename it to a\.mp4"),
        ("a.gif", b"\x1aE\xdf\xa3" + bytes(40), r"rename it to a\.mkv"),
        ("a.jpg", b"\0\0\0\x20ftypheic" + bytes(40), r"is a photo in HEIC or AVIF, not a picture; save it as \.png"),
        ("a.png", b"", "empty"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(tmp_path: Path, name: str, held: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(held)
    with pytest.raises(MediaError, match=said) as caught:
        picture_events(tmp_path / name, PictureShow())
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".gif"])
def test_a_picture_cut_short_is_refused(tmp_path: Path, suffix: str) -> None:
    path = write_picture(tmp_path / f"a{suffix}", np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(MediaError, match=r"cannot be decoded|not a picture|cannot be read|is damaged"):
        picture_events(path, PictureShow())


def test_a_png_with_a_wrong_byte_is_refused(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.png", noise(1, 64, 64)[0])
    held = bytearray(path.read_bytes())
    held[len(held) // 2] ^= 255  # Pillow alone shows other pixels
    path.write_bytes(held)
    with pytest.raises(MediaError, match=r"a\.png: (is damaged|cannot be decoded): .*; copy or download it again"):
        picture_events(path, PictureShow())


def test_a_picture_that_begins_again_is_told(tmp_path: Path) -> None:
    path = write_animated(tmp_path / "a.gif", noise(3, 8, 8), [250, 250, 500])
    for seconds, told in ((None, 0), (1.0, 0), (3.0, 1)):
        (row,) = picture_events(path, PictureShow(seconds))
        assert (
            sum("lasts 1 s and is shown for 3 s: it begins again" in note for note in told_of_picture(row)[1]) == told
        )


@pytest.mark.parametrize("size", [(10000, 10000), (60000, 60000), (20000, 20), (2**31 - 1, 2**31 - 1)])
def test_monstrous_sizes_are_refused_by_the_header(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(MediaError, match=r"at most 50 megapixels and 10,000 pixels a side|not a picture"):
        picture_events(png_of_size(tmp_path / "a.png", *size), PictureShow())


@pytest.mark.parametrize("seconds", [0.0, -1.0, np.nan, np.inf, 3601.0, 0.2])
def test_seconds_that_cannot_be(seconds: float) -> None:
    with pytest.raises(ConfigError, match=r"is shown for|leave no trace"):
        PictureShow(seconds)


def test_grounds_and_neighbours_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean"):
        PictureShow(background="gray")
    with pytest.raises(ConfigError, match="not a picture"):
        PictureShow(beside=Path("a.mp4"))
    with pytest.raises(ConfigError, match="needs a colour"):
        screen_event(1.0, "none")
    gif = write_animated(tmp_path / "a.gif", noise(2, 8, 8), [100, 100])
    with pytest.raises(MediaError, match="both animated"):
        picture_events(gif, PictureShow(beside=gif))
