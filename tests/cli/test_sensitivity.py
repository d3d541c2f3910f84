"""tribe-np sensitivity: its folder, what it prints, and what it refuses in one line."""

import json
import shutil
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tests.cli.test_modalities import models_of, parcels
from tribe_np.cli.earlier_options import take_from_folder
from tribe_np.cli.parser import command_parser
from tribe_np.pipeline.demo import DemoPaths

pytestmark = pytest.mark.extras
THREE = ("text", "audio", "video")


@pytest.fixture(scope="module")
def predicted(demo: DemoPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prediction of the demo's film with what its cache holds, and a table of two regions beside it."""
    from tribe_np.cli.main import main

    place = tmp_path_factory.mktemp("predicted")
    assert main(["predict", *map(str, models_of(demo, place)), "--out", str(place / "run"), "--quiet"]) == 0
    parcels(place / "parcels.csv", 20484)
    return place / "run"


def table(path: Path) -> list[dict[str, str]]:
    first, *rows = [line.split("\t") for line in path.read_text().splitlines()]
    return [dict(zip(first, row, strict=True)) for row in rows]


def test_maps_of_every_region(predicted: Path, tmp_path: Path, command_here: Command) -> None:
    out = tmp_path / "out"
    done = command_here("sensitivity", predicted, "--parcellation", predicted.parent / "parcels.csv", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "loading the" not in done.stderr, "features come from the run's cache"
    assert "2 regions at 1 row of 1 window: 2 backward passes of the brain encoder" in done.stderr
    assert {path.name for path in out.iterdir() if not path.name.startswith(".")} == {
        "curves.npz", "gifti", "lag.png", "lags.tsv", "modality.png", "npy", "regions.tsv", "sensitivity.json",
        "shares.png",
    }  # fmt: skip
    record, rows = json.loads((out / "sensitivity.json").read_text()), table(out / "regions.tsv")
    assert record["difference_from_the_folder"] < 1e-4
    assert (record["n_rows"], record["n_windows"], record["n_backward_passes"]) == (1, 1, 2)
    assert record["random_weights"]
    assert record["hemodynamic_offset"] == 5
    assert "nothing is shifted" in record["definitions"]["lag"]
    assert [(row["region"], row["n_vertices"]) for row in rows] == [("one", "100"), ("two", "20384")]
    maps = {path.stem: np.load(path) for path in (out / "npy").glob("*.npy")}
    assert set(maps) == {"lag", "modality", *(f"{kind}_{m}" for kind in ("share", "lag") for m in THREE)}
    np.testing.assert_allclose(sum(maps[f"share_{m}"] for m in THREE), 1, rtol=1e-9)
    for name, at in (("one", 50), ("two", 20000)):
        row = next(row for row in rows if row["region"] == name)
        assert float(row["lag"]) == maps["lag"][at]
        assert row["modality"] == THREE[int(maps["modality"][at]) - 1]
        assert float(row["share_audio"]) == pytest.approx(maps["share_audio"][at])
    curves = np.load(out / "curves.npz")
    assert curves["regions"].tolist() == ["one", "two"]
    modality = rows[0]["modality"]
    best = curves["lags"][np.nanargmax(curves[f"scaled_{modality}"][0])]
    assert float(rows[0]["lag"]) == best
    by_lag = table(out / "lags.tsv")
    assert {row["modality"] for row in by_lag} == set(THREE)
    mine = {
        float(row["lag"]): float(row["scaled"])
        for row in by_lag
        if (row["region"], row["modality"]) == ("one", modality)
    }
    assert max(mine, key=mine.__getitem__) == best
    left = nibabel.load(out / "gifti" / "lh.lag.fsaverage5.func.gii").agg_data()
    np.testing.assert_allclose(left, maps["lag"][:10242])
    said = done.stdout.splitlines()
    assert said[0].startswith("2 regions of parcels, 1 row of 1 window; shares of the squared derivatives, lags from")
    assert f" first in {sum(row['modality'] == 'text' for row in rows)} of 2 regions" in said[1]
    refusal = command_here("plot", out, "--out", tmp_path / "figure.png").stderr
    assert "it holds what regions listen to, whose maps are files; tribe-np plot" in refusal
    assert "npy/lag.npy draws one" in refusal


def test_some_regions(predicted: Path, tmp_path: Path, command_here: Command) -> None:
    out = tmp_path / "out"
    done = command_here("sensitivity", predicted, "--parcellation", predicted.parent / "parcels.csv", "--roi", "t*,one",
                        "--hemisphere", "left", "--rows", 3, "--out", out, "--json", "--quiet")  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert [(each["region"], each["hemisphere"], each["n_used"]) for each in record["regions"]] == [
        ("two", "left", 10142), ("one", "left", 100),
    ]  # fmt: skip
    assert {path.name for path in out.iterdir() if not path.name.startswith(".")} == {
        "curves.npz", "curves.png", "lags.tsv", "regions.tsv", "sensitivity.json",
    }  # fmt: skip
    assert record["difference_from_the_folder"] < 1e-4
    assert "warning: random weights" in done.stderr
    again = command_here("sensitivity", predicted, "--parcellation", predicted.parent / "parcels.csv", "--roi", "one",
                         "--rows", 1, "--out", out, "--quiet")  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[1].startswith("  one  text ")


def test_maps_of_one_modality_alone(predicted: Path, tmp_path: Path, command_here: Command) -> None:
    done = command_here("sensitivity", predicted, "--parcellation", predicted.parent / "parcels.csv", "--only", "audio",
                        "--out", tmp_path / "out", "--quiet")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "audio first in 2 of 2 regions" in done.stdout
    assert "not in this run, so that nothing is said of it: text, video" in done.stdout
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"lag.png", "modality.png", "shares.png"}


def test_a_folder_whose_predictions_are_others_is_told(predicted: Path, tmp_path: Path, command_here: Command) -> None:
    other = tmp_path / "other"
    shutil.copytree(predicted, other)
    np.save(other / "predictions.npy", np.load(other / "predictions.npy") + 1)
    done = command_here("sensitivity", other, "--parcellation", predicted.parent / "parcels.csv", "--roi", "one",
                        "--rows", 1, "--out", tmp_path / "out", "--quiet")  # fmt: skip
    assert "its predictions of these regions differ from those made now by up to 1" in done.stderr


@pytest.mark.parametrize("command", ["modalities", "sensitivity"])
def test_the_average_subject_can_be_asked_of_a_folder_of_another(predicted: Path, tmp_path: Path, command: str) -> None:
    folder, parser = shutil.copytree(predicted, tmp_path / "run"), command_parser(command)
    record = json.loads((folder / "run.json").read_text())
    record["options"]["subject"] = "sub-02"
    (folder / "run.json").write_text(json.dumps(record))
    for given, expected in (([], "sub-02"), (["--subject", "average"], None), (["--subject", "3"], "3")):
        options = parser.parse_args([str(folder), "--out", str(tmp_path / "out"), *given])
        assert take_from_folder(options) is not None
        assert options.subject == expected
    options = parser.parse_args([str(folder / "events.tsv"), "--out", str(tmp_path / "out")])
    assert take_from_folder(options) is None
    assert options.subject is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--roi", "on"], "region 'on' is not an area of parcels; near are 'one'"),
        (["--roi", "all,one"], "region 'all' is not an area of parcels"),
        (["--roi", "one", "--hemisphere", "right"], "parcels: one-rh has no vertex among those of"),
        (
            ["--roi", "one", "--check", "2"],
            "--check compares with differences in float64: give --precision float64 too",
        ),
        (["--roi", "one", "--to", "npy"], "--to is for maps, which are of every region; leave --roi out, or --to"),
        (["--roi", "one", "--subject", "3"], "this checkpoint holds the average subject only"),
        (["--rows", "0"], "argument --rows"),
        (["--hemisphere", "upper"], "invalid choice: 'upper'"),
    ],
)
def test_refusals(predicted: Path, tmp_path: Path, command_here: Command, arguments: list[Any], message: str) -> None:
    table = predicted.parent / "parcels.csv"
    done = command_here("sensitivity", predicted, "--parcellation", table, "--out", tmp_path / "out", *arguments)
    assert message in refused(done)
    assert not (tmp_path / "out").exists()


def test_refusals_of_places_and_of_no_parcellation(predicted: Path, tmp_path: Path, command_here: Command) -> None:
    for out in (predicted, predicted / "lags"):
        assert "--out" in refused(command_here("sensitivity", predicted, "--out", out))
    gone = refused(
        command_here("sensitivity", predicted, "--parcellation", tmp_path / "gone", "--out", tmp_path / "out")
    )
    assert "gone" in gone
    assert not (tmp_path / "out").exists()
