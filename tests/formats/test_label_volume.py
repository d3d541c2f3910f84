"""Masks and names of labels from damaged files: one error of ours, naming the file; sound ones are read."""

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.errors import ParcellationError
from tribe_np.formats.label_volume import MOST_VOXELS, read_label_names, read_volume

XML = (
    '<atlas><data><label index="0">Left Thalamus </label><label index="1">Left Lateral Ventrical</label></data></atlas>'
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a small volume."""
    path = tmp_path_factory.mktemp("volume") / "sound.nii"
    image: Any = nibabel.Nifti1Image(np.arange(24, dtype=np.int16).reshape(2, 3, 4), np.diag([-2.0, 2, 2, 1]))
    nibabel.save(image, path)
    return path.read_bytes()


def readable(path: Path, raw: bytes) -> bool:
    path.write_bytes(raw)
    try:
        volume = read_volume(path)
    except ParcellationError as error:
        return str(path) not in str(error)  # an error that does not name the file counts as a volume
    assert volume.values.ndim == 3
    assert volume.values.size <= MOST_VOXELS
    return True


def test_axes_are_turned(sound: bytes, tmp_path: Path) -> None:
    assert readable(tmp_path / "a.nii", sound)
    volume = read_volume(tmp_path / "a.nii")
    assert volume.values[0, 0].tolist() == [12, 13, 14, 15], "the file's last column is the leftmost"
    assert volume.affine[0].tolist() == [2, 0, 0, -2]


def test_truncated_anywhere(sound: bytes, tmp_path: Path) -> None:
    whole = len(sound)
    assert not any(readable(tmp_path / "a.nii", sound[:stop]) for stop in range(0, whole, 3))


@given(st.integers(0, 351), st.integers(0, 255))
def test_a_changed_byte_of_the_header(
    sound: bytes, tmp_path_factory: pytest.TempPathFactory, at: int, byte: int
) -> None:
    readable(tmp_path_factory.mktemp("fuzz") / "a.nii", sound[:at] + bytes([byte]) + sound[at + 1 :])


def test_no_volume(tmp_path: Path) -> None:
    with pytest.raises(ParcellationError, match="No such file"):
        read_volume(tmp_path / "none.nii")
    with pytest.raises(ParcellationError, match="it is a folder"):
        read_volume(tmp_path)
    image: Any = nibabel.MGHImage(np.ones((2, 2, 2), np.float32), np.eye(4))
    nibabel.save(image, tmp_path / "a.mgz")
    with pytest.raises(ParcellationError, match="is MGHImage, expected a NIfTI volume"):
        read_volume(tmp_path / "a.mgz")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (XML, ["Background", "Left Thalamus", "Left Lateral Ventricle"]),
        ("index\tname\tcolour\n1\tA\tred\n2\tB\tblue\n", ["Background", "A", "B"]),
        ("name,index\nnothing,0\nA,1\n", ["nothing", "A"]),
        ("1,A\n\n2,B\n", ["Background", "A", "B"]),
        ("\ufeff1\tA, with a comma\n", ["Background", "A, with a comma"]),
    ],
)
def test_names(tmp_path: Path, text: str, names: list[str]) -> None:
    (tmp_path / "names").write_text(text, encoding="utf-8")
    assert read_label_names(tmp_path / "names") == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no label"),
        ("<atlas>", "is not XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a/>', "holds a document type"),
        ("<atlas/>", "names no label"),
        ("1,A\n1,B\n", "has the label 1 twice"),
        ("1,A\n3,B\n", "2 is missing"),
        ("0,A\n-1,B\n", "whole number from 0, got '-1'"),
        ("1,A\n2\n", r"expected an index and a name in each row, got \['2'\]"),
        ("1, \n", "has the label 1 without a name"),
        ('<a><label index="x">A</label></a>', "whole number from 0, got 'x'"),
        ("9999999,A\n", "whole number from 0"),
    ],
)
def test_names_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "names").write_text(text)
    with pytest.raises(ParcellationError, match=message):
        read_label_names(tmp_path / "names")


def test_names_of_other_bytes(tmp_path: Path) -> None:
    (tmp_path / "names").write_bytes(b"1,\xff\n")
    with pytest.raises(ParcellationError, match="is not UTF-8"):
        read_label_names(tmp_path / "names")
