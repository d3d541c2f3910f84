"""export --to nifti: spaces, headers, sidecars and what is refused, on two hemispheres that are shells."""

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from tests.cortex.shells import shells, write_mni152, write_subjects
from tests.outputs.exports.export_case import CHOSEN, predictions_folder, values_of
from tribe_np.cli.main import main
from tribe_np.cortex.meshes.spaces import MNI152_FOLDER, in_space
from tribe_np.errors import ConfigError, MeshError, OutputError
from tribe_np.outputs import export

MIDWAY = (shells()[0].coordinates + shells()[1].coordinates) / 2


@pytest.fixture
def subjects(tmp_path: Path) -> Path:
    return write_subjects(tmp_path / "subjects")


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return predictions_folder(tmp_path / "whole")


def load(out: Path, name: str) -> tuple[Any, np.ndarray, dict[str, Any]]:
    """Image, values and sidecar."""
    image = nibabel.load(out / f"{name}.nii.gz")
    return image, np.asarray(image.dataobj), json.loads((out / f"{name}.json").read_text())


def test_the_default_is_mni305_and_says_so(whole: Path, subjects: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = export(whole, "nifti", out, subjects_dir=subjects)
    assert [path.name for path in done.files] == [
        "predictions.MNI305.nii.gz", "predictions.MNI305.json", "predictions.MNI305.mask.nii.gz",
        "predictions.MNI305.mask.json",
    ]  # fmt: skip
    assert done.warnings == ()
    image, values, facts = load(out, "predictions.MNI305")
    mask = np.asarray(nibabel.load(out / "predictions.MNI305.mask.nii.gz").dataobj)
    assert image.shape == (91, 109, 91, 4)
    assert image.header.get_zooms() == (2, 2, 2, 1)
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (5, 5)
    assert b"MNI305" in image.header["descrip"].item()
    assert image.header["intent_name"].item() == b"MNI305"
    assert (facts["Space"], facts["SpaceIsApproximate"], facts["VerticesOutsideGrid"]) == ("MNI305", False, 0)
    assert (facts["RepetitionTime"], facts["HemodynamicOffset"], facts["TimeAxis"]) == (1.0, 5.0, "stimulus")
    assert set(np.unique(mask)) == {0, 1}
    assert mask.sum() == facts["PaintedVoxels"] == np.any(values != 0, axis=3).sum()
    assert np.isfinite(values).all()
    assert np.abs(values).max() <= np.abs(values_of(whole)).max()


@pytest.mark.parametrize(
    ("space", "resolution"),
    [("mni305", 1.0), ("mni305", 3.0), ("mni152", 2.0), ("mni152", 3.0), ("true mni152", 2.0), ("true mni152", 3.0)],
)
def test_a_marker_lands_where_its_vertex_is(space: str, resolution: float, subjects: Path, tmp_path: Path) -> None:
    """Through the file: the centre of mass of one vertex, by the file's own affine."""
    places = in_space(MIDWAY, space.split()[-1])
    if space == "true mni152":
        places = places + np.float32(4)
        true = {s.kind: in_space(s.coordinates, "mni152") + np.float32(4) for s in shells()}
        write_mni152(subjects, MNI152_FOLDER, true)
    marked = [17, 641, 1000]
    values = np.eye(1284, dtype=np.float32)[marked]
    out = tmp_path / "out"
    done = export(values, "nifti", out, subjects_dir=subjects, space=space.split()[-1], resolution=resolution)
    image = nibabel.load(done.files[0])
    assert int(image.header["sform_code"]) == (5 if space == "mni305" else 4)
    for row, vertex in enumerate(marked):
        mark = np.asarray(image.dataobj[..., row], float)
        held = np.nonzero(mark)
        centre = np.array(held) @ mark[held] / mark.sum()
        found = image.affine[:3, :3] @ centre + image.affine[:3, 3]
        assert np.linalg.norm(found - places[vertex]) < resolution
        assert (found[0] < 0) == (vertex < 642), "left is left"


def test_mni152_by_the_affine_is_said_everywhere(whole: Path, subjects: Path, tmp_path: Path) -> None:
    done = export(whole, "nifti", tmp_path / "out", subjects_dir=subjects, space="mni152", resolution=3)
    assert "approximated from MNI305 by FreeSurfer's published 4 x 4" in done.warnings[0]
    image, _, facts = load(tmp_path / "out", "predictions.MNI152")
    assert (facts["Space"], facts["SpaceIsApproximate"]) == ("MNI152", True)
    assert facts["Warnings"][-1] == done.warnings[0]
    assert b"MNI152, approximate affine" in image.header["descrip"].item()


def test_mni152_by_its_own_surfaces(whole: Path, subjects: Path, tmp_path: Path) -> None:
    write_mni152(subjects, MNI152_FOLDER, {s.kind: in_space(s.coordinates, "mni152") for s in shells()})
    done = export(whole, "nifti", tmp_path / "out", subjects_dir=subjects, space="mni152", resolution=3)
    assert done.warnings == ()
    image, _, facts = load(tmp_path / "out", "predictions.MNI152NLin2009cAsym")
    assert (facts["Space"], facts["SpaceIsApproximate"]) == ("MNI152NLin2009cAsym", False)
    assert len(facts["Surfaces"]) == 4
    assert image.header["intent_name"].item() == b"MNI152NLin2009c"  # 15 bytes


def test_a_selection_leaves_nan_in_the_ribbon(subjects: Path, tmp_path: Path) -> None:
    folder = predictions_folder(tmp_path / "some", vertices=CHOSEN)
    done = export(folder, "nifti", tmp_path / "out", subjects_dir=subjects, smooth=4)
    _, values, facts = load(tmp_path / "out", "predictions.MNI305")
    mask = np.asarray(nibabel.load(tmp_path / "out" / "predictions.MNI305.mask.nii.gz").dataobj) > 0
    assert "1279 of 1284 vertices were not computed" in done.warnings[0]
    assert facts["VerticesNotComputed"] == 1279
    assert np.isfinite(values[mask]).all()
    assert np.isnan(values[~mask]).any(axis=1).sum() == facts["RibbonVoxelsNotComputed"] > 10 * mask.sum()
    assert mask.sum() == facts["PaintedVoxels"] > 20


def test_a_masked_medial_wall_counts_as_not_computed(subjects: Path, tmp_path: Path) -> None:
    values = np.ones((3, 1284), np.float32)
    values[:, :60] = np.nan
    values[1, 500] = np.nan
    export(values, "nifti", tmp_path / "out", subjects_dir=subjects, resolution=3)
    _, painted, facts = load(tmp_path / "out", "predictions.MNI305")
    mask = np.asarray(nibabel.load(tmp_path / "out" / "predictions.MNI305.mask.nii.gz").dataobj) > 0
    assert facts["VerticesComputedAsNaN"] == 60
    np.testing.assert_allclose(painted[mask][:, [0, 2]], 1, atol=1e-6)
    assert 0 < np.isnan(painted[mask][:, 1]).sum() < 100, "the voxels of vertex 500 in row 1"


def test_rows_with_gaps(subjects: Path, tmp_path: Path) -> None:
    folder = predictions_folder(tmp_path / "gaps", starts=[2, 3, 6])
    with pytest.raises(OutputError, match="which NIfTI cannot hold"):
        export(folder, "nifti", tmp_path / "out", subjects_dir=subjects, resolution=3)
    export(folder, "nifti", tmp_path / "out", subjects_dir=subjects, resolution=3, fill_gaps=True, times="bold")
    image, values, facts = load(tmp_path / "out", "predictions.MNI305")
    mask = np.asarray(nibabel.load(tmp_path / "out" / "predictions.MNI305.mask.nii.gz").dataobj) > 0
    assert np.isnan(values[mask]).all(axis=0).tolist() == [False, False, True, True, False]
    assert float(image.header["toffset"]) == facts["StartTime"] == 7


def test_another_volumes_grid_and_its_label(whole: Path, subjects: Path, tmp_path: Path) -> None:
    affine = np.diag([-4.0, 4, 4, 1])
    affine[:3, 3] = (10, -60, -20)  # a part of the left hemisphere, x falling
    like = nibabel.Nifti1Image(np.zeros((20, 24, 20), np.uint8), affine)
    like.set_sform(affine, 4)
    nibabel.save(like, tmp_path / "like.nii.gz")
    done = export(whole, "nifti", tmp_path / "out", subjects_dir=subjects, like=tmp_path / "like.nii.gz")
    image, values, facts = load(tmp_path / "out", "predictions.MNI305")
    assert image.shape == (20, 24, 20, 4)
    np.testing.assert_array_equal(image.affine, affine)
    assert any("is labelled MNI152, but what is painted is MNI305" in text for text in done.warnings)
    assert any("vertices lie outside the grid of" in text for text in done.warnings)
    assert facts["VerticesOutsideGrid"] > 600
    reference = tmp_path / "box"
    export(whole, "nifti", reference, subjects_dir=subjects, resolution=4)
    box, expected, _ = load(reference, "predictions.MNI305")
    index = np.linalg.inv(box.affine) @ affine @ [10, 8, 9, 1]  # -30, -28, 16: both grids have this voxel
    shifted = np.rint(index[:3]).astype(int)
    if np.allclose(index[:3], shifted):
        np.testing.assert_allclose(values[10, 8, 9], expected[tuple(shifted)], atol=1e-6)


def test_bids_names(whole: Path, subjects: Path, tmp_path: Path) -> None:
    done = export(whole, "nifti", tmp_path / "out", subjects_dir=subjects, resolution=2.5, bids=["sub-01", "task-film"])
    names = {path.relative_to(tmp_path / "out").as_posix() for path in done.files}
    stem = "sub-01/func/sub-01_task-film_space-MNI305_res-2p5"
    assert {f"{stem}_bold.nii.gz", f"{stem}_bold.json", f"{stem}_mask.nii.gz", f"{stem}_mask.json"} < names
    facts = json.loads((tmp_path / "out" / f"{stem}_bold.json").read_text())
    assert facts["TaskName"] == "film"
    assert facts["SpatialReference"].startswith("https://")
    assert "Density" not in facts


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolution": 0}, "resolution must be above 0 and at most 20 mm, got 0"),
        ({"resolution": 0.05}, "GB are taken"),
        ({"smooth": -3}, r"smooth must be a width \(FWHM\) from 0 to 100 mm, got -3"),
        ({"space": "tal"}, "space 'tal' is unknown; known are mni305, mni152"),
        ({"like": "no.nii", "resolution": 2}, "resolution and like contradict each other"),
        ({"like": "no.nii"}, "no.nii: no such file"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], message: str, whole: Path, subjects: Path) -> None:
    out = whole.parent / "out"
    with pytest.raises(ConfigError, match=message):
        export(whole, "nifti", out, subjects_dir=subjects, **options)
    assert not out.exists()


def test_a_mesh_that_lacks_a_file(whole: Path, subjects: Path, tmp_path: Path) -> None:
    (subjects / "fsaverage3" / "surf" / "rh.pial").unlink()
    with pytest.raises(MeshError, match=r"rh.pial: no such file, but lh.pial is there; both hemispheres are needed"):
        export(whole, "nifti", tmp_path / "out", subjects_dir=subjects)
    assert not (tmp_path / "out").exists()


def test_nothing_but_nan(subjects: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="every vertex is NaN"):
        export(np.full((2, 1284), np.nan), "nifti", tmp_path / "out", subjects_dir=subjects)


def test_the_command(whole: Path, subjects: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    command = ["export", str(whole), "--to", "nifti", "--out", str(out), "--subjects-dir", str(subjects)]
    assert main([*command, "--space", "mni152", "--resolution", "3", "--smooth", "6"]) == 0
    said = capsys.readouterr()
    assert "predictions.MNI152.nii.gz" in said.out
    assert "approximated" in said.err
    _, _, facts = load(out, "predictions.MNI152")
    assert facts["SmoothingFWHM"] == 6
    assert main([*command, "--resolution", "-1"]) == 2
    assert "resolution must be above 0" in capsys.readouterr().err
