"""tribe-np roi on a predictions folder and synthetic annotations: what it prints and writes, and what it refuses."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tests.prediction_folders import write_folder
from tools.reference.regions import AREAS, write_annotations
from tribe_np.cortex import as_series, roi


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("atlas")
    write_annotations(folder)
    return folder


def write_prediction(folder: Path, vertices: list[int] | None = None) -> Path:
    """Nine rows, in the files that are read of a predictions folder; of all vertices, or of some."""
    values = np.random.default_rng(5).standard_normal((9, 20484))
    chosen = values if vertices is None else values[:, vertices]
    return write_folder(folder, chosen, {"options": {"vertices": vertices}}, starts=[r - 1e-6 for r in range(9)])


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    return write_prediction(tmp_path / "predictions")


def table(path: Path, separator: str = "\t") -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file, delimiter=separator))


def test_the_summary_on_the_terminal(command_here: Command, predictions: Path, atlas: Path) -> None:
    done = command_here("roi", predictions, "--parcellation", atlas, "--top", 3)
    assert (done.returncode, done.stderr) == (0, "")
    first, names, *rows = done.stdout.splitlines()
    assert first.startswith(f"{predictions}: means of ")
    assert f"rows in 3 of {len(AREAS)} regions" in first
    assert names.split() == ["rank", "region", "vertices", "mean"]
    wanted = roi(predictions, atlas, top=3)
    assert [row.split()[:3] for row in rows] == [
        [str(rank), name, str(n)] for rank, name, n in zip(wanted.ranks, wanted.names, wanted.n_vertices, strict=True)
    ]
    assert [float(row.split()[3]) for row in rows] == pytest.approx(wanted.means, rel=1e-5)


@pytest.mark.parametrize(("suffix", "separator"), [("tsv", "\t"), ("csv", ",")])
def test_time_courses_and_summary_as_tables(
    suffix: str, separator: str, command_here: Command, predictions: Path, atlas: Path, tmp_path: Path
) -> None:
    out = tmp_path / f"regions.{suffix}"
    given = ["roi", predictions, "--parcellation", atlas, "--hemisphere", "separate", "--out", out]
    done = command_here(*given)
    wanted, series = roi(predictions, atlas, hemisphere="separate"), as_series(predictions)
    assert done.stdout == f"wrote {out}: {len(series.values)} rows, {2 * len(AREAS)} regions (hcp-mmp1)\n"
    header, *rows = table(out, separator)
    assert header == ["start", "bold_time", *wanted.names]
    cells = np.array(rows, float)
    np.testing.assert_allclose(cells[:, 0], series.starts, rtol=0, atol=1e-9)
    np.testing.assert_allclose(cells[:, 1], series.starts + 5, rtol=0, atol=1e-8)
    np.testing.assert_array_equal(cells[:, 2:], wanted.values)
    assert command_here(*given, "--summary").returncode == 0, "its own file is replaced"
    header, *rows = table(out, separator)
    assert header == ["region", "hemisphere", "n_vertices", "n_computed", "n_left_out", "mean", "rank"]
    assert [row[:3] for row in rows] == [
        [region, side, str(n)]
        for region, side, n in zip(wanted.regions, wanted.hemispheres, wanted.n_vertices, strict=True)
    ]
    np.testing.assert_array_equal([float(row[5]) for row in rows], wanted.means)
    np.testing.assert_array_equal([int(row[6]) for row in rows], wanted.ranks)


def test_json_holds_all_and_names_the_files(
    command_here: Command, predictions: Path, atlas: Path, tmp_path: Path
) -> None:
    out = tmp_path / "regions.json"
    given = ["roi", predictions, "--parcellation", atlas / "lh.HCPMMP1.annot", "--regions", "V1,F*"]
    assert command_here(*given, "--out", out).returncode == 0
    record = json.loads(out.read_text())
    printed = json.loads(command_here(*given, "--json").stdout)
    assert printed == {"out": None} | record
    assert record["vertices"] is None
    wanted = roi(predictions, atlas, regions=["V1", "F*"])
    assert [entry["region"] for entry in record["regions"]] == ["V1", "FFC"]
    assert record["regions"][0]["values"] == wanted.values[:, 0].tolist()
    assert record["regions"][0]["rank"] == wanted.ranks[0]
    assert record["starts"] == as_series(predictions).starts.tolist()
    assert (record["hemodynamic_offset"], record["n_ranked"], record["warnings"]) == (5.0, len(AREAS), [])
    digests = {Path(file["path"]).name: file["sha256"] for file in record["parcellation_files"]}
    assert digests == {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in atlas.iterdir()}


def test_a_selection_run_warns_of_what_it_lacks(
    command_here: Command, predictions: Path, atlas: Path, tmp_path: Path
) -> None:
    v1 = roi(predictions, atlas, regions=["V1"]).parcellation.vertices("V1").tolist()
    run = write_prediction(tmp_path / "run", v1[:50])
    done = command_here("roi", run, "--parcellation", atlas)
    assert done.returncode == 0
    assert f"{len(AREAS) - 1} of the {len(AREAS)} regions of hcp-mmp1 have no computed vertex" in done.stderr
    assert f"V1 (50 of {len(v1)} vertices)" in done.stderr
    assert f"50 of {len(v1)}" in done.stdout
    out = tmp_path / "asked.json"
    assert command_here("roi", run, "--parcellation", atlas, "--regions", "V2", "--out", out).returncode == 0
    record = json.loads(out.read_text())
    assert record["vertices"] == v1[:50]
    entry = record["regions"][0]
    assert (entry["mean"], entry["rank"], entry["n_computed"]) == (None, None, 0)
    assert set(entry["values"]) == {None}
    assert command_here("roi", run, "--parcellation", atlas, "--regions", "V2", "--out", out.with_suffix(".tsv"))
    assert {row[2] for row in table(out.with_suffix(".tsv"))[1:]} == {"NaN"}


def test_rows_of_several_timelines_name_theirs(command_here: Command, atlas: Path, tmp_path: Path) -> None:
    values = np.random.default_rng(5).standard_normal((4, 20484))
    run = {"options": {"vertices": None}}
    folder = write_folder(tmp_path / "two", values, run, starts=[0, 1, 0, 1], timelines=["a", "a", "b", "b"])
    assert command_here("roi", folder, "--parcellation", atlas, "--out", tmp_path / "two.tsv").returncode == 0
    names, *rows = table(tmp_path / "two.tsv")
    assert names[:3] == ["timeline", "start", "bold_time"]
    assert [row[:3] for row in rows] == [["a", "0", "5"], ["a", "1", "6"], ["b", "0", "5"], ["b", "1", "6"]]
    assert command_here("roi", folder, "--parcellation", atlas, "--out", tmp_path / "two.json").returncode == 0
    assert json.loads((tmp_path / "two.json").read_text())["timelines"] == ["a", "a", "b", "b"]


def test_networks_by_a_table(command_here: Command, predictions: Path, atlas: Path, tmp_path: Path) -> None:
    given = ["roi", predictions, "--parcellation", atlas]
    line = refused(command_here(*given, "--network"))
    assert "the names of hcp-mmp1 tell no networks" in line
    assert "give a table with the columns region and network" in line
    networks = tmp_path / "networks.tsv"
    networks.write_text("region\tnetwork\nV1\tVisual\nV2\tVisual\nA1\tAuditory\n")
    done = command_here(*given, "--network-table", networks, "--json")
    assert [entry["region"] for entry in json.loads(done.stdout)["regions"]] == ["Visual", "Auditory"]
    assert str(networks) in done.stdout


def test_what_is_refused_in_one_line(command_here: Command, predictions: Path, atlas: Path, tmp_path: Path) -> None:
    def line(*options: object) -> str:
        return refused(command_here("roi", predictions, "--parcellation", atlas, *options))

    assert "region 'FFD' is not an area of hcp-mmp1" in line("--regions", "FFD")
    assert "'V1'" in line("--regions", "v1")
    assert "top must be a whole number from 1 on, got 0" in line("--top", 0)
    assert "expected a name that ends in .tsv, .csv, .json" in line("--out", tmp_path / "a.xlsx")
    mine = tmp_path / "mine.tsv"
    mine.write_text("mine")
    assert "exists and was changed, or was not written by tribe-np roi" in line("--out", mine)
    assert mine.read_text() == "mine"
    networks = tmp_path / "networks.csv"
    networks.write_text("region,network\nV1,a\n")
    assert "not written by tribe-np roi" in line("--network-table", networks, "--out", networks)
    assert networks.read_text() == "region,network\nV1,a\n"
    assert "not a prediction folder" in refused(command_here("roi", atlas, "--parcellation", atlas))
    assert "no such file or folder" in refused(command_here("roi", predictions, "--parcellation", tmp_path / "none"))
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix) == ["mine.tsv", "networks.csv"]


def test_a_coarser_annotation_is_refused(command_here: Command, predictions: Path, tmp_path: Path) -> None:
    rows: list[Any] = ["region", *(["V1"] * 642)]
    (tmp_path / "coarse").mkdir()
    for side in ("lh", "rh"):
        (tmp_path / "coarse" / f"{side}.areas.csv").write_text("\n".join(rows) + "\n")
    line = refused(command_here("roi", predictions, "--parcellation", tmp_path / "coarse"))
    assert "has 642 vertices, fewer than the 10242 per hemisphere of fsaverage5" in line
