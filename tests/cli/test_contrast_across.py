"""Every file that tribe-np contrast writes, and all that it prints, says across what its numbers hold."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.contrasts.made_experiments import N, blocks, noise, with_effect, write_experiment
from tests.cli.test_contrast import run, write_parcels
from tribe_np.analysis.contrasts.contrasting import contrast
from tribe_np.analysis.statistics.wording import ACROSS_STIMULI
from tribe_np.outputs.exports.format_names import EXPORT_FORMATS

BINARY = (".npy", ".gii", ".nii", ".gz", ".mgh", ".mgz", ".mz3", ".stc", ".npz", ".h5", ".bin", ".png", ".csv")
OF_THE_WRITER = (".tribe-np.json", "segments.json")  # which hold no numbers of the contrast


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return write_experiment(tmp_path / "made", with_effect(noise(64), np.s_[:100]), blocks())


def wrong_tables(out: Path) -> Iterator[str]:
    """Tables with a row that does not say it."""
    for path in out.rglob("*.tsv"):
        with path.open(newline="", encoding="utf-8") as file:
            head, *rows = csv.reader(file, delimiter="\t")
        if head[-1] != "across" or any(row[-1] != ACROSS_STIMULI for row in rows):
            yield path.name


def wrong_files(out: Path) -> Iterator[str]:
    """Texts that do not say it, and maps with no file beside them that does."""
    for path in sorted(out.rglob("*")):
        if path.is_dir() or path.name in OF_THE_WRITER or path.suffix == ".tsv":
            continue
        says = path if path.suffix not in BINARY else out / "contrast.json"
        if path.suffix in BINARY and path.suffix != ".png":
            stem = path.name.removesuffix(".gz").rsplit(".", 1)[0]
            beside = [path.parent / f"{name}.json" for name in (stem, stem.rsplit(".", 1)[0], "maps")]
            says = next((one for one in beside if one.is_file()), path)
        record = json.loads(says.read_text(encoding="utf-8")) if says.suffix == ".json" else {}
        if ACROSS_STIMULI not in (record.get("across"), record.get("Run", {}).get("across")):
            yield str(path.relative_to(out))
        if "Description" in record and ACROSS_STIMULI not in record["Description"]:
            yield f"the description of {path.relative_to(out)}"


@pytest.mark.parametrize("how", [["--permute", "50"], ["--pair"], ["--by-stimulus"]])
def test_every_file_says_it(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: list[str]) -> None:
    out, parcels = tmp_path / "out", write_parcels(tmp_path / "parcels.csv", N)
    formats = [name for name in EXPORT_FORMATS if name not in ("nifti", "hdf5", "stc")]
    asked = ["--parcellation", parcels, "--fir", 2, "--to", "npy", *formats, *how]
    assert run(made, "a - b", "--out", out, *asked) == 0
    assert f"  {ACROSS_STIMULI}" in capsys.readouterr().out.splitlines()
    assert {path.name for path in out.glob("*.tsv")} >= {"regions.tsv", "fir.tsv"}
    assert {path.name for path in out.iterdir()} >= {"npy", *formats}
    assert [*wrong_tables(out), *wrong_files(out)] == []
    meanings = json.loads((out / "npy" / "maps.json").read_text())["maps"]
    assert {f"{name}.npy" for name in meanings} == {path.name for path in (out / "npy").glob("*.npy")}
    assert all(each["means"].endswith(ACROSS_STIMULI) for each in meanings.values())
    assert run(made, "a - b", "--out", out, "--to", "npy", "--json") == 0
    assert json.loads(capsys.readouterr().out)["contrasts"][0]["across"] == ACROSS_STIMULI


@pytest.mark.extras
def test_figures_clusters_and_a_glm_say_it(tmp_path: Path) -> None:
    from matplotlib.text import Text

    from tribe_np.plots.figures.contrast_figure import contrast_figure, course_figure

    values = np.tile(noise(64), 16)[:, :20484]
    values[[int(t[0]) for t in blocks() if t[2] == "a"], :300] += 9
    mesh = {"mesh": "fsaverage5", "space": {"kind": "surface", "mesh": "fsaverage5", "n_outputs": 20484}}
    made, out = write_experiment(tmp_path / "made", values, blocks(), run=mesh), tmp_path / "out"
    parcels = write_parcels(tmp_path / "parcels.csv", 20484)
    asked = ["--parcellation", parcels, "--fir", 2, "--to", "npy", "hdf5", "stc", "--glm"]
    assert run(made, "a - b", "--out", out, *asked) == 0
    assert {path.name for path in out.iterdir()} >= {"clusters.tsv", "figure.png", "fir.png"}
    assert len((out / "clusters.tsv").read_text().splitlines()) > 1
    assert [*wrong_tables(out), *wrong_files(out)] == []
    result = contrast(made, "a - b", fir=2, parcellation=str(parcels))
    for figure in (contrast_figure(result), course_figure(result)):
        texts = " ".join(text.get_text() for text in figure.findobj(Text)).lower()
        assert ACROSS_STIMULI in " ".join(texts.split())
