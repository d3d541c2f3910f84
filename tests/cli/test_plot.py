"""tribe-np plot: figures of predictions, or one line that says what is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tests.cortex.icospheres import write_freesurfer
from tests.prediction_folders import write_folder
from tribe_np.cli.main import main
from tribe_np.outputs.made_here import file_marker

pytestmark = pytest.mark.extras
N = 1284


@pytest.fixture(scope="module")
def meshes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FreeSurfer's subjects folder with fsaverage3."""
    return write_freesurfer(tmp_path_factory.mktemp("subjects"), "fsaverage3")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four rows of a run of fsaverage3."""
    values = np.random.default_rng(0).normal(size=(4, N))
    run = {"options": {"vertices": None}, "shape": [4, N], "mesh": "fsaverage3"}
    return write_folder(tmp_path_factory.mktemp("run") / "predictions", values, run)


def test_a_figure_is_written_and_replaced(command_here: Command, folder: Path, meshes: Path, tmp_path: Path) -> None:
    out, small = tmp_path / "a.png", ("--dpi", 60, "--surface", "pial", "--subjects-dir", meshes)
    done = command_here("plot", folder, "--out", out, *small)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"wrote {out}: 201 x ")
    first = out.read_bytes()
    again = command_here("plot", folder, "--out", out, "--json", *small)
    assert json.loads(again.stdout)["out"] == str(out)
    assert out.read_bytes() == first
    other = command_here(
        "plot", folder, "--out", out, *small, "--at", 1, 2, "--views", "left,dorsal", "--background", "black",
        "--limits", "-2", "2", "--threshold", "0.5", "--cmap", "PuOr", "--title", "T", "--size", "two", "--columns", 1,
        "--no-symmetric", "--no-colour-bar", "--no-fade", "--align", "stimulus",
    )  # fmt: skip
    assert other.returncode == 0, other.stderr
    assert out.read_bytes() != first
    assert file_marker(out).exists()


def test_two_runs_and_a_difference(command_here: Command, folder: Path, meshes: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "b.npy", np.zeros((4, N)))
    small = ("--dpi", 60, "--surface", "pial", "--subjects-dir", meshes, "--views", "left")
    for name, options in {"a.svg": ["--rgb"], "b.pdf": ["--names", "one", "two"]}.items():
        done = command_here("plot", folder, tmp_path / "b.npy", "--out", tmp_path / name, *small, *options)
        assert done.returncode == 0, done.stderr
    done = command_here("plot", folder, "--minus", tmp_path / "b.npy", "--out", tmp_path / "c.png", *small)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--out", "a.jpg"], "ends in '.jpg'; a figure is one of .png, .svg, .pdf"),
        (["--out", "a"], "has no suffix"),
        (["--out", "a.png", "--at", "99"], "--at 99: rows of"),
        (["--out", "a.png", "--views", "latral"], "did you mean lateral"),
        (["--out", "a.png", "--cmap", "virdis"], "did you mean viridis"),
        (["--out", "a.png", "--limits", "2", "1"], "of which the lower one comes first"),
        (["--out", "a.png", "--size", "wide"], "must be a width in mm, one or two"),
        (["--out", "a.png", "--at", "1", "--timesteps"], "not allowed with"),
        (["--out", "a.png", "--label", "V1"], "hcp-mmp1"),
        (["--out", "a.png", "--subjects-dir", "nowhere"], "nowhere"),
    ],
)
def test_what_is_wrong_is_one_line(
    command_here: Command, folder: Path, meshes: Path, options: list[str], said: str, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for name in ("SUBJECTS_DIR", "FREESURFER_HOME"):
        monkeypatch.delenv(name, raising=False)
    more = [] if "--subjects-dir" in options else ["--subjects-dir", str(meshes)]
    assert said in refused(command_here("plot", folder, *more, *options))
    assert list(tmp_path.glob("a*")) == []


def test_a_persons_file_is_not_replaced(command_here: Command, folder: Path, meshes: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.png"
    out.write_bytes(b"mine")
    line = refused(command_here("plot", folder, "--out", out, "--subjects-dir", meshes))
    assert "was not written by tribe-np plot" in line
    assert out.read_bytes() == b"mine"


def test_without_matplotlib_one_line_says_what_to_install(
    folder: Path, meshes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import sys

    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # what a package that is not installed looks like
    assert main(["plot", str(folder), "--out", str(tmp_path / "a.png"), "--subjects-dir", str(meshes)]) == 2
    assert 'Install it: pip install "tribe_np[plot]"' in capfd.readouterr().err
