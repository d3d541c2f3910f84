"""tribe-np project: the folder it writes, what reads it, and input that is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tests.cortex.made_brain import noise, write_fsaverage5, write_volume
from tribe_np.cortex import as_series, project

HOW = ("--kind", "depth", "--depth", 0, 0.5, 1)


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("subjects")
    write_fsaverage5(folder)
    return folder


@pytest.fixture
def bold(tmp_path: Path) -> Path:
    values, affine = noise(12)
    return write_volume(tmp_path / "sub-01_space-MNI152NLin6Asym_bold.nii.gz", values, affine, code=1)


def test_the_folder_holds_the_data_and_says_how_they_came(
    command_here: Command, bold: Path, subjects: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = command_here("project", bold, "--out", out, "--subjects-dir", subjects, *HOW, "--align", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert "bold.npy (18 rows of 1 s, 20484 vertices)" in done.stdout
    assert "row 0 is second 0 of the stimulus; the BOLD is 5 s later" in done.stdout
    assert "space mni152 (space-MNI152NLin6Asym in its name): MNI152 approximated" in done.stdout
    run = json.loads((out / "run.json").read_text())
    assert (run["kind"], run["units"], run["compat"]) == ("measured", "z-scored BOLD", [])
    assert run["counts"]["rows_before_the_first"] == 5
    assert len(run["bold"][0]["sha256"]) == 64
    series = as_series(out)
    assert (series.tr, series.hemodynamic_offset, series.starts[3]) == (1.0, 5.0, 3.0)
    same = project(bold, subjects_dir=subjects, kind="depth", depth=[0, 0.5, 1], align=True)
    assert np.array_equal(series.values, same.values)
    again = command_here("project", bold, "--out", out, "--subjects-dir", subjects, *HOW, "--json", "--quiet")
    assert json.loads(again.stdout)["shape"] == [23, 20484]  # an earlier result is replaced


def test_its_folder_is_resampled_and_exported_as_measured_data(
    command_here: Command, bold: Path, tmp_path: Path
) -> None:
    write_fsaverage5(tmp_path / "meshes")
    write_fsaverage5(tmp_path / "meshes", "fsaverage4", 4)
    out, small, files = tmp_path / "out", tmp_path / "small", tmp_path / "files"
    meshes = ("--subjects-dir", tmp_path / "meshes")
    command_here("project", bold, "--out", out, *meshes, *HOW, "--align", "--quiet")
    done = command_here("resample", out, "--to", "fsaverage4", "--out", small, *meshes, "--quiet")
    assert done.returncode == 0, done.stderr
    whole, coarse = as_series(out), as_series(small)
    assert (coarse.mesh, coarse.hemodynamic_offset, coarse.run["kind"]) == ("fsaverage4", 5.0, "measured")
    assert np.array_equal(coarse.values[:, :2562], whole.values[:, :2562])
    assert command_here("export", small, "--to", "mgh", "--out", files).returncode == 0
    sidecar = json.loads((files / "lh.bold.fsaverage4.json").read_text())
    assert sidecar["Description"].startswith("Measured BOLD")
    assert sidecar["Units"] == "z-scored BOLD"


def test_warnings_are_said_and_kept(command_here: Command, bold: Path, subjects: Path, tmp_path: Path) -> None:
    done = command_here(
        "project", bold, "--out", tmp_path / "out", "--subjects-dir", subjects, *HOW, "--tr", 1.5, "--quiet"
    )
    assert "tribe-np: warning: " in done.stderr
    assert "its header says 2 s between volumes; 1.5 s, as given, was used" in done.stderr
    assert len(json.loads((tmp_path / "out" / "run.json").read_text())["warnings"]) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--space", "native"), "--subject"),
        (("--radius", -1), "radius must be"),
        (("--depth", 0, "--kind", "ball"), "kind ball"),
        (("--confounds", "none.tsv", "--confound-columns", "motion"), "none.tsv: cannot be read"),
        (("--subject", "sub-09", "--space", "native"), "sub-09/surf: no such folder"),
        (("--spaec", "mni152"), "did you mean --space"),
        (("--tr", "two"), "--tr"),
    ],
)
def test_bad_options_are_one_line_and_leave_nothing(
    command_here: Command, bold: Path, subjects: Path, tmp_path: Path, options: tuple[object, ...], said: str
) -> None:
    done = command_here("project", bold, "--out", tmp_path / "out", "--subjects-dir", subjects, *HOW, *options)
    assert said in refused(done)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("what", ["absent", "folder", "text", "cut", "own"])
def test_bad_files_are_one_line_and_leave_nothing(
    command_here: Command, bold: Path, subjects: Path, tmp_path: Path, what: str
) -> None:
    path, out = tmp_path / f"{what}_space-MNI152.nii.gz", tmp_path / "out"
    if what == "folder":
        path.mkdir()
    elif what == "text":
        path.write_text("not a scan\n" * 60)
    elif what == "cut":
        path.write_bytes(bold.read_bytes()[: bold.stat().st_size // 2])
    elif what == "own":
        path, out = bold, tmp_path
    line = refused(command_here("project", path, "--out", out, "--subjects-dir", subjects, *HOW))
    assert path.name in line
    assert not [p for p in tmp_path.rglob("*") if ".partial" in p.name or p.name == "bold.npy"]


def test_a_folder_that_is_damaged_is_refused(command_here: Command, bold: Path, subjects: Path, tmp_path: Path) -> None:
    from tribe_np.errors import TribeError

    out = tmp_path / "out"
    command_here("project", bold, "--out", out, "--subjects-dir", subjects, *HOW, "--quiet")
    run = json.loads((out / "run.json").read_text())
    for damage in ({"tr": None}, {"mesh": "fsaverage6"}, {"start": "x"}):
        (out / "run.json").write_text(json.dumps(run | damage))
        with pytest.raises(TribeError, match=str(out)):
            as_series(out)
    (out / "run.json").unlink()
    with pytest.raises(TribeError, match=r"run\.json is missing"):
        as_series(out)
