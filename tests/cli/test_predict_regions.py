"""predict --roi with a parcellation from files: columns, run.json, and refusals before any work."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused, speechless
from tests.cortex.synthetic_labels import AREAS, LABELS, write_annotation
from tribe_np.pipeline.demo import DemoPaths

PER_SIDE = 10242
OF_VERTEX = np.resize(LABELS, PER_SIDE)

pytestmark = pytest.mark.extras  # the demo needs ffmpeg


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """HCP-MMP1's plain names on fsaverage5, in a folder."""
    folder = tmp_path / "atlas"
    folder.mkdir()
    for side in ("lh", "rh"):
        write_annotation(folder / f"{side}.HCP-MMP1.annot", ["medialwall", *AREAS], OF_VERTEX)
    return folder


def test_a_run_on_regions_names_its_parcellation(
    command_here: Command, demo: DemoPaths, sound: Path, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = ["predict", sound, *speechless(demo), "--quiet"]
    files = [plain / "rh.HCP-MMP1.annot", plain / "lh.HCP-MMP1.annot"]
    sources: list[list[object]] = [
        ["--parcellation", plain], ["--parcellation", *files], [],
    ]  # fmt: skip
    monkeypatch.setenv("TRIBE_NP_PARCELLATION", str(plain))
    whole = command_here(*chosen, "--out", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    vertices = np.flatnonzero(np.isin(OF_VERTEX, (1, 3)))
    vertices = np.concatenate([vertices, vertices + PER_SIDE])
    expected = np.load(tmp_path / "whole/predictions.npy")[:, vertices]
    for source in sources:
        done = command_here(*chosen, "--out", tmp_path / "part", "--roi", "V1,TE1a", *source)
        assert done.returncode == 0, done.stderr
        run = json.loads((tmp_path / "part/run.json").read_text())
        found = run["options"]["parcellation"]
        assert found["name"] == "hcp-mmp1"
        assert [file["path"] for file in found["files"]] == [str(file) for file in sorted(files)]
        assert found["files"][0]["sha256"] == hashlib.sha256(files[1].read_bytes()).hexdigest()
        assert run["options"]["vertices"] == vertices.tolist()
        assert run["cite"][-1].startswith("Glasser")
        np.testing.assert_allclose(np.load(tmp_path / "part/predictions.npy"), expected, atol=1e-6)


@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])
def test_regions_are_refused_before_any_work(
    command_here: Command, demo: DemoPaths, sound: Path, plain: Path, tmp_path: Path, dry: list[str]
) -> None:
    def said(*options: object) -> str:
        process = command_here("predict", sound, *speechless(demo), "--out", tmp_path / "out", *dry, *options)
        assert "chunk" not in process.stderr  # of the stages that compute
        assert not (tmp_path / "out").exists()
        return refused(process)

    assert "region '1a' is not an area of hcp-mmp1; near are 'TE1a'" in said("--roi", "1a", "--parcellation", plain)
    assert "near are 'V1' (upper and lower case matter)" in said("--roi", "v1", "--parcellation", plain)
    assert "near are 'V1'" in said("--roi", "L_V1_ROI", "--parcellation", plain)
    assert "holds no parcellation" in said("--roi", "V1", "--parcellation", demo.models)
    assert "--parcellation" in said("--parcellation", plain)
    assert "no known name" in said("--roi", "V1", "--parcellation", "hpc-mmp1")
    (plain / "rh.HCP-MMP1.annot").write_bytes((plain / "lh.HCP-MMP1.annot").read_bytes()[:-40])
    assert "rh.HCP-MMP1.annot: not a FreeSurfer annotation" in said("--roi", "V1", "--parcellation", plain)
