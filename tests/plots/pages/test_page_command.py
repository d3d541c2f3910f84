"""`tribe-np page`: its lines, its errors, niivue's folder, and what other commands say of it."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from tests.cli.conftest import Command, command_here, refused
from tests.plots.pages.conftest import MakeRun, V
from tests.plots.pages.unpacked import read_page
from tribe_np import optional
from tribe_np.errors import OutputError
from tribe_np.plots.pages.niivue_files import write_niivue

__all__ = ["command_here"]
pytestmark = pytest.mark.extras


def test_a_page_and_its_line(command_here: Command, make_run: MakeRun, subjects: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    layer = f"again={make_run('again')}"
    done = command_here("page", make_run(), "--out", out, "--subjects-dir", subjects, "--layer", layer, "--title", "T")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"wrote {out}: ")
    assert done.stdout.count("\n") == 1
    read = read_page(out)
    assert read.facts["title"] == "T"
    assert [each["name"] for each in read.facts["layers"]] == ["prediction", "again"]
    assert done.stderr.count("warning:") == len(read.facts["notes"])


def test_json_tells_what_was_written(command_here: Command, make_run: MakeRun, subjects: Path, tmp_path: Path) -> None:
    given = ("--out", tmp_path / "page.html", "--subjects-dir", subjects, "--json", "--quiet")
    told = json.loads(command_here("page", make_run(), *given).stdout)
    assert told["bytes"] == (tmp_path / "page.html").stat().st_size
    assert (told["layers"], told["stimuli"]) == (["prediction"], ["text"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "--out"),
        (("--out", "p.html", "--layer", "x"), "NAME=FOLDER"),
        (("--out", "p.html", "--layer", "x=a", "--layer", "x=b"), "given twice"),
        (("--out", "p.html", "--layer", "x=no-such.npy"), "no-such.npy"),
        (("--out", "p.html", "--start", "99"), "no rows"),
        (("--out", "p.html", "--regions", "V1"), "hcp-mmp1"),
        (("--out", "p.html", "--timeline", "other"), "other"),
        (("--out", "p.html", "--max-mb", "0.01"), "--max-mb"),
        (("--out", "p.html", "--percentile", "101"), "percentile"),
        (("--out", "."), "is a folder"),
        (("--out", "page.txt"), ".html"),
    ],
)
def test_bad_input_is_one_line(
    command_here: Command, make_run: MakeRun, subjects: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    given: tuple[str, ...], said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert said in refused(command_here("page", make_run(), "--subjects-dir", subjects, *given))
    assert not (tmp_path / "p.html").exists()


def test_an_array_of_the_wrong_size_is_named(command_here: Command, tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.zeros((3, 1000)))
    line = refused(command_here("page", tmp_path / "rows.npy", "--out", tmp_path / "p.html"))
    assert line.startswith(f"tribe-np: error: {tmp_path}/rows.npy: has 1000 vertices")


def test_without_a_mesh_the_line_says_how_to_get_one(command_here: Command, make_run: MakeRun, tmp_path: Path) -> None:
    given = ("--out", tmp_path / "p.html", "--subjects-dir", tmp_path)
    assert "fsaverage3" in refused(command_here("page", make_run(), *given))


def test_without_the_extra_the_line_names_it(
    command_here: Command, make_run: MakeRun, subjects: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = optional.import_module

    def missing(name: str) -> object:
        if name.split(".")[0] == "matplotlib":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name)

    monkeypatch.setattr(optional, "import_module", missing)
    line = refused(command_here("page", make_run(), "--out", tmp_path / "p.html", "--subjects-dir", subjects))
    assert 'pip install "tribe_np[plot]"' in line


def test_a_demo_ends_well_without_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tribe_np.cli import demo
    from tribe_np.errors import MissingDependencyError
    from tribe_np.pipeline.demo import DemoPaths
    from tribe_np.plots.pages import page_making

    def missing(*_: object) -> None:
        raise MissingDependencyError('a colour map needs matplotlib: pip install "tribe_np[plot]"')

    monkeypatch.setattr(page_making, "page", missing)
    line = demo._page(DemoPaths(tmp_path))
    assert line.startswith(f"next: tribe-np page {tmp_path}/predictions --out {tmp_path}/page.html; ")
    assert line.endswith('pip install "tribe_np[plot]"')


def test_predict_says_what_to_type_next(tmp_path: Path) -> None:
    from tribe_np.cli.predict import _next

    assert _next({}, tmp_path / "a b") == f"next: tribe-np page '{tmp_path}/a b' --out page.html"
    assert "export" in _next({"space": {"kind": "mask"}}, tmp_path)
    assert "numpy.load" in _next({"space": {"kind": "atlas"}}, tmp_path)


def test_niivues_folder_holds_surfaces_and_series(
    make_run: MakeRun, subjects: Path, tmp_path: Path, values: np.ndarray
) -> None:
    written = write_niivue(make_run(), tmp_path / "niivue", subjects_dir=subjects)
    assert all((written.folder / name).is_file() for name in written.files)
    series = nibabel.load(tmp_path / "niivue" / "gifti" / "rh.predictions.fsaverage3.func.gii")
    np.testing.assert_array_equal(np.stack([array.data for array in series.darrays]), values[:, V:])
    for kind in ("pial", "inflated"):
        surface = nibabel.load(tmp_path / "niivue" / "gifti" / f"rh.{kind}.surf.gii")
        points, faces = (array.data for array in surface.darrays)
        assert points.shape == (V, 3)
        assert faces.max() == V - 1
    assert points[:, 0].min() > 0
    import gzip

    packed = gzip.decompress((tmp_path / "niivue" / "mz3" / "lh.predictions.fsaverage3.mz3").read_bytes())
    np.testing.assert_array_equal(np.frombuffer(packed[-4 * V :], "<f4"), values[-1, :V])
    readme = (tmp_path / "niivue" / "README.txt").read_text()
    assert "6 rows" in readme
    assert "gifti/lh.predictions.fsaverage3.func.gii" in readme
    again = write_niivue(make_run("b"), tmp_path / "niivue", subjects_dir=subjects)  # its own result is replaced
    assert again.files == written.files


def test_niivues_folder_replaces_nothing_of_others(make_run: MakeRun, subjects: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"--niivue .*holds other files"):
        write_niivue(make_run(), tmp_path / "mine", subjects_dir=subjects)
