"""Surface data: which file is which hemisphere, which mesh, and files that are not what they should be."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from nibabel import cifti2, freesurfer, gifti
from nibabel.cifti2 import cifti2_axes

from tests.cortex.icospheres import icosphere
from tests.cortex.made_brain import outward
from tribe_np.cortex import project
from tribe_np.cortex.hemisphere_marks import counterpart, hemisphere_of
from tribe_np.errors import ConfigError, MeasurementError, MeshError, TribeError
from tribe_np.formats import gifti as gifti_files

PLAIN = {"detrend": False, "standardize": False, "frequency": "native", "tr": 2.0}
SIZE = 10242


def rows(seed: int, n: int = 6, size: int = SIZE) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, size)).astype(np.float32)


def write_gifti(path: Path, values: np.ndarray, side: str | None = None, *, step: str | None = None) -> Path:
    meta = {"AnatomicalStructurePrimary": f"Cortex{side.title()}"} if side else {}
    own = {"TimeStep": step} if step else {}
    arrays = [
        gifti.GiftiDataArray(row, intent="NIFTI_INTENT_TIME_SERIES", meta=gifti.GiftiMetaData(own)) for row in values
    ]
    gifti.GiftiImage(darrays=arrays, meta=gifti.GiftiMetaData(meta)).to_filename(path)
    return path


def write_pair(folder: Path, size: int = SIZE, names: Sequence[str] = ("hemi-L", "hemi-R")) -> list[Path]:
    return [
        write_gifti(folder / f"sub-01_task-film_{name}_space-fsaverage5_bold.func.gii", rows(seed, size=size))
        for seed, name in enumerate(names)
    ]


@pytest.mark.parametrize(("name", "side"), [
    ("a_hemi-L_bold.func.gii", "left"), ("lh.a.mgh", "left"), ("a.R.func.gii", "right"), ("rh.gii", "right"),
    ("a_left.gii", "left"), ("a_rh_b.gii", "right"), ("leftover.gii", None), ("hemi-L_hemi-R.gii", None),
    ("bold.gii", None), ("a.lh.gii", "left"), ("MTL.gii", None),
])  # fmt: skip
def test_names_mark_hemispheres(name: str, side: str | None) -> None:
    assert hemisphere_of(name) == side


@pytest.mark.parametrize(("left", "right"), [
    ("s_hemi-L_b.func.gii", "s_hemi-R_b.func.gii"), ("lh.b.mgh", "rh.b.mgh"), ("b.L.func.gii", "b.R.func.gii"),
])  # fmt: skip
def test_the_other_hemisphere_is_found_beside(left: str, right: str) -> None:
    assert counterpart(left, [left, f"a{right}"]) is None
    assert counterpart(left, [left, right]) == right
    assert counterpart(right, [left, right]) == left


@pytest.mark.parametrize("given", ["one", "both", "turned"])
def test_two_gifti_files_are_left_then_right(tmp_path: Path, given: str) -> None:
    left, right = write_pair(tmp_path)
    found = project({"one": right, "both": [left, right], "turned": [right, left]}[given], **PLAIN)
    assert np.array_equal(found.values, np.concatenate([rows(0), rows(1)], axis=1))


def test_the_header_tells_where_names_do_not(tmp_path: Path) -> None:
    one, two = write_gifti(tmp_path / "a.gii", rows(0), "right"), write_gifti(tmp_path / "b.gii", rows(1))
    assert np.array_equal(project([one, two], **PLAIN).values, np.concatenate([rows(1), rows(0)], axis=1))


@pytest.mark.parametrize(("step", "tr"), [("1.5", 1.5), ("1500", 1.5), ("2000.0", 2.0)])
def test_the_time_step_of_gifti_is_seconds_or_milliseconds(tmp_path: Path, step: str, tr: float) -> None:
    both = [write_gifti(tmp_path / f"{side}.a.gii", rows(0), step=step) for side in ("lh", "rh")]
    assert project(both, **PLAIN | {"tr": None}).tr == tr


def test_hemispheres_of_different_intervals_are_refused(tmp_path: Path) -> None:
    both = [write_gifti(tmp_path / f"{side}.a.gii", rows(0), step=step) for side, step in (("lh", "1.5"), ("rh", "2"))]
    with pytest.raises(MeasurementError, match=r"the left says 1\.5 s between volumes, the right 2 s"):
        project(both, **PLAIN)


def test_swapped_hemispheres_are_refused(tmp_path: Path) -> None:
    left = write_gifti(tmp_path / "lh.a.gii", rows(0), "right")
    right = write_gifti(tmp_path / "rh.a.gii", rows(1), "left")
    with pytest.raises(MeasurementError, match="its name says left, its header says right"):
        project([left, right], **PLAIN)
    with pytest.raises(MeasurementError, match="both are the left hemisphere"):
        project(write_pair(tmp_path, names=("hemi-L", "hemi-L_x")), **PLAIN)


def test_one_hemisphere_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="the other is not beside it"):
        project(write_gifti(tmp_path / "lh.a.gii", rows(0)), **PLAIN)


def test_of_a_finer_mesh_the_first_vertices_are_taken(tmp_path: Path) -> None:
    found = project(write_pair(tmp_path, 40962), **PLAIN)
    assert np.array_equal(found.values[:, SIZE:], rows(1, size=40962)[:, :SIZE])
    assert found.facts["surface"].startswith("fsaverage6, of which")


@pytest.mark.parametrize(("size", "said"), [
    (2562, "coarser than 'fsaverage5'"), (32492, "fsLR-32k.*--spheres"), (777, "expected fsaverage's"),
])  # fmt: skip
def test_another_mesh_is_refused(tmp_path: Path, size: int, said: str) -> None:
    with pytest.raises(MeasurementError, match=said):
        project(write_pair(tmp_path, size), **PLAIN)


def test_a_name_of_fslr_is_believed(tmp_path: Path) -> None:
    paths = [write_gifti(tmp_path / f"a.{s}.164k_fs_LR.func.gii", rows(0, 2, 163842)) for s in "LR"]
    with pytest.raises(MeasurementError, match="lies on fsLR"):
        project(paths, **PLAIN)


def test_unequal_hemispheres_are_refused(tmp_path: Path) -> None:
    one, two = write_gifti(tmp_path / "lh.a.gii", rows(0)), write_gifti(tmp_path / "rh.a.gii", rows(1, size=40962))
    with pytest.raises(MeasurementError, match="10242 vertices on the left and 40962 on the right"):
        project([one, two], **PLAIN)
    three = write_gifti(tmp_path / "rh.b.gii", rows(1, n=5))
    with pytest.raises(MeasurementError, match="the left has 6 volumes, the right 5"):
        project([one, three], **PLAIN)


@pytest.mark.parametrize("name", ["{}.a.mgh", "{}.a.mgz", "{}.a.nii.gz"])
def test_freesurfer_pairs(tmp_path: Path, name: str) -> None:
    import nibabel

    for seed, side in enumerate(("lh", "rh")):
        values = rows(seed).T[:, None, None]
        if "mg" in name:
            image = freesurfer.MGHImage(values, np.eye(4))
            image.header["tr"] = 1500
        else:
            image = nibabel.Nifti1Image(values, np.eye(4))
        nibabel.save(image, tmp_path / name.format(side))
    found = project(tmp_path / name.format("rh"), **PLAIN | ({"tr": None} if "mg" in name else {}))
    assert np.array_equal(found.values, np.concatenate([rows(0), rows(1)], axis=1))
    assert found.tr == (1.5 if "mg" in name else 2.0)


@pytest.mark.filterwarnings("ignore:Using large vector")
@pytest.mark.parametrize("size", [40962, 163842])  # both are more than NIfTI-1 counts in an axis
def test_freesurfers_long_rows_in_nifti(tmp_path: Path, size: int) -> None:
    import nibabel

    for seed, side in enumerate(("lh", "rh")):
        image = nibabel.Nifti1Image(rows(seed, 2, size).T[:, None, None], np.eye(4))
        nibabel.save(image, tmp_path / f"{side}.a.nii.gz")
    found = project(tmp_path / "lh.a.nii.gz", **PLAIN).values
    assert np.array_equal(found[:, SIZE:], rows(1, 2, size)[:, :SIZE])


def test_an_array_is_both_hemispheres_and_stays_as_it_was() -> None:
    values = np.concatenate([rows(0, size=40962), rows(1, size=40962)], axis=1).astype(float)
    kept = values.copy()
    found = project(values, tr=2.0)
    assert found.facts["bold"] == [{"in_memory": "the array"}]
    assert np.array_equal(values, kept)
    first = [rows(seed, size=40962)[:, :SIZE] for seed in (0, 1)]
    assert np.array_equal(project(values, **PLAIN).values, np.concatenate(first, axis=1))
    for odd in (values[0], values[:, :-1], values[None], values * 1j, values[:0]):
        with pytest.raises(MeasurementError, match="the array: expected real numbers of shape"):
            project(odd, **PLAIN)
    with pytest.raises(MeasurementError, match="the array: has 40960 vertices"):
        project(values[:, :-4], **PLAIN)


def test_a_long_series_of_a_hemisphere_may_be_larger_than_a_mesh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = write_pair(tmp_path)
    monkeypatch.setattr(gifti_files, "MAX_BYTES", 1000)
    assert project(pair, **PLAIN).values.shape == (6, 2 * SIZE)
    with pytest.raises(MeshError, match="larger than"):
        gifti_files.read_gifti(pair[0], most=1000)
    write_gifti(pair[0], np.zeros((6, SIZE), np.float32))
    with pytest.raises(MeasurementError, match=r"hemi-L.*unpacks to more than"):
        project(pair, **PLAIN)


def write_cifti(path: Path, n_vertices: int = SIZE, *, left_out: int = 100, unit: str = "SECOND") -> Path:
    kept = np.arange(left_out, n_vertices)
    models = [
        cifti2_axes.BrainModelAxis.from_surface(kept, n_vertices, f"CIFTI_STRUCTURE_CORTEX_{side}")
        for side in ("LEFT", "RIGHT")
    ]
    axes = cifti2_axes.SeriesAxis(0.7, 1.5, 6, unit), models[0] + models[1]
    values = np.concatenate([rows(0, size=n_vertices)[:, kept], rows(1, size=n_vertices)[:, kept]], axis=1)
    cifti2.Cifti2Image(values, axes).to_filename(path)
    return path


def test_cifti_with_its_interval_and_its_medial_wall(tmp_path: Path) -> None:
    found = project(write_cifti(tmp_path / "a.dtseries.nii"), **PLAIN | {"tr": None})
    expected = np.concatenate([rows(0), rows(1)], axis=1)
    expected[:, [*range(100), *range(SIZE, SIZE + 100)]] = np.nan
    assert np.array_equal(found.values, expected, equal_nan=True)
    assert (found.tr, found.starts[0]) == (1.5, 0.7)
    assert "200 of 20484 vertices have no value (outside of the volume or NaN); they stay NaN" in found.warnings[0]


@pytest.mark.parametrize(
    ("n_vertices", "said"), [(32492, "fsLR-32k"), (163842, "fsLR-164k and fsaverage"), (5, "fsaverage's")]
)
def test_cifti_of_another_mesh_is_refused(tmp_path: Path, n_vertices: int, said: str) -> None:
    path = write_cifti(tmp_path / "a.dtseries.nii", n_vertices, left_out=n_vertices - 5)
    with pytest.raises(MeasurementError, match=said):
        project(path, **PLAIN)


def test_cifti_that_ends_early_or_lies_raises_nothing_else(tmp_path: Path) -> None:
    path = write_cifti(tmp_path / "a.dtseries.nii", 42, left_out=0)
    raw = path.read_bytes()
    rng = np.random.default_rng(0)
    for n in range(0, len(raw), len(raw) // 60):
        path.write_bytes(raw[:n])
        with pytest.raises(TribeError):
            project(path, **PLAIN)
        damaged = bytearray(raw)
        damaged[int(rng.integers(len(raw)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with pytest.raises(TribeError):  # there is no such mesh in any case
            project(path, **PLAIN)


def test_fslr_comes_along_hcps_spheres(tmp_path: Path, subjects: Path) -> None:
    from scipy.spatial import ConvexHull

    n, spheres = 32492, tmp_path / "resample_fsaverage"
    spheres.mkdir()
    steps = np.arange(n) + 0.5
    polar, around = np.arccos(1 - 2 * steps / n), np.pi * (1 + 5**0.5) * steps
    points = np.stack([np.cos(around) * np.sin(polar), np.sin(around) * np.sin(polar), np.cos(polar)], axis=1)
    faces = outward(points, ConvexHull(points).simplices.astype(np.int64)).astype(np.int32)
    for side, name in (("L", "CortexLeft"), ("R", "CortexRight")):
        arrays = [
            gifti.GiftiDataArray((100 * points).astype(np.float32), intent="NIFTI_INTENT_POINTSET"),
            gifti.GiftiDataArray(faces, intent="NIFTI_INTENT_TRIANGLE"),
        ]
        meta = gifti.GiftiMetaData({"AnatomicalStructurePrimary": name})
        path = spheres / f"fs_LR-deformed_to-fsaverage.{side}.sphere.32k_fs_LR.surf.gii"
        gifti.GiftiImage(darrays=arrays, meta=meta).to_filename(path)
    both = [
        write_gifti(tmp_path / f"a.{side}.32k_fs_LR.func.gii", shift + points.T.astype(np.float32))
        for side, shift in (("L", 0), ("R", 5))
    ]
    found = project(both, spheres=spheres, subjects_dir=subjects, **PLAIN).values
    expected = icosphere(5)[0].T
    assert np.abs(found[:, :SIZE] - expected).max() < 1e-3  # a smooth map comes along, both sides
    assert np.abs(found[:, SIZE:] - 5 - expected).max() < 1e-3


def test_a_subjects_own_surface_comes_along_sphere_reg(tmp_path: Path, subjects: Path) -> None:
    directions = freesurfer.read_geometry(subjects / "sub-01" / "surf" / "lh.sphere.reg")[0] / 100
    both = [write_gifti(tmp_path / f"{side}.fsnative.gii", directions.T.astype(np.float32)) for side in ("lh", "rh")]
    found = project(both, subject="sub-01", subjects_dir=subjects, **PLAIN).values
    assert np.abs(found[:, :SIZE] - icosphere(5)[0].T).max() < 1e-3
    with pytest.raises(ConfigError, match="its name says fsaverage5, but subject sub-01"):
        project(write_pair(tmp_path), subject="sub-01", subjects_dir=subjects, **PLAIN)


def test_labels_and_damaged_gifti_are_refused(tmp_path: Path) -> None:
    left, right = write_pair(tmp_path, 12)
    raw = left.read_bytes()
    for n in range(0, len(raw) - 20, len(raw) // 60):
        left.write_bytes(raw[:n])
        with pytest.raises(TribeError, match="hemi-L"):
            project([left, right], **PLAIN)
    array = gifti.GiftiDataArray(np.zeros(12, np.int32), intent="NIFTI_INTENT_LABEL", datatype="NIFTI_TYPE_INT32")
    gifti.GiftiImage(darrays=[array]).to_filename(left)
    with pytest.raises(MeasurementError, match="holds labels"):
        project([left, right], **PLAIN)
