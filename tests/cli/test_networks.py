"""tribe-np networks as it is called: planted networks found, matched and written; refusals in one line."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tests.prediction_folders import write_folder
from tribe_np.encoder.random import write_random

V = 2 * 10242
SMALL = 2 * 642


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def blobs() -> np.ndarray:
    """Two smooth networks on both hemispheres of fsaverage5, (2, V)."""
    from tribe_np.cortex.meshes.surfaces import load_surface

    points = load_surface("fsaverage5", "sphere").coordinates / 100
    centres = np.array([[0.2, 0.9, 0.4], [-0.5, -0.6, 0.6]])
    found = [np.exp(-((points - centre / np.linalg.norm(centre)) ** 2).sum(axis=1) / 0.1) for centre in centres]
    return np.array([found[0], found[1] * np.repeat([1, 0.5], V // 2)])


@pytest.mark.extras
def test_planted_networks_are_found_and_matched(command_here: Command, tmp_path: Path) -> None:
    rng, maps = np.random.default_rng(0), blobs()
    rows = rng.standard_normal((30, 2)) * [3, 1.5] @ maps + 0.01 * rng.standard_normal((30, V))
    folder = write_folder(tmp_path / "film", rows, {"mesh": "fsaverage5"})
    np.savez(tmp_path / "known.npz", front=maps[0], back=maps[1])
    out = tmp_path / "out"
    done = command_here(
        "networks", folder, "--out", out, "--components", 2, "--templates", tmp_path / "known.npz", "--spins", 39,
        "--restarts", 2, "--no-figure", "--json", "--to", "npy", "--quiet",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(done.stdout)
    assert [one["template"] for one in record["components"]] == ["front", "back"]
    assert all(one["r"] > 0.97 and one["p"] == one["p_best"] == 1 / 40 for one in record["components"])
    assert record["hemodynamic_offset"] == 5
    assert {**json.loads((out / "networks.json").read_text()), "formats": None} == {
        **{name: value for name, value in record.items() if name != "out"}, "formats": None
    }  # fmt: skip
    assert [row["template"] for row in table(out / "components.tsv")] == ["front", "back"]
    assert len(table(out / "templates.tsv")) == 4
    assert [float(row["start"]) for row in table(out / "courses.tsv")] == list(range(30)), "nothing is shifted"
    found = np.load(out / "npy" / "component-01.npy")
    assert np.corrcoef(found, maps[0])[0, 1] > 0.97
    again = command_here("networks", folder, "--out", out, "--components", 2, "--templates", "none", "--restarts", 0)
    assert again.returncode == 0, "its own is replaced"
    assert again.stderr.startswith("components: 1 start in "), "no time of it is taken for one of spins"
    assert "spins" not in again.stderr
    assert (out / "networks.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "gifti" / "lh.component-02.fsaverage5.func.gii").is_file()
    assert "2 components of 30 moments x 20484 vertices keep" in again.stdout
    np.testing.assert_array_equal(np.load(out / "npy" / "component-01.npy"), found)


@pytest.mark.extras
def test_the_last_units_of_a_checkpoint(command_here: Command, tmp_path: Path) -> None:
    write_random(
        tmp_path / "encoder", seed=1, feature_dims={"text": (1, 4)}, n_outputs=SMALL, n_output_timesteps=4, depth=1,
        low_rank_head=8, max_seq_len=8, data={"neuro": {"projection": {"mesh": "fsaverage3"}}},
    )  # fmt: skip
    shared = ("--components", 2, "--restarts", 1, "--templates", "none", "--no-figure", "--to", "npy")
    done = command_here("networks", tmp_path / "encoder", "--out", tmp_path / "out", *shared, "--json")
    record = json.loads(done.stdout)
    assert record["rows"] == {"are": "units", "n": 8}
    assert (record["units"], record["subject"]) == ("head", {"kind": "average"})
    assert record["method"]["mean_over_rows_removed"] is False
    assert "hemodynamic_offset" not in record
    assert "random weights" in done.stderr
    assert [row["unit"] for row in table(tmp_path / "out" / "courses.tsv")] == [str(unit) for unit in range(8)]
    told = command_here("plot", tmp_path / "out", "--out", tmp_path / "a.png")
    assert "it holds networks, whose maps are files; tribe-np plot" in refused(told)


@pytest.mark.extras
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--components", "9"], "6 rows, less the mean over them hold at most 5"),
        (["--components", "0"], "whole number from 1"),
        (["--spins", "3"], "spins must be 0 or at least 19"),
        (["--restarts", "-1"], "restarts must be a whole number from 0 on"),
        (["--seed", "-1"], "seed must be a whole number from 0 on"),
        (["--templates", "yeo-8"], "no such file or folder, and no known name"),
        (["--templates", "short.npy"], "on the mesh of the rows"),
        (["--units", "head"], "--units is for a checkpoint"),
        (["--subject", "3"], "--subject is for a checkpoint"),
        (["--within", "nowhere"], "no such file or folder"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], says: str, command_here: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("film.npy", np.random.default_rng(0).standard_normal((6, SMALL)).astype(np.float32))
    np.save("short.npy", np.ones((2, 7)))
    assert says in refused(command_here("networks", "film.npy", "--out", "out", *arguments))
    assert not (tmp_path / "out").exists()


@pytest.mark.extras
def test_sources_that_are_none(command_here: Command, tmp_path: Path) -> None:
    np.save(tmp_path / "flat.npy", np.ones((4, SMALL), np.float32))
    np.save(tmp_path / "odd.npy", np.ones((4, 77), np.float32))
    for source, says in (("flat.npy", "4 rows"), ("odd.npy", "77"), ("none", "none")):
        done = command_here("networks", tmp_path / source, "--out", tmp_path / "out", "--templates", "none")
        refused(done)
        assert says in done.stderr or "vary" in done.stderr
    rows = np.random.default_rng(0).standard_normal((6, SMALL))
    folder = write_folder(tmp_path / "film", rows, {"mesh": "fsaverage3"})
    assert "is inside the predictions" in refused(command_here("networks", folder, "--out", folder / "out"))
