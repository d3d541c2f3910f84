"""What every export has in common: one folder, whole or not at all; times; names; what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from tests.outputs.exports.export_case import CHOSEN, PER_SIDE, RUN, halves, predictions_folder, values_of
from tribe_np.cortex import SurfaceSeries
from tribe_np.cortex.sizes import VERTICES_PER_HEMISPHERE
from tribe_np.errors import ConfigError, MissingDependencyError, OutputError, ShapeError
from tribe_np.outputs import export
from tribe_np.outputs.exports.export_names import BIDS_SPACES, read_entities
from tribe_np.outputs.exports.format_names import EXPORT_FORMATS

STEP_ONLY = ("gifti", "cifti", "mgh", "mgz", "mz3", "stc")
EVERY_ROW = ("npz", "raw", "csv")


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return predictions_folder(tmp_path / "whole")


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def options_of(name: str) -> dict[str, Any]:
    """What a format needs in these tests."""
    return {"parcellation": halves()} if name == "csv" else {}


def test_an_export_replaces_an_earlier_one_and_nothing_else(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    first = export(whole, "gifti", out)
    before = files_of(out)
    export(whole, "gifti", out)
    assert files_of(out) == before, "the same input gives the same bytes"
    second = export(whole, "mgh", out)
    assert not set(first.files[::2]) & set(out.iterdir())
    assert set(second.files) | {out / ".tribe-np.json"} == set(out.iterdir())
    (out / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds other files"):
        export(whole, "gifti", out)
    assert (out / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("inside", [".", "..", "below"])
def test_the_predictions_are_never_written_over_or_into(whole: Path, inside: str) -> None:
    before = files_of(whole)
    with pytest.raises(OutputError, match=r"is or contains|is inside|holds"):
        export(whole, "npz", whole / inside)
    assert files_of(whole) == before


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("start", None, "row 2 starts at no time"),
        ("start", float("nan"), "row 2 starts at no time"),
        ("vertices", [3, 5.5, 641, 642, 700], "vertices of options must be whole numbers"),
        ("vertices", [True, 5, 641, 642, 700], "vertices of options must be whole numbers"),
        ("vertices", [3, 5, 641, 642, 2**70], "not as predict writes it"),
        ("vertices", 7, "not as predict writes it"),
        ("vertices", [3, 5, 642, 641, 700], "does not name one vertex of fsaverage3 for each of 5 columns"),
    ],
)
def test_rows_without_a_time_and_odd_vertices_are_refused(tmp_path: Path, name: str, value: Any, message: str) -> None:
    """Also by the formats that hold the time of every row."""
    folder = predictions_folder(tmp_path / "some", vertices=CHOSEN)
    path = folder / ("segments.json" if name == "start" else "run.json")
    content = json.loads(path.read_text())
    (content[2] if name == "start" else content["options"])[name] = value
    path.write_text(json.dumps(content))
    with pytest.raises(OutputError, match=message):
        export(folder, "npz", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", STEP_ONLY)
def test_rows_of_two_timelines_are_not_joined(tmp_path: Path, name: str) -> None:
    """Even where the times of the second happen to follow on from those of the first."""
    folder = predictions_folder(tmp_path / "two", starts=[0, 1, 2, 3], timelines="aabb")
    for fill in (False, True):
        with pytest.raises(OutputError, match=r"its rows are of 2 timelines, each with times of its own, which .*npz"):
            export(folder, name, tmp_path / "out", fill_gaps=fill)


@pytest.mark.parametrize("name", EVERY_ROW)
def test_rows_of_two_timelines_say_which_they_are_of(tmp_path: Path, name: str) -> None:
    folder = predictions_folder(tmp_path / "two", starts=[0, 1, 0, 1], timelines="aabb")
    done = export(folder, name, tmp_path / "out", **options_of(name))
    assert any("rows are of 2 timelines" in said for said in done.warnings)
    assert json.loads(done.files[-1].read_text())["RowTimelines"] == list("aabb")
    if name == "npz":
        assert np.load(done.files[0])["timelines"].tolist() == list("aabb")


@pytest.mark.parametrize("name", [*STEP_ONLY, *EVERY_ROW])
def test_a_full_disk_leaves_nothing(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for module in ("gifti_files", "cifti_files", "freesurfer_files", "mz3_stc_files", "array_files", "region_csv"):
        monkeypatch.setattr(f"tribe_np.outputs.exports.{module}.write_sidecar", full)
    (tmp_path / "place").mkdir()
    with pytest.raises(OutputError, match="disk is full"):
        export(whole, name, tmp_path / "place" / "out", **options_of(name))
    assert not list((tmp_path / "place").iterdir())


def test_an_array_has_its_tr_and_no_run(tmp_path: Path) -> None:
    values = np.arange(2 * 2 * PER_SIDE, dtype=np.float64).reshape(2, -1)
    series = SurfaceSeries(values, "fsaverage3", np.array([0.0, 2.0]), 2.0)
    done = export(series, "mgh", tmp_path / "out")
    image = nibabel.load(done.files[0])
    assert image.header["tr"] == 2000
    np.testing.assert_array_equal(np.asarray(image.dataobj)[:, 0, 0].T, values[:, :PER_SIDE])
    facts = json.loads(done.files[1].read_text())
    assert (facts["Run"], facts["RepetitionTime"], facts["HemodynamicOffset"]) == ({}, 2.0, 0.0)
    assert facts["Units"] == "not stated"
    assert "from an array" in facts["Description"]
    assert export(values, "npz", tmp_path / "array").files


@pytest.mark.parametrize(
    ("axis", "offset", "meaning"), [("scan", 0.0, "seconds of the scan"), ("stimulus", 5.0, "was measured 5 s")]
)
def test_measured_data_is_not_called_a_prediction(tmp_path: Path, axis: str, offset: float, meaning: str) -> None:
    run = {"kind": "measured", "time_axis": axis}
    series = SurfaceSeries(np.zeros((2, 2 * PER_SIDE)), "fsaverage3", np.arange(2.0), 1.0, offset, None, run)
    for name in (*STEP_ONLY, *EVERY_ROW):
        done = export(series, name, tmp_path / name, **options_of(name))
        assert all("predictions" not in path.name for path in done.files)
        facts = json.loads(done.files[-1].read_text())
        assert "Measured BOLD" in facts["Description"]
        assert facts["TimeAxis"] == axis
        assert meaning in facts["TimeAxisMeans"]
    done = export(series, "gifti", tmp_path / "bids", bids=("sub-01", "task-film"))
    assert "redict" not in done.files[0].read_text() + done.files[1].read_text()


@pytest.mark.parametrize("name", STEP_ONLY)
def test_uneven_rows_are_refused_or_filled(tmp_path: Path, name: str) -> None:
    folder = predictions_folder(tmp_path / "gaps", starts=[0.5, 1.5, 4.5, 5.5])
    with pytest.raises(OutputError, match=r"1 of 4 rows do not start 1 s after .*row 1 starts at 1.5 s, row 2 at 4.5"):
        export(folder, name, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    done = export(folder, name, tmp_path / "out", fill_gaps=True)
    facts = json.loads(done.files[1].read_text())
    assert facts["FilledRows"] == [2, 3]
    assert facts["RowTimes"] == [0.5, 1.5, 4.5, 5.5]
    assert any("2 rows of NaN" in warning for warning in done.warnings)


def test_filled_rows_are_nan_where_they_belong(tmp_path: Path) -> None:
    folder = predictions_folder(tmp_path / "gaps", starts=[0.5, 1.5, 4.5, 5.5])
    expected = np.full((6, 2 * PER_SIDE), np.nan, np.float32)
    expected[[0, 1, 4, 5]] = values_of(folder)
    export(folder, "cifti", tmp_path / "cifti", fill_gaps=True)
    image = nibabel.load(tmp_path / "cifti" / "predictions.fsaverage3.dtseries.nii")
    np.testing.assert_array_equal(np.asarray(image.dataobj), expected)
    assert image.header.get_axis(0).start == 0.5
    export(folder, "gifti", tmp_path / "gifti", fill_gaps=True)
    image = nibabel.load(tmp_path / "gifti" / "rh.predictions.fsaverage3.func.gii")
    np.testing.assert_array_equal(np.stack([array.data for array in image.darrays]), expected[:, PER_SIDE:])


@pytest.mark.parametrize(
    "starts",
    [[0, 1, 0, 1], [0, 1, 1, 2], [0, 1, 2.4, 3.4], [0, 1, 2, 100000]],
    ids=["two films", "overlap", "off", "far"],
)
def test_rows_that_no_filling_helps_are_refused(tmp_path: Path, starts: list[float]) -> None:
    folder = predictions_folder(tmp_path / "odd", starts=starts)
    with pytest.raises(OutputError, match=r"1 of 4 rows .*even with filled gaps; choose npz"):
        export(folder, "gifti", tmp_path / "out", fill_gaps=True)
    with pytest.raises(OutputError, match=r"cannot hold; choose npz"):
        export(folder, "gifti", tmp_path / "out")
    for name in EVERY_ROW:
        done = export(folder, name, tmp_path / name, **options_of(name))
        assert json.loads(done.files[-1].read_text())["RowTimes"] == starts


def test_rows_at_an_even_step_of_their_own_have_that_step(tmp_path: Path) -> None:
    folder = predictions_folder(tmp_path / "sparse", starts=[1, 3, 5, 7])
    facts = json.loads(export(folder, "stc", tmp_path / "out").files[1].read_text())
    assert (facts["RepetitionTime"], facts["RowDuration"]) == (2.0, 1.0)
    one = predictions_folder(tmp_path / "one", starts=[7.25], tr=1.5)
    facts = json.loads(export(one, "stc", tmp_path / "one-out").files[1].read_text())
    assert (facts["RepetitionTime"], facts["StartTime"]) == (1.5, 7.25)


def test_a_step_that_no_decimal_number_is_does_not_drift(tmp_path: Path) -> None:
    series = SurfaceSeries(np.zeros((9000, 1)), "fsaverage3", np.arange(9000) / 3, 1.0, vertices=np.array([7]))
    facts = json.loads(export(series, "stc", tmp_path / "out").files[1].read_text())
    assert facts["RepetitionTime"] == pytest.approx(1 / 3, rel=1e-12)


def test_fs_lr_has_its_own_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERTICES_PER_HEMISPHERE, "fsLR-32k", 32492)
    done = export(np.zeros((1, 64984), np.float32), "cifti", tmp_path / "out", bids="sub-01 task-film")
    assert done.files[-2].name == "sub-01_task-film_space-fsLR_den-32k_bold.dtseries.nii"
    assert "MNI305" not in json.loads(done.files[-1].read_text())["Space"]
    assert set(VERTICES_PER_HEMISPHERE) == set(BIDS_SPACES)


def test_values_that_are_not_finite_are_kept_and_counted(tmp_path: Path) -> None:
    values = np.zeros((3, 2 * PER_SIDE), np.float32)
    values[0, 5], values[1, 5], values[2, 9] = np.nan, np.inf, np.nan
    done = export(values, "mgh", tmp_path / "out")
    assert done.warnings == ("3 computed values, at 2 vertices, are NaN or infinite; they stay so",)
    np.testing.assert_array_equal(np.asarray(nibabel.load(done.files[0]).dataobj)[:, 0, 0].T, values[:, :PER_SIDE])
    huge = np.full((1, 2 * PER_SIDE), 1e39)
    with pytest.raises(ShapeError, match="float32 cannot hold"):
        export(huge, "gifti", tmp_path / "huge")
    assert export(huge, "npz", tmp_path / "huge").files


def test_bids_names_and_dataset(whole: Path, tmp_path: Path) -> None:
    done = export(whole, "gifti", tmp_path / "out", bids=("task-film", "sub-01", "run-02", "ses-a", "desc-tribe"))
    names = [path.relative_to(tmp_path / "out").as_posix() for path in done.files]
    stem = "sub-01/ses-a/func/sub-01_ses-a_task-film_run-02_hemi-{}_space-fsaverage_den-642_desc-tribe_bold"
    data = [f"{stem.format(side)}{ending}" for side in "LR" for ending in (".func.gii", ".json")]
    assert names == ["dataset_description.json", "README", ".bidsignore", *data]
    description = json.loads(done.files[0].read_text())
    assert (description["DatasetType"], description["GeneratedBy"][0]["Name"]) == ("derivative", "tribe_np")
    assert done.files[2].read_text().splitlines() == data
    facts = json.loads(done.files[4].read_text())
    assert (facts["TaskName"], list(facts["Density"])) == ("film", ["642"])
    done = export(whole, "cifti", tmp_path / "out", bids="sub-01 task-film")
    assert done.files[-2].name == "sub-01_task-film_space-fsaverage_den-642_bold.dtseries.nii"


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (["sub-01"], "task- is missing"),
        (["task-film"], "sub- is missing"),
        (["sub-01", "task-a_b"], "must be followed by letters and digits"),
        (["sub-01", "task-"], "must be followed by letters and digits"),
        (["sub-01", "task-film", "run-one"], "must be followed by a number"),
        (["sub-01", "task-film", "sub-02"], "was given before"),
        (["subject-01", "task-film"], "entities are sub-"),
        (["sub-01", "tsk-film"], "did you mean task"),
        (["sub-01", "task-film/../.."], "must be followed by letters and digits"),
    ],
)
def test_names_that_bids_lacks_are_refused(given: list[str], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        read_entities(given)


def test_wrong_options_are_refused_before_anything_is_read(whole: Path, tmp_path: Path) -> None:
    for name, options, complaint in (
        ("gfti", {}, "did you mean gifti"),
        ("mgh", {"bids": ("sub-01", "task-film")}, "mgh does not take --bids; it takes --times, --fill-gaps"),
        ("gifti", {"mask_medial_wall": True}, "gifti does not take --mask-medial-wall"),
        ("gifti", {"fill_gap": True}, "did you mean fill_gaps"),
        ("gifti", {"warnings": []}, "does not take 'warnings'"),
        ("gifti", {"times": "scan"}, "times must be stimulus or bold"),
        ("gifti", {"bids": ("sub-01",)}, "task- is missing"),
        ("gifti", {"bids": "sub-01"}, "task- is missing"),
        ("cifti", {"parcellation": "hcp-mmp1"}, "--parcellation only with --mask-medial-wall"),
        ("mz3", {"subjects_dir": tmp_path}, "--subjects-dir only with --surface"),
    ):
        with pytest.raises(ConfigError, match=complaint):
            export(whole, name, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_sources_that_are_no_predictions_are_refused(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="not a prediction folder"):
        export(tmp_path, "gifti", tmp_path.parent / f"{tmp_path.name}-out")
    with pytest.raises(ShapeError, match="expected both hemispheres"):
        export(np.zeros((2, 100)), "gifti", tmp_path / "out")
    (whole / "run.json").write_text(json.dumps(RUN | {"mesh": "fsaverage4"}))
    with pytest.raises(ShapeError, match=r"has 1284 vertices, but fsaverage4 has 5124"):
        export(whole, "gifti", tmp_path / "out")
    values = np.zeros((2, 3), np.float32)
    for starts, vertices in (([0.0], CHOSEN[:3]), ([0.0, 1.0], CHOSEN[:2])):
        series = SurfaceSeries(values, "fsaverage3", np.array(starts), vertices=np.array(vertices))
        with pytest.raises(ShapeError, match=r"has values \(2, 3\)"):
            export(series, "gifti", tmp_path / "out")
    for wrong, complaint in (
        ({"vertices": np.array([5, 3, 9])}, "must be ascending"),
        ({"vertices": np.array([5, 6, 2 * PER_SIDE])}, "must be ascending"),
        ({"tr": 0.0}, "is no time"),
        ({"mesh": "fsaverage"}, "must be called fsaverage7"),
    ):
        parts = {"vertices": np.array(CHOSEN[:3]), "mesh": "fsaverage3"} | wrong
        with pytest.raises(ShapeError, match=complaint):
            export(SurfaceSeries(values, starts=np.arange(2.0), **parts), "gifti", tmp_path / "out")
    with pytest.raises(OutputError, match="has no rows"):
        export(np.zeros((0, 2 * PER_SIDE)), "npz", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_medial_wall_that_is_none_is_refused(whole: Path, tmp_path: Path) -> None:
    everywhere, nowhere = halves(), halves()
    everywhere.region_of[:] = 0
    nowhere.region_of[:400] = -1
    for parcels, count in ((everywhere, "0 of 642"), (nowhere, "400 of 642")):
        with pytest.raises(ConfigError, match=f"{count} vertices of the left hemisphere have no region"):
            export(whole, "cifti", tmp_path / "out", mask_medial_wall=True, parcellation=parcels)
    larger = replace(halves(), region_of=np.tile(halves().region_of, 2))
    with pytest.raises(ShapeError, match="has 2568 vertices, but fsaverage3 has 1284"):
        export(whole, "cifti", tmp_path / "out", mask_medial_wall=True, parcellation=larger)


def test_a_missing_extra_is_named(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(MissingDependencyError, match=r"tribe_np\[hdf5\]"):
        export(whole, "hdf5", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_rows_are_read_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory map may be larger than memory: no format may ask for all of it."""

    class OneRow(np.ndarray):
        def __getitem__(self, key: Any) -> Any:
            found = super().__getitem__(key)
            assert np.size(found) <= 2 * 2 * PER_SIDE, "more than two rows at once"
            return found

    monkeypatch.setattr("tribe_np.outputs.exports.exporting.BLOCK_VALUES", 2 * PER_SIDE)
    values = np.zeros((50, 2 * PER_SIDE), np.float32).view(OneRow)
    series = SurfaceSeries(values, "fsaverage3", np.arange(50.0))
    for name in ("gifti", "mgh", "mgz", "mz3", "stc", "raw"):
        export(series, name, tmp_path / name)


def test_the_list_of_formats_has_a_line_for_each() -> None:
    assert all(text and not text.endswith(".") for _, text in EXPORT_FORMATS.values())
    assert set(STEP_ONLY) | set(EVERY_ROW) | {"hdf5"} <= set(EXPORT_FORMATS)
