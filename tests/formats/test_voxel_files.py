"""NIfTI and mgh volumes: what nibabel reads, headers that lie, and files that end early."""

import gzip
import resource
import struct
import sys
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cortex.made_brain import write_volume
from tribe_np.errors import MeasurementError, TribeError
from tribe_np.formats.voxel_files import open_voxels

AFFINE = np.diag([3.0, 3, 3, 1])


def values(n: int = 4) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(3, 4, 5, n)).astype(np.float32)


def small(path: Path) -> Path:
    return write_volume(path, values(), AFFINE, tr=2.0)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.mgz", "a.mgh"])
@pytest.mark.parametrize("blocks", [(0, 4), (0, 2, 3, 4)])
def test_blocks_are_what_nibabel_reads(tmp_path: Path, name: str, blocks: tuple[int, ...]) -> None:
    import nibabel

    path = tmp_path / name
    if "mg" in name:
        image = nibabel.MGHImage(values(), AFFINE)
        image.header["tr"] = 2000
        nibabel.save(image, path)
    else:
        small(path)
    file = open_voxels(path)
    found = np.concatenate([file.read(a, b) for a, b in pairwise(blocks)], axis=-1)
    assert np.array_equal(found, nibabel.load(path).get_fdata())
    assert np.allclose(file.affine, AFFINE)
    assert (file.shape, file.n_volumes, file.interval.seconds) == ((3, 4, 5), 4, 2.0)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float64, ">f4"])
@pytest.mark.parametrize("cls", ["Nifti1Image", "Nifti2Image"])
def test_types_scales_and_byte_orders(tmp_path: Path, dtype: object, cls: str) -> None:
    import nibabel

    image = getattr(nibabel, cls)((values() * 10 + 50).astype(dtype), AFFINE)
    image.header.set_slope_inter(0.37, 5.5)
    nibabel.save(image, tmp_path / "a.nii.gz")
    assert np.array_equal(
        open_voxels(tmp_path / "a.nii.gz").read(0, 4), nibabel.load(tmp_path / "a.nii.gz").get_fdata()
    )


def test_a_single_volume_is_one(tmp_path: Path) -> None:
    file = open_voxels(write_volume(tmp_path / "a.nii", values()[..., 0], AFFINE))
    assert (file.n_volumes, file.interval.seconds) == (1, None)
    assert file.read(0, 1).shape == (3, 4, 5, 1)


@pytest.mark.parametrize(
    ("unit", "tr", "seconds"), [("sec", 2, 2), ("msec", 2000, 2), ("usec", 2e6, 2), ("hz", 2, None)]
)
def test_the_unit_of_time_counts(tmp_path: Path, unit: str, tr: float, seconds: float | None) -> None:
    found = open_voxels(write_volume(tmp_path / "a.nii", values(), AFFINE, tr=tr, unit=unit)).interval
    assert found.seconds == (None if seconds is None else pytest.approx(seconds))


def test_a_fifth_axis_of_one_entry_is_none(tmp_path: Path) -> None:
    file = open_voxels(write_volume(tmp_path / "a.nii", values()[..., None], AFFINE))
    assert np.array_equal(file.read(1, 3), values()[..., 1:3])


def patched(path: Path, at: int, layout: str, *numbers: float) -> Path:
    raw = bytearray(path.read_bytes())
    struct.pack_into(layout, raw, at, *numbers)
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    ("at", "layout", "numbers", "said"),
    [
        (40, "<8h", (5, 3, 4, 5, 2, 2, 1, 1), "5 dimensions"),
        (40, "<8h", (4, 3, 4, 5, 32767, 1, 1, 1), "claims"),
        (40, "<8h", (4, -3, 4, 5, 4, 1, 1, 1), "sizes are"),
        (40, "<8h", (0, 3, 4, 5, 4, 1, 1, 1), "sizes are"),
        (70, "<h", (32,), "complex"),
        (70, "<h", (128,), "one real number"),
        (108, "<f", (1e9,), "claims"),
        (344, "<4s", (b"ni1\0",), "hdr/.img"),
        (280, "<12f", (0.0,) * 12, "orientation"),
        (280, "<12f", (float("nan"),) * 12, "orientation"),
    ],
)
def test_a_header_that_lies_is_refused(
    tmp_path: Path, at: int, layout: str, numbers: tuple[float, ...], said: str
) -> None:
    with pytest.raises(MeasurementError, match=f"a.nii.*{said}"):
        open_voxels(patched(small(tmp_path / "a.nii"), at, layout, *numbers))


def test_a_header_without_codes_has_no_orientation(tmp_path: Path) -> None:
    assert open_voxels(write_volume(tmp_path / "a.nii", values(), AFFINE, code=0)).affine is None


@pytest.mark.parametrize("what", [b"", b"\0", b"x" * 400, b"<?xml", b"\x1f\x8b\x08", b"PK\x03\x04" + b"\0" * 400])
def test_another_file_is_refused(tmp_path: Path, what: bytes) -> None:
    (tmp_path / "a.nii").write_bytes(what)
    with pytest.raises(MeasurementError, match=r"a\.nii"):
        open_voxels(tmp_path / "a.nii")


@pytest.mark.parametrize("path", ["none.nii", "."])
def test_no_file_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(MeasurementError, match="cannot be read"):
        open_voxels(tmp_path / path)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.mgz", "a.mgh"])
def test_a_file_that_ends_early_is_refused(tmp_path: Path, name: str) -> None:
    import nibabel

    path = tmp_path / name
    nibabel.save(nibabel.MGHImage(values(), AFFINE), path) if "mg" in name else small(path)
    raw = path.read_bytes()
    needed = 284 + values().nbytes if name == "a.mgh" else len(raw)  # what follows the data there is not needed
    for n in range(0, needed, max(1, needed // 97)):
        path.write_bytes(raw[:n])
        with pytest.raises(MeasurementError, match=r"a\."):
            open_voxels(path).read(0, 4)


@pytest.mark.parametrize("name", ["a.nii.gz", "a.mgz"])
def test_damage_in_packed_data_is_seen(tmp_path: Path, name: str) -> None:
    import nibabel

    path = tmp_path / name
    nibabel.save(nibabel.MGHImage(values(), AFFINE), path) if "mg" in name else small(path)
    raw, rng = path.read_bytes(), np.random.default_rng(0)
    for at in rng.integers(10, len(raw), 200):
        damaged = bytearray(raw)
        damaged[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            file = open_voxels(path)
            found = np.concatenate([file.read(0, 2), file.read(2, 4)], axis=-1)
        except MeasurementError:
            continue
        assert np.array_equal(found, values())  # a bit that nothing depends on


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, 352), bit=st.integers(0, 7), seed=st.sampled_from(["a.nii", "a.mgh", "a.nii.gz"]))
def test_a_flipped_bit_raises_nothing_else(
    at: int, bit: int, seed: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import nibabel

    path = tmp_path_factory.mktemp("flip") / seed
    nibabel.save(nibabel.MGHImage(values(), AFFINE), path) if "mg" in seed else small(path)
    raw = bytearray(path.read_bytes())
    raw[at % len(raw)] ^= 1 << bit
    path.write_bytes(raw)
    with suppress(TribeError):
        file = open_voxels(path)
        assert file.read(0, file.n_volumes).shape == (*file.shape, file.n_volumes)


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss in kB")
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = small(tmp_path / "a.nii")
    raw = patched(path, 40, "<8h", 4, 1000, 1000, 1000, 30, 1, 1, 1).read_bytes()
    packed = tmp_path / "a.nii.gz"
    packed.write_bytes(gzip.compress(raw + bytes(1 << 24)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(MeasurementError, match="claims 120000000352 bytes"):
        open_voxels(packed)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
