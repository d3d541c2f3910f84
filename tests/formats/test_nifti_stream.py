"""NIfTI written a volume at a time, read back by nibabel."""

from pathlib import Path

import nibabel
import numpy as np
import pytest

from tribe_np.formats.nifti_stream import MNI_152, TEMPLATE_OTHER, VolumeHeader, write_nifti

AFFINE = np.array([[2.0, 0, 0, -90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])


def header(shape: tuple[int, ...], **more: object) -> VolumeHeader:
    return VolumeHeader(shape, AFFINE, TEMPLATE_OTHER, "words", "MNI305", **more)  # type: ignore[arg-type]


def test_what_nibabel_reads_back(tmp_path: Path, rng: np.random.Generator) -> None:
    values = rng.normal(size=(5, 4, 3, 2)).astype(np.float32)
    values[0, 0, 0, 0] = np.nan
    volumes = (values[..., row].ravel(order="F").astype(np.float64) for row in range(2))
    write_nifti(tmp_path / "a.nii.gz", header(values.shape, step=1.49, start=5.0), volumes)
    image = nibabel.load(tmp_path / "a.nii.gz")
    assert isinstance(image, nibabel.Nifti1Image)
    np.testing.assert_array_equal(image.get_fdata(dtype=np.float32), values)
    np.testing.assert_array_equal(image.affine, AFFINE)
    assert image.get_data_dtype() == np.float32
    assert image.header.get_xyzt_units() == ("mm", "sec")
    assert image.header.get_zooms() == pytest.approx((2, 2, 2, 1.49))
    assert float(image.header["toffset"]) == 5
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (5, 5)
    np.testing.assert_allclose(image.get_qform(), AFFINE, atol=1e-5)
    assert image.header["descrip"].item() == b"words"
    assert image.header["intent_name"].item() == b"MNI305"


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_nifti(tmp_path / f"{name}.nii.gz", header((2, 2, 2), dtype=np.uint8), [np.arange(8)])
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
    image = nibabel.load(tmp_path / "a.nii.gz")
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_array_equal(np.asarray(image.dataobj).ravel(order="F"), np.arange(8))


def test_more_rows_than_nifti_1_can_count(tmp_path: Path) -> None:
    rows = (np.array([row], np.float32) for row in range(40_000))
    write_nifti(tmp_path / "a.nii.gz", header((1, 1, 1, 40_000), step=1.0), rows)
    image = nibabel.load(tmp_path / "a.nii.gz")
    assert isinstance(image, nibabel.Nifti2Image)
    np.testing.assert_array_equal(np.asarray(image.dataobj)[0, 0, 0], np.arange(40_000))
    np.testing.assert_array_equal(image.affine, AFFINE)


def test_the_codes_are_those_of_the_standard() -> None:
    codes = nibabel.nifti1.xform_codes
    assert codes.niistring[TEMPLATE_OTHER] == "NIFTI_XFORM_TEMPLATE_OTHER"
    assert codes.niistring[MNI_152] == "NIFTI_XFORM_MNI_152"
