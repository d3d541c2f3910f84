"""The subcortical mask beside neuralset's and tribev2's own results on the same made-up atlas, which nilearn read."""

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

import tribe_np
from tools.reference.subcortex import LABELS, NAME, REFUSED, REQUESTS, SHAPE, ramp, write_atlas
from tribe_np import get_subcortical_labels, get_subcortical_mask, get_subcortical_roi_indices
from tribe_np.cortex import OutputSpace, VoxelMask, load_mask
from tribe_np.cortex.subcortex.harvard_oxford import Atlas, read_atlas, subcortical_mask
from tribe_np.errors import ConfigError, OutputError, ParcellationError

UPSTREAM: dict[str, Any] = json.loads((Path(__file__).parents[2] / "golden" / NAME).read_text())
N_VOXELS = len(UPSTREAM["neuralset"]["labels"])
SPACE = OutputSpace("mask", N_VOXELS, "subcortical", 2)
VOLUME = "data/atlases/HarvardOxford/HarvardOxford-sub-maxprob-thr50-2mm.nii.gz"


@pytest.fixture
def fsl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of FSL with the atlas, which FSLDIR names."""
    monkeypatch.delenv("TRIBE_NP_SUBCORTEX", raising=False)
    monkeypatch.setenv("FSLDIR", str(write_atlas(tmp_path)))
    return tmp_path / "fsl"


@pytest.fixture
def atlas(fsl: Path) -> Atlas:
    return read_atlas(fsl)


@pytest.fixture
def mask(atlas: Atlas) -> VoxelMask:
    return subcortical_mask(atlas)


def test_the_voxels_are_those_of_mask_projector_in_its_order(mask: VoxelMask) -> None:
    upstream = UPSTREAM["neuralset"]
    np.testing.assert_array_equal(mask.affine, upstream["affine"])
    np.testing.assert_array_equal(ramp()[mask.inside].T.astype(int), upstream["rows"])
    names = [LABELS[label - 1].replace("Ventrical", "Ventricle") for label in upstream["labels"]]
    assert [mask.structures[k] for k in mask.structure_of] == names
    assert mask.volume(np.array(upstream["rows"]), outside=-1)[mask.inside].T.tolist() == upstream["rows"]


def test_upstreams_functions_give_what_upstreams_give(atlas: Atlas) -> None:
    upstream = UPSTREAM["tribev2"]
    assert get_subcortical_labels(with_hemi=True, atlas=atlas) == upstream["labels_with_side"]
    assert sorted(get_subcortical_labels(atlas=atlas)) == upstream["labels_sorted"]
    np.testing.assert_array_equal(get_subcortical_mask(atlas).get_fdata(), upstream["mask"])
    for name in REQUESTS:
        found = get_subcortical_roi_indices(name, compat="upstream", atlas=atlas)
        assert found.tolist() == upstream["indices"][name], name
    assert upstream["refused"] == list(REFUSED)
    for name in REFUSED:
        with pytest.raises(ParcellationError, match="is no part of any label"):
            get_subcortical_roi_indices(name, compat="upstream", atlas=atlas)


def test_names_are_whole_ones_in_the_atlas_order(atlas: Atlas) -> None:
    assert get_subcortical_labels(atlas=atlas)[:3] == ["Lateral Ventricle", "Thalamus", "Caudate"]
    for name in ("Thalamus", "left thalamus", "Lateral Ventricle"):
        found = get_subcortical_roi_indices(name, atlas=atlas)
        assert found.tolist() == UPSTREAM["tribev2"]["indices"][name], "where a part of a label is a whole name"
    for name in ("al", "Left", "", "Brain-Stem", "Left Cerebral Cortex"):
        with pytest.raises(ParcellationError, match=r"is not one of subcortical's: Lateral Ventricle, Thalamus, "):
            get_subcortical_roi_indices(name, atlas=atlas)
    with pytest.raises(ParcellationError, match="did you mean Left Amygdala"):
        get_subcortical_roi_indices("Left Amigdala", atlas=atlas)
    with pytest.raises(ConfigError, match="compat must be upstream or None"):
        get_subcortical_roi_indices("Thalamus", compat="rust", atlas=atlas)


def test_they_are_public_and_find_the_atlas(fsl: Path) -> None:
    assert tribe_np.get_subcortical_labels(with_hemi=True) == UPSTREAM["tribev2"]["labels_with_side"]
    assert load_mask(SPACE).n_voxels == N_VOXELS


def test_a_variable_comes_before_fsl(fsl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = write_atlas(tmp_path / "other", seed=1)
    monkeypatch.setenv("TRIBE_NP_SUBCORTEX", str(other / "data" / "atlases"))
    mask = load_mask(OutputSpace("mask", subcortical_mask(read_atlas(other)).n_voxels, "subcortical", 2))
    assert str(other) in mask.origin
    assert [file.path.name for file in mask.files] == [Path(VOLUME).name, "HarvardOxford-Subcortical.xml"]
    assert len({file.sha256 for file in mask.files}) == 2


@pytest.mark.extras
def test_nilearn_reads_the_same_atlas(fsl: Path, mask: VoxelMask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FSLDIR")
    monkeypatch.setenv("NILEARN_DATA", str(fsl.parent))
    theirs = load_mask(SPACE)
    assert theirs.origin.startswith("nilearn")
    np.testing.assert_array_equal(theirs.inside, mask.inside)
    np.testing.assert_array_equal(theirs.structure_of, mask.structure_of)
    np.testing.assert_allclose(theirs.affine, mask.affine)
    assert theirs.structures == mask.structures


@pytest.mark.extras
def test_without_the_atlas_the_error_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nilearn.datasets

    def refused(*_: Any, **__: Any) -> None:
        raise ConnectionError("no network")

    monkeypatch.delenv("FSLDIR", raising=False)
    monkeypatch.delenv("TRIBE_NP_SUBCORTEX", raising=False)
    monkeypatch.setattr(nilearn.datasets, "fetch_atlas_harvard_oxford", refused)
    with pytest.raises(ParcellationError, match=r"no network\); give the atlas with --mask FILE .* set FSLDIR"):
        load_mask(SPACE)


@pytest.mark.extras
def test_masks_that_nilearn_carries() -> None:
    with pytest.raises(
        ParcellationError, match=r"wrong length: it has (\d+) voxels, but this prediction has 5"
    ) as caught:
        load_mask(OutputSpace("mask", 5, "mni152_gm", 2))
    n_voxels = int(str(caught.value).split("it has ")[1].split()[0])
    mask = load_mask(OutputSpace("mask", n_voxels, "mni152_gm", 2))
    assert (mask.structures, mask.space) == ((), "MNI152NLin2009aSym")
    with pytest.raises(ParcellationError, match="without names of structures"):
        mask.matching("Thalamus")


def write(path: Path, values: np.ndarray, *, code: int = 4, affine: np.ndarray | None = None) -> Path:
    image: Any = nibabel.Nifti1Image(values, np.diag([2.0, 2, 2, 1]) if affine is None else affine)
    image.set_sform(image.affine, code)
    image.set_qform(image.affine, code)
    nibabel.save(image, path)
    return path


def test_a_file_of_ones_own(fsl: Path, mask: VoxelMask, tmp_path: Path) -> None:
    whole = load_mask(SPACE, fsl / VOLUME)
    np.testing.assert_array_equal(whole.structure_of, mask.structure_of)
    plain = write(tmp_path / "mask.nii.gz", mask.inside.astype(np.uint8))
    assert load_mask(SPACE, plain).structures == ()
    (tmp_path / "names.tsv").write_text("index\tname\n0\tBackground\n1\tLeft Half\n2\tRight Half\n")
    halves = write(
        tmp_path / "halves.nii", mask.inside * (1 + (np.arange(SHAPE[0]) > 5)[:, None, None]).astype(np.uint8)
    )
    named = load_mask(SPACE, [halves, tmp_path / "names.tsv"])
    assert named.structures == ("Left Half", "Right Half")
    assert len(named.voxels_of("Half")) == N_VOXELS
    turned = np.diag([-2.0, 2, 2, 1])
    write(tmp_path / "turned.nii", mask.inside[::-1].astype(np.uint8), affine=turned)
    np.testing.assert_array_equal(load_mask(SPACE, tmp_path / "turned.nii").inside, mask.inside)
    assert load_mask(SPACE, mask) is mask


def test_masks_that_do_not_fit(fsl: Path, mask: VoxelMask, tmp_path: Path) -> None:
    values = mask.inside.astype(np.uint8)
    named = tmp_path / "named.nii"
    write(named, np.full(SHAPE, 7, np.uint8))
    (tmp_path / "named.tsv").write_text("1\tLeft Half\n2\tRight Half\n")
    bad = {
        "a mask of the wrong length: 863 voxels are not 0.*names of its labels": np.ones(SHAPE, np.uint8) - (
            np.arange(864).reshape(SHAPE) == 0),
        "holds no voxel above 0": np.zeros(SHAPE, np.uint8),
        r"expected a volume of three axes": np.ones((4, 4, 4, 2), np.uint8),
    }  # fmt: skip
    for message, content in bad.items():
        with pytest.raises(ParcellationError, match=message):
            load_mask(SPACE, write(tmp_path / "bad.nii", content.astype(np.uint8)))
    with pytest.raises(ParcellationError, match="has no orientation"):
        load_mask(SPACE, write(tmp_path / "bad.nii", values, code=0))
    with pytest.raises(ParcellationError, match="holds the label 7, but only the labels 0 to 2 have names"):
        load_mask(SPACE, named)
    with pytest.raises(ParcellationError, match=r"voxels of 3 x 3 x 3 mm, but the checkpoint was made with 2 mm"):
        load_mask(SPACE, write(tmp_path / "bad.nii", values, affine=np.diag([3.0, 3, 3, 1])))
    oblique = np.array([[2.0, 1, 0, 0], [-1, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]])
    with pytest.raises(ParcellationError, match="its axes are oblique"):
        load_mask(SPACE, write(tmp_path / "bad.nii", values, affine=oblique))
    with pytest.raises(ParcellationError, match="holds no HarvardOxford-sub-maxprob-thr50-2mm"):
        load_mask(SPACE, tmp_path)
    with pytest.raises(ConfigError, match="one NIfTI file, or one and the names"):
        load_mask(SPACE, [named, named, named])
    with pytest.raises(OutputError, match="a mask was asked for, but the columns are 20484 vertices of fsaverage5"):
        load_mask(OutputSpace("surface", 20484, "fsaverage5"))


def test_labels_of_fractions_are_refused(fsl: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "HarvardOxford-sub-x.nii", np.full(SHAPE, 0.5, np.float32))
    with pytest.raises(ParcellationError, match="holds fractions"):
        load_mask(SPACE, [path, fsl / "data/atlases/HarvardOxford-Subcortical.xml"])
