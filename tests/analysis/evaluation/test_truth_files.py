"""Truth from every kind of file gives the same scores as its array; files that cannot be used are refused by name."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.prediction_folders import write_folder
from tribe_np.analysis import evaluate
from tribe_np.analysis.evaluation import truth_runs
from tribe_np.analysis.evaluation.truth_files import read_truth_file
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, MeasurementError, OutputError
from tribe_np.outputs import export

V, R = 1284, 30
MESH = {"mesh": "fsaverage3"}


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((R, V)).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path, values: np.ndarray) -> Path:
    return write_folder(tmp_path / "pred", values, MESH)


@pytest.fixture
def scan(values: np.ndarray) -> SurfaceSeries:
    """The prediction as it would be measured from 3 s before the stimulus on, 5 s later, in scan time."""
    made = np.random.default_rng(1).standard_normal((R + 12, V)).astype(np.float32)
    made[8 : 8 + R] += values
    return SurfaceSeries(made, "fsaverage3", np.arange(R + 12) - 3.0, 1.0, 0.0, run={"time_axis": "scan"})


def scores(folder: Path, truth: object, **options: object) -> np.ndarray:
    return evaluate(folder, truth, parcellation=False, **options).r


def files_of(out: Path, *endings: str) -> list[Path]:
    found = [path for path in sorted(out.iterdir()) if path.name.endswith(endings)]
    assert found
    return found


KINDS = {"gifti": (".gii",), "cifti": (".nii",), "mgh": (".mgh", ".mgz"), "npz": (".npz",)}


@pytest.mark.parametrize("kind", KINDS)
def test_files_in_scan_time_are_their_array(tmp_path: Path, folder: Path, scan: SurfaceSeries, kind: str) -> None:
    export(scan, kind, tmp_path / "out")
    paths = files_of(tmp_path / "out", *KINDS[kind])
    expected = scores(folder, scan.values, start=3.0)
    assert expected.mean() > 0.5
    assert scores(folder, paths) == pytest.approx(expected, abs=1e-6)
    if len(paths) == 2:
        assert scores(folder, paths[0]) == pytest.approx(expected, abs=1e-6), "the other is beside it"


@pytest.mark.extras
def test_hdf5_is_its_array(tmp_path: Path, folder: Path, scan: SurfaceSeries) -> None:
    import h5py

    export(scan, "hdf5", tmp_path / "out")
    expected = scores(folder, scan.values, start=3.0)
    assert scores(folder, files_of(tmp_path / "out", ".h5")) == pytest.approx(expected, abs=1e-6)
    with h5py.File(tmp_path / "many.h5", "w") as file:
        file["s1/film"], file["s1/other"] = scan.values, scan.values * 0
    with pytest.raises(MeasurementError, match=r"2 arrays \(s1/film, s1/other\); name one: .*many.h5::s1/film"):
        read_truth_file(tmp_path / "many.h5")
    assert scores(folder, f"{tmp_path / 'many.h5'}::s1/film", start=3.0) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_at_stimulus_time_is_not_shifted_again(
    tmp_path: Path, folder: Path, values: np.ndarray, kind: str
) -> None:
    aligned = SurfaceSeries(values, "fsaverage3", np.arange(float(R)), 1.0, 5.0, run={"time_axis": "stimulus"})
    export(aligned, kind, tmp_path / "out")
    paths = files_of(tmp_path / "out", *KINDS[kind])
    assert scores(folder, paths) == pytest.approx(1, abs=1e-6)
    assert scores(folder, paths, aligned=True) == pytest.approx(1, abs=1e-6), "said twice, not shifted twice"
    with pytest.raises(ConfigError, match=r"--start \(start\) is for scan time"):
        scores(folder, paths, start=2.0)
    with pytest.raises(ConfigError, match="would give the offset twice"):
        scores(values, paths, offset=5.0)
    export(replace(aligned, hemodynamic_offset=4.0), kind, tmp_path / "out")
    with pytest.raises(MeasurementError, match="was shifted by 4 s, the prediction's offset is 5 s"):
        scores(folder, files_of(tmp_path / "out", *KINDS[kind]))


def measured(folder: Path, values: np.ndarray, **run: object) -> Path:
    """A folder as project writes it."""
    folder.mkdir()
    np.save(folder / "bold.npy", values)
    told = {"kind": "measured", "time_axis": "scan", "start": 0.0, "tr": 1.0, "hemodynamic_offset": 0.0, **MESH, **run}
    (folder / "run.json").write_text(json.dumps(told))
    return folder


def test_folders_of_project(tmp_path: Path, folder: Path, values: np.ndarray, scan: SurfaceSeries) -> None:
    expected = scores(folder, scan.values, start=3.0)
    assert scores(folder, measured(tmp_path / "scan", scan.values, start=-3.0)) == pytest.approx(expected)
    with pytest.raises(ConfigError, match="says that its rows are in scan time; --truth-aligned contradicts that"):
        scores(folder, tmp_path / "scan", aligned=True)
    aligned = measured(tmp_path / "aligned", values, time_axis="stimulus", hemodynamic_offset=5.0)
    assert scores(folder, aligned) == pytest.approx(1, abs=1e-6)
    assert any("holds a prediction, which is taken as the truth" in w for w in evaluate(folder, folder).warnings)
    with pytest.raises(OutputError, match=r"holds no bold\.npy; expected a folder that tribe-np project wrote"):
        scores(folder, tmp_path)


def table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(line.replace(" ", "\t") for line in lines) + "\n")
    return path


def test_a_table_names_subjects_and_runs(tmp_path: Path, folder: Path, values: np.ndarray, scan: SurfaceSeries) -> None:
    np.save(tmp_path / "one.npy", scan.values[3:])
    np.save(tmp_path / "two.npy", scan.values)
    path = table(
        tmp_path / "truth.tsv", "subject run file start", "s1 a one.npy n/a", "s1 b two.npy 3", "s2 a two.npy 3"
    )
    made = evaluate(folder, path, parcellation=False)
    assert [(one.subject, [run.paired.truth.run for run in one.runs]) for one in made.subjects] == [
        ("s1", ["a", "b"]), ("s2", ["a"]),
    ]  # fmt: skip
    assert made.subjects[1].scores.r == pytest.approx(scores(folder, scan.values, start=3.0), abs=1e-12)
    assert made.subjects[0].scores.r == pytest.approx(made.subjects[1].scores.r, abs=1e-6)
    assert any("two.npy: is given 2 times" in warning for warning in made.warnings)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("subject run path", "s1 a x.npy"), r"truth.tsv: has no column file"),
        (("subject,run,file", "s1,a,x.npy"), r"no column subject; its columns are separated by commas"),
        (("subject file colour", "s1 x.npy red"), "the column 'colour' is unknown"),
        (("subject run file", "s1 a x.npy", "s1 a y.npy"), "line 3: the run 'a' of 's1' is there twice"),
        (("subject run file tr", "s1 a x.npy two"), "line 2: the tr 'two' is not a number of seconds"),
        (("subject run file", "s1 a x.npy"), "x.npy: cannot be read: No such file"),
        (("subject file timeline", "s1 x.npy t2"), "line 2: 't2' is no timeline of the prediction, which has t"),
        (("subject file",), "has no lines"),
    ],
)
def test_tables_that_cannot_be_used_are_refused_with_their_line(tmp_path: Path, folder: Path, lines, said) -> None:
    with pytest.raises(MeasurementError, match=said):
        scores(folder, table(tmp_path / "truth.tsv", *lines))


def test_files_that_cannot_be_used_are_refused_by_name(tmp_path: Path, folder: Path) -> None:
    import nibabel

    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 4, 4, 6), np.float32), np.eye(4)), tmp_path / "v.nii.gz")
    (tmp_path / "torn.npy").write_bytes(b"\x93NUMPY\x01\x00")
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 and no more")
    np.savez(tmp_path / "objects.npz", bold=np.array([[{}]], object))
    np.savez(tmp_path / "two.npz", a=np.zeros((3, V)), b=np.zeros((3, V)))
    np.savez(tmp_path / "none.npz", a=np.zeros(3))
    (tmp_path / "film.mp4").write_bytes(b"no film")
    for name, said in {
        "film.mp4": r"is no file of measured data; expected \.npy, .*\.gii",
        "v.nii.gz": "is a volume, expected values on the cortical surface; tribe-np project brings it there",
        "torn.npy": "cannot be read as arrays",
        "torn.npz": "cannot be read as arrays",
        "objects.npz": "cannot be read as arrays",
        "two.npz": r"2 arrays \(a, b\); name one: .*two.npz::a",
        "none.npz": "no array of rows and vertices",
        "gone.npy": "No such file",
        "two.npz::c": "has no array c; it has a, b",
    }.items():
        with pytest.raises(MeasurementError, match=said) as caught:
            scores(folder, tmp_path / name)
        assert name.partition("::")[0] in str(caught.value)


def test_many_runs_that_are_no_maps_lie_in_temporary_files(
    tmp_path: Path, folder: Path, scan: SurfaceSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.npz", "b.npz"):
        np.savez(tmp_path / name, bold=scan.values)
    path = table(tmp_path / "truth.tsv", "subject file start", "s1 a.npz 3", "s2 b.npz 3")
    expected = scores(folder, scan.values, start=3.0)
    monkeypatch.setattr(truth_runs, "SMALL", 1000)
    made = evaluate(folder, path, parcellation=False)
    assert all(isinstance(one.runs[0].paired.truth.values, np.memmap) for one in made.subjects)
    assert made.r == pytest.approx(expected, abs=1e-12)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(OutputError, match=r"gone: has no room for 0 MB of rows .*; TMPDIR names another folder"):
        scores(folder, path)
