"""`project`: where markers land in each space, times, counts, and data that cannot be used."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cortex.icospheres import icosphere
from tests.cortex.made_brain import (
    CENTRES,
    CRAS,
    PIAL,
    WHITE,
    box,
    noise,
    scanner_place,
    write_fsaverage5,
    write_subject,
    write_volume,
)
from tribe_np.cortex import as_series, project
from tribe_np.cortex.measured import measured_volumes
from tribe_np.cortex.meshes.spaces import in_space
from tribe_np.errors import ConfigError, MeasurementError, TribeError

SURFACE = {"kind": "depth", "depth": [0.0]}  # the pial surface itself: needs no nilearn
N = 20484


def pial() -> np.ndarray:
    points, _ = icosphere(5)
    return np.concatenate([CENTRES[side] + PIAL * points for side in "lr"])


def markers(places: np.ndarray, affine: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """One voxel of its own number at each place."""
    values = np.zeros(shape, np.uint8)
    back = np.linalg.inv(affine)
    for number, place in enumerate(places, 1):
        values[tuple(np.round(back[:3, :3] @ place + back[:3, 3]).astype(int))] = number
    return values


CHOSEN = np.random.default_rng(0).choice(N, 12, replace=False)


@pytest.mark.parametrize("space", ["mni305", "mni152"])
def test_a_marker_lands_within_a_voxel_in_each_template(tmp_path: Path, subjects: Path, space: str) -> None:
    affine, shape = box(1.0, 6.0)
    places = in_space(pial(), space)
    path = write_volume(tmp_path / "m.nii", markers(places[CHOSEN], affine, shape), affine)
    found = project(path, space=space, subjects_dir=subjects, interpolation="nearest", **SURFACE).values[0]
    assert np.array_equal(found[CHOSEN], np.arange(1, 13))
    for number, vertex in enumerate(CHOSEN, 1):
        away = np.linalg.norm(places[found == number] - places[vertex], axis=1)
        assert away.max() < 2 * 3**0.5  # two corners of one voxel of 1 mm
    other = "mni152" if space == "mni305" else "mni305"
    wrong = project(path, space=other, subjects_dir=subjects, interpolation="nearest", **SURFACE).values[0]
    assert (wrong[CHOSEN] == np.arange(1, 13)).mean() < 0.5  # the spaces differ, and the test can tell


@pytest.mark.parametrize("registration", ["nearest", "barycentric"])
def test_a_marker_lands_within_a_voxel_in_the_subjects_space(tmp_path: Path, subjects: Path, registration: str) -> None:
    directions, _ = icosphere(5)
    places = np.concatenate([scanner_place(side, directions) for side in "lr"])
    low = places.min(axis=0) - 9
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = low
    shape = np.ceil((places.max(axis=0) + 9 - low) / 2).astype(int)
    one_each = markers(places[CHOSEN], affine, tuple(shape))[..., None] == np.arange(1, 13)
    path = write_volume(tmp_path / "space-T1w_m.nii", one_each.astype(np.uint8), affine, code=1)
    how = {"subject": "sub-01", "subjects_dir": subjects, "registration": registration, "frequency": "native"}
    found = project(path, **how, detrend=False, standardize=False, **SURFACE)
    assert found.facts["space"] == "native"
    for vertex, weights in zip(CHOSEN, found.values, strict=True):
        assert np.linalg.norm(weights @ places / weights.sum() - places[vertex]) < 2
    assert np.linalg.norm(CRAS) > 10  # without c_ras every marker would be missed


def test_without_c_ras_the_subjects_surface_is_refused(tmp_path: Path, subjects: Path) -> None:
    write_fsaverage5(tmp_path)
    write_subject(tmp_path, geometry=False)
    values, affine = noise(1)
    path = write_volume(tmp_path / "space-T1w_m.nii", values, affine, code=1)
    with pytest.raises(MeasurementError, match=r"lh\.pial: does not say where its volume lay .*c_ras.*orig\.mgz"):
        project(path, subject="sub-01", subjects_dir=tmp_path, **SURFACE)
    import nibabel

    turned = np.array([[-1.0, 0, 0, 128 + CRAS[0]], [0, 0, 1, -128 + CRAS[1]], [0, -1, 0, 128 + CRAS[2]], [0, 0, 0, 1]])
    (tmp_path / "sub-01" / "mri").mkdir()
    nibabel.save(nibabel.MGHImage(np.zeros((256, 256, 256), np.uint8), turned), tmp_path / "sub-01/mri/orig.mgz")
    known = project(path, subject="sub-01", subjects_dir=subjects, **SURFACE).values
    assert np.allclose(
        project(path, subject="sub-01", subjects_dir=tmp_path, **SURFACE).values, known, atol=1e-2, equal_nan=True
    )


def scan(tmp_path: Path, n: int = 8, *, name: str = "space-MNI152NLin2009cAsym_bold.nii.gz", **how: object) -> Path:
    values, affine = noise(n)
    return write_volume(tmp_path / name, values, affine, **how)


def measured(path: Path, subjects: Path, **options: object):
    return project(path, subjects_dir=subjects, **{**SURFACE, **options})


def test_the_space_is_found_or_asked_for(tmp_path: Path, subjects: Path) -> None:
    assert measured(scan(tmp_path, code=1), subjects).facts["space_found_in"] == "space-MNI152NLin2009cAsym in its name"
    assert measured(scan(tmp_path, name="b.nii", code=4), subjects).facts["space"] == "mni152"
    plain = scan(tmp_path, name="c.nii", code=1)
    with pytest.raises(ConfigError, match=r"neither its name .* nor its header says which space"):
        measured(plain, subjects)
    assert measured(plain, subjects, space="mni305").warnings == ()
    assert "some 2 mm off" in measured(plain, subjects, space="as-is").warnings[0]
    with pytest.raises(ConfigError, match="'fsLRx' is not known here"):
        measured(scan(tmp_path, name="space-fsLRx_b.nii", code=1), subjects)
    with pytest.raises(ConfigError, match="space T1w is the subject's own"):
        measured(scan(tmp_path, name="space-T1w_b.nii", code=1), subjects)
    with pytest.raises(MeasurementError, match="no orientation"):
        measured(scan(tmp_path, code=0), subjects)


def test_surfaces_of_another_mni152_are_said(tmp_path: Path, subjects: Path) -> None:
    folder = tmp_path / "subjects" / "tpl-MNI152NLin2009cAsym_res-01" / "surf" / "surf_hybrid_mni_gii"
    folder.mkdir(parents=True)
    (tmp_path / "subjects" / "fsaverage5").symlink_to(subjects / "fsaverage5")
    from nibabel import gifti

    points, faces = icosphere(5)
    for side in "lr":
        for kind, radius in (("pial", PIAL), ("white", WHITE)):
            arrays = [
                gifti.GiftiDataArray(values.astype(dtype), intent=f"NIFTI_INTENT_{intent}")
                for values, dtype, intent in (
                    (in_space(CENTRES[side] + radius * points, "mni152"), np.float32, "POINTSET"),
                    (faces, np.int32, "TRIANGLE"),
                )
            ]
            gifti.GiftiImage(darrays=arrays).to_filename(folder / f"{side}h.{kind}.fsaverage5.gii")
    same = measured(scan(tmp_path), tmp_path / "subjects")
    assert (same.facts["coordinates"], same.warnings) == ("MNI152NLin2009cAsym", ())
    other = measured(scan(tmp_path, name="space-MNI152NLin6Asym_bold.nii"), tmp_path / "subjects")
    assert "its space is MNI152NLin6Asym; the surfaces are MNI152NLin2009cAsym's" in other.warnings[0]


def test_mni152_is_not_sampled_as_mni305(tmp_path: Path, subjects: Path) -> None:
    path = scan(tmp_path)
    here, there = measured(path, subjects).values, measured(path, subjects, space="mni305").values
    assert np.abs(here - there).max() > 0.1
    assert np.array_equal(measured(path, subjects, compat="upstream").values, there)


def test_blocks_give_the_same_bits(tmp_path: Path, subjects: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = scan(tmp_path)
    whole = measured(path, subjects, smooth=5.0)
    monkeypatch.setattr(measured_volumes, "MOST_IN_BLOCK", 3)
    seen: list[int] = []
    assert np.array_equal(measured(path, subjects, smooth=5.0, on_volumes=seen.append).values, whole.values)
    assert seen == [3, 3, 2]


def test_aligned_rows_are_those_of_the_scan_five_seconds_later(tmp_path: Path, subjects: Path) -> None:
    path = scan(tmp_path, 8, tr=2.0)
    in_scan, aligned = measured(path, subjects), measured(path, subjects, align=True)
    assert np.array_equal(aligned.values, in_scan.values[5:])
    assert (in_scan.time_axis, in_scan.hemodynamic_offset, in_scan.starts[0]) == ("scan", 0.0, 0.0)
    assert (aligned.time_axis, aligned.hemodynamic_offset, aligned.starts[0]) == ("stimulus", 5.0, 0.0)
    assert aligned.facts["counts"]["rows_before_the_first"] == 5
    later = measured(path, subjects, align=True, start=3.0, offset=4.0)
    assert np.array_equal(later.values, in_scan.values[7:])
    early = measured(path, subjects, align=True, start=-7.0)  # the stimulus began before the scan
    assert early.starts[0] == 2
    assert np.array_equal(early.values, in_scan.values)
    with pytest.raises(
        ConfigError, match=r"lasts 16 s, but its first row would be at 105 s \(start 100 \+ offset 5 s\)"
    ):
        measured(path, subjects, align=True, start=100.0)


def test_rows_between_volumes_are_taken_at_their_time(tmp_path: Path, subjects: Path) -> None:
    path = scan(tmp_path, 8, tr=2.0)
    native = measured(path, subjects, frequency="native", detrend=False, standardize=False).values.astype(float)
    half = measured(path, subjects, align=True, start=0.5, offset=4.0, detrend=False, standardize=False).values
    assert np.allclose(half[0], 0.75 * native[2] + 0.25 * native[3], rtol=1e-6)


@pytest.mark.parametrize("first", [0.0, 0.745])
@pytest.mark.parametrize("how", [
    {}, {"align": True}, {"align": True, "start": 3.0}, {"align": True, "start": -4.2}, {"frequency": "native"},
    {"align": True, "start": 3.0, "offset": 4.5, "frequency": 2.0},
])  # fmt: skip
def test_a_moment_of_the_scan_is_at_its_row(tmp_path: Path, subjects: Path, first: float, how: dict) -> None:
    tr, volume = 1.49, 9
    affine, shape = box(8.0)
    values = np.full((*shape, 20), 1000, np.float32)
    values[..., volume] += 100
    path = write_volume(tmp_path / "space-MNI152_bold.nii", values, affine, tr=tr)
    path.with_suffix(".json").write_text(json.dumps({"StartTime": first}))
    found = measured(path, subjects, detrend=False, standardize=False, **how)
    zero = how.get("start", 0.0) + how.get("offset", 5.0) if how.get("align") else 0.0
    times = found.starts + zero  # of the scan
    expected = 1000 + 100 * np.maximum(0, 1 - np.abs(times - first - volume * tr) / tr)
    assert np.abs(found.values[:, 0] - expected).max() < 1e-2
    assert expected.max() > 1050


def test_an_image_in_memory_is_its_file(tmp_path: Path, subjects: Path) -> None:
    import nibabel

    path = scan(tmp_path)
    mask = write_volume(tmp_path / "mask.nii", np.ones(box()[1], np.uint8), noise(1)[1])
    expected = measured(path, subjects, mask=mask)
    loaded = measured(nibabel.load(path), subjects, mask=mask)  # its file's name says the space
    assert np.array_equal(loaded.values, expected.values)
    assert loaded.facts["bold"] == [{"in_memory": str(path)}]
    values = nibabel.load(path).get_fdata()
    kept = values.copy()
    made = nibabel.Nifti1Image(values, nibabel.load(path).affine)
    with pytest.raises(ConfigError, match="the image in memory: its header says 1 between volumes without a unit"):
        measured(made, subjects)
    with pytest.raises(ConfigError, match="the image in memory: neither its name"):
        measured(made, subjects, tr=2.0)
    assert np.array_equal(measured(made, subjects, tr=2.0, space="mni152", mask=mask).values, expected.values)
    assert np.array_equal(values, kept)
    one = nibabel.MGHImage(values[..., 0].astype(np.float32), made.affine)
    assert measured(one, subjects, space="mni152").values.shape == (1, N)
    without = nibabel.Nifti1Image(values, None)
    with pytest.raises(MeasurementError, match="has no orientation"):
        measured(without, subjects, tr=2.0, space="mni152")
    for odd in (nibabel.gifti.GiftiImage(), nibabel.Spm99AnalyzeImage(values[..., 0].astype(np.float32), np.eye(4))):
        with pytest.raises(MeasurementError, match="expected nibabel's image of a volume"):
            measured(odd, subjects)
    for nothing in (None, 3, [], [made], b"a.nii"):
        with pytest.raises(ConfigError, match="expected "):
            measured(nothing, subjects)


def test_the_start_time_of_the_sidecar_moves_the_rows(tmp_path: Path, subjects: Path) -> None:
    path = scan(tmp_path, 8, tr=2.0)
    plain = measured(path, subjects)
    path.with_name("space-MNI152NLin2009cAsym_bold.json").write_text(json.dumps({"RepetitionTime": 2, "StartTime": 1}))
    moved = measured(path, subjects)
    assert np.array_equal(moved.values, plain.values)
    assert moved.starts[0] == 1
    assert np.array_equal(measured(path, subjects, align=True).values, plain.values[4:])
    assert measured(path, subjects, compat="upstream").starts[0] == 0


def test_two_places_in_one_header_are_said(tmp_path: Path, subjects: Path) -> None:
    import nibabel

    path = scan(tmp_path)
    image = nibabel.load(path)
    moved = image.affine.copy()
    moved[0, 3] += 7
    image.set_qform(moved, 1)
    nibabel.save(image, tmp_path / "moved.nii.gz")
    assert "up to 7.0 mm apart; the sform was used" in measured(tmp_path / "moved.nii.gz", subjects).warnings[0]


def test_values_beyond_computing_are_refused(tmp_path: Path, subjects: Path) -> None:
    values, affine = noise(6)
    path = write_volume(tmp_path / "a.nii", values.astype(np.float64) * 1e200, affine)
    with pytest.raises(MeasurementError, match="too large to compute with"):
        measured(path, subjects)
    with pytest.raises(MeasurementError, match="too large to compute with"):
        measured(path, subjects, detrend=False, standardize=False)
    values[5:8] = np.inf
    found = measured(write_volume(tmp_path / "b.nii", values, affine), subjects, detrend=False, standardize=False)
    assert not np.isinf(found.values).any()
    assert "they stay NaN" in found.warnings[0]


def test_one_volume_is_projected_and_left_alone(tmp_path: Path, subjects: Path) -> None:
    values, affine = noise(1)
    found = measured(write_volume(tmp_path / "a.nii", values[..., 0], affine), subjects)
    assert found.values.shape == (1, N)
    assert 900 < found.values.mean() < 1100
    assert "not cleaned" in found.warnings[0]
    with pytest.raises(ConfigError, match="one volume without time"):
        measured(tmp_path / "a.nii", subjects, align=True)


def test_what_has_no_signal_is_counted(tmp_path: Path, subjects: Path) -> None:
    values, affine = noise(8)
    values[:8] = 0
    values[-3:] = np.nan
    values[12, :, :, 3] = np.nan
    found = measured(write_volume(tmp_path / "a.nii", values, affine), subjects)
    counts = found.facts["counts"]
    assert counts["vertices_constant"] > 0
    assert counts["vertices_without_value"] > 0
    assert counts["vertices_with_gaps"] > 0
    assert np.isfinite(found.values).all()
    said = " ".join(found.warnings)
    for words in ("have no value", "missing at some times; each takes the vertex's mean", "do not change (no signal)"):
        assert words in said


@pytest.mark.parametrize("what", ["nan", "constant", "elsewhere", "half"])
def test_data_without_a_brain_are_refused(tmp_path: Path, subjects: Path, what: str) -> None:
    values, affine = noise(8)
    if what == "nan":
        values[:] = np.nan
    elif what == "constant":
        values[:] = 7
    elif what == "half":
        values[: len(values) * 3 // 5] = np.nan
    else:
        affine[:3, 3] += 500
    path = write_volume(tmp_path / "a.nii", values, affine)
    with pytest.raises(MeasurementError, match=r"a\.nii: .*(no value|no signal|no vertex)"):
        measured(path, subjects)


def test_a_mask_and_smoothing_come_before_the_projection(tmp_path: Path, subjects: Path) -> None:
    path = scan(tmp_path)
    _, affine = noise(1)
    mask = np.ones(box()[1], np.uint8)
    mask[:10] = 0
    masked = measured(path, subjects, mask=write_volume(tmp_path / "mask.nii", mask, affine))
    assert "do not change (no signal); they are 0" in masked.warnings[0]
    smooth = measured(path, subjects, smooth=8.0, standardize=False).values
    assert smooth.std() < 0.5 * measured(path, subjects, standardize=False).values.std()
    with pytest.raises(MeasurementError, match="another grid"):
        measured(path, subjects, mask=write_volume(tmp_path / "other.nii", mask[1:], affine))
    with pytest.raises(MeasurementError, match="the mask is empty"):
        measured(path, subjects, mask=write_volume(tmp_path / "none.nii", mask * 0, affine))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"knid": "ball"}, "did you mean kind"),
        ({"kind": "cube"}, "kind must be"),
        ({"radius": 0}, "radius must be"),
        ({"start": 3.0}, "need --align"),
        ({"confound_columns": ["motion"]}, "give --confounds"),
        ({"space": "native"}, "--subject"),
        ({"tr": 2000.0}, "tr must be"),
        ({"subject": "sub-01"}, "in space mni152 .*, but subject sub-01"),
        ({"subject": "nobody", "space": "native"}, "is 'nobody' a subject"),
        ({"frequency": 0.01}, "hold no row of 100 s"),
    ],
)
def test_options_that_cannot_be_are_refused(
    tmp_path: Path, subjects: Path, options: dict[str, object], said: str
) -> None:
    with pytest.raises(TribeError, match=said):
        measured(scan(tmp_path, name="T1.nii"), subjects, **options)


def test_too_few_volumes_to_detrend(tmp_path: Path, subjects: Path) -> None:
    path = scan(tmp_path, 2)
    with pytest.raises(ConfigError, match="2 volumes, of which detrending leaves nothing"):
        measured(path, subjects)
    assert measured(path, subjects, detrend=False).values.shape == (3, N)


def test_confounds_of_another_length_are_refused_before_the_work(tmp_path: Path, subjects: Path) -> None:
    (tmp_path / "c.tsv").write_text("a\n1\n2\n")
    seen: list[int] = []
    with pytest.raises(MeasurementError, match="2 rows, but the scan has 8 volumes"):
        measured(scan(tmp_path), subjects, confounds=tmp_path / "c.tsv", confound_columns=["a"], on_volumes=seen.append)
    assert seen == []


def test_a_projection_is_a_series(tmp_path: Path, subjects: Path) -> None:
    found = measured(scan(tmp_path), subjects, align=True)
    series = as_series(found)
    assert series.hemodynamic_offset == 5
    assert series.run["time_axis"] == "stimulus"
    assert np.array_equal(series.full(), found.values)
