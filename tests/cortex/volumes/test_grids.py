"""Grids of voxels: the documented box, another volume's grid, and what is refused."""

from pathlib import Path

import nibabel
import numpy as np
import pytest

from tribe_np.cortex.volumes.grids import box_grid, grid_like
from tribe_np.errors import ConfigError


@pytest.mark.parametrize(("resolution", "shape"), [(1, (181, 217, 181)), (2, (91, 109, 91)), (3, (61, 73, 61))])
def test_the_box_at_whole_millimetres(resolution: float, shape: tuple[int, int, int]) -> None:
    grid = box_grid(resolution)
    assert grid.shape == shape
    np.testing.assert_array_equal(grid.to_voxels(np.array([[-90.0, -126, -72]])), [[0, 0, 0]])
    np.testing.assert_array_equal(grid.to_voxels(np.array([[90.0, 90, 108]])), [np.array(shape) - 1])


def test_the_box_is_never_smaller() -> None:
    grid = box_grid(2.5)
    assert (grid.affine @ [*(np.array(grid.shape) - 1), 1] >= [90, 90, 108, 1]).all()


@pytest.mark.parametrize("resolution", [0.0, -2.0, float("nan"), float("inf"), 21.0])
def test_a_resolution_that_is_no_size(resolution: float) -> None:
    with pytest.raises(ConfigError, match="resolution must be above 0 and at most 20 mm, got"):
        box_grid(resolution)


@pytest.mark.parametrize("resolution", [0.2, 0.01, 1e-9])
def test_a_resolution_that_memory_cannot_hold_is_refused_with_the_estimate(resolution: float) -> None:
    with pytest.raises(ConfigError, match=r"voxels, which need about [0-9,]+ GB; at most 4 GB"):
        box_grid(resolution)


def test_another_volumes_grid(tmp_path: Path) -> None:
    affine = np.array([[-2.0, 0, 0.1, 90], [0, 2, 0.3, -126], [0, -0.3, 3, -72], [0, 0, 0, 1]])
    image = nibabel.Nifti1Image(np.zeros((5, 6, 7, 2), np.float32), affine)
    image.set_sform(affine, 4)
    nibabel.save(image, tmp_path / "bold.nii.gz")
    grid = grid_like(tmp_path / "bold.nii.gz")
    assert (grid.shape, grid.code) == ((5, 6, 7), 4)
    np.testing.assert_allclose(grid.affine, affine, atol=1e-6)
    np.testing.assert_allclose(grid.sizes, np.linalg.norm(affine[:3, :3], axis=0), rtol=1e-6)


def test_volumes_whose_grid_cannot_be_taken(tmp_path: Path) -> None:
    path = tmp_path / "x.nii"
    with pytest.raises(ConfigError, match="no such file; expected a NIfTI volume"):
        grid_like(path)
    path.write_bytes(b"no volume")
    with pytest.raises(ConfigError, match="cannot be read as a volume"):
        grid_like(path)
    nowhere = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.float32), None)
    nibabel.save(nowhere, path)
    with pytest.raises(ConfigError, match="has no orientation"):
        grid_like(path)
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2), np.float32), np.eye(4)), path)
    with pytest.raises(ConfigError, match=r"is not a volume.*got shape \(2, 2\)"):
        grid_like(path)
    flat = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.float32), np.eye(4))
    flat.header["srow_x"] = 0
    flat.header["sform_code"] = 1
    path.write_bytes(flat.header.binaryblock + bytes(4) + bytes(32))
    with pytest.raises(ConfigError, match=r"cannot be inverted|cannot be read"):
        grid_like(path)


def test_damaged_volumes_are_refused_in_one_line(tmp_path: Path) -> None:
    """Truncated anywhere, or with a byte of its header changed: a grid or a ConfigError, and nothing else."""
    path = tmp_path / "x.nii"
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 3, 4), np.uint8), np.diag([2.0, 2, 2, 1])), path)
    whole = path.read_bytes()
    changed = [whole[:length] for length in range(0, len(whole), 23)]
    changed += [
        whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :]
        for at in range(352)
        for flip in (255,)
        if whole[at] or at < 120
    ]
    said = []
    for raw in changed:
        path.write_bytes(raw)
        try:
            grid_like(path)
        except ConfigError as error:
            said.append(str(error))
    assert len(said) > 10
    assert not any("\n" in text for text in said)
