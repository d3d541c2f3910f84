"""A checkpoint of 26 subjects: info lists them, every command takes one by name or index, and says whom there is."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tests.cli.test_fit import WORDS
from tribe_np.encoder.random import write_random
from tribe_np.formats.checkpoint import open_checkpoint
from tribe_np.pipeline.demo import DemoPaths

pytestmark = pytest.mark.extras
V, N = 1284, 26  # vertices of fsaverage3
NAMES = {f"{'Film2025' if k < 4 else 'Story2023'}/sub-{k + 1:02}": k for k in range(N)}


@pytest.fixture(scope="module")
def many(demo: DemoPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    dims = dict(open_checkpoint(demo.models / "encoder").build_args)["feature_dims"]
    write_random(
        folder / "encoder", seed=1, feature_dims=dims, n_outputs=V, hidden=96, depth=1, heads=3, low_rank_head=16,
        brain={"subject_layers": {"n_subjects": N, "subject_dropout": 0.1}},
        data={"subject_id": {"predefined_mapping": NAMES}, "neuro": {"projection": {"mesh": "fsaverage3"}}},
    )  # fmt: skip
    return folder


def models(demo: DemoPaths, many: Path) -> list[object]:
    cache = ["--cache", many / "cache", "--quiet"]
    return ["--checkpoint", many / "encoder", "--models", demo.models, *cache]


def test_info_lists_them(many: Path, command_here: Command) -> None:
    lines = command_here("info", many / "encoder").stdout.splitlines()
    first = lines.index("  index  name              study")
    assert lines[first + 1] == "      0  Film2025/sub-01   Film2025"
    assert lines[first + N] == "     25  Story2023/sub-26  Story2023"
    assert lines[first + N + 1] == "      -  -                 -          the average subject"
    table = json.loads(command_here("info", many / "encoder", "--json").stdout)["subjects"]["table"]
    assert (len(table), table[-1]["index"]) == (N + 1, None)
    assert table[12] == {"index": 12, "name": "Story2023/sub-13", "study": "Story2023", "is_fitted": False}


def test_every_command_takes_one(demo: DemoPaths, many: Path, tmp_path: Path, command_here: Command) -> None:
    shown = [demo.clip, "--transcript", demo.transcript, *models(demo, many)]
    found = {}
    for name, more in (("named", ["Story2023/sub-13"]), ("index", [12]), ("other", [13]), ("average", ["average"])):
        done = command_here("predict", *shown, "--subject", *more, "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
        found[name] = np.load(tmp_path / name / "predictions.npy")
    np.testing.assert_array_equal(found["named"], found["index"])
    assert all(np.abs(found["named"] - found[name]).max() > 1e-3 for name in ("other", "average"))

    done = command_here("modalities", *shown, "--subject", 12, "--out", tmp_path / "maps", "--to", "npy")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "maps" / "modalities.json").read_text())
    assert record["subject"] == {"kind": "one", "index": 12, "name": "Story2023/sub-13"}
    done = command_here(
        "networks", many / "encoder", "--subject", "Story2023/sub-13", "--components", 3, "--restarts", 0,
        "--templates", "none", "--no-figure", "--to", "npy", "--out", tmp_path / "networks",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "networks" / "networks.json").read_text())
    assert record["subject"] == {"kind": "one", "index": 12, "name": "Story2023/sub-13"}


def test_a_27th_is_fitted(demo: DemoPaths, many: Path, tmp_path: Path, command_here: Command) -> None:
    random = np.random.default_rng(0)
    (tmp_path / "story.txt").write_text(" ".join(random.choice(WORDS, 420)) + ".")
    np.save(tmp_path / "bold.npy", random.standard_normal((190, V), np.float32))
    given = [tmp_path / "story.txt", "--words", "direct", "--truth", tmp_path / "bold.npy", *models(demo, many)]
    done = command_here("fit", *given, "--name", "anna", "--no-linear", "--out", tmp_path / "anna")
    assert done.returncode == 0, done.stderr
    table = json.loads(command_here("info", tmp_path / "anna", "--json").stdout)["subjects"]["table"]
    assert table[26] == {"index": 26, "name": "anna", "study": None, "is_fitted": True}
    assert [row["index"] for row in table] == [*range(27), None]
    line = refused(command_here("fit", *given, "--name", "Story2023/sub-13", "--out", tmp_path / "other"))
    assert "'Story2023/sub-13' is a subject of the checkpoint already; choose another name" in line
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("Anna", "one of 26 names: Film2025/sub-01, Film2025/sub-02, Film2025/sub-03, Film2025/sub-04, ..., Story2023"),
        ("sub-13", "one of 26 names, of which the nearest are Story2023/sub-13"),
        ("26", "subject '26' is unknown; give an index from 0 to 25"),
    ],
)
def test_an_unknown_one_is_refused_in_one_line(
    subject: str, said: str, demo: DemoPaths, many: Path, tmp_path: Path, command_here: Command
) -> None:
    shown = [demo.clip, "--transcript", demo.transcript, *models(demo, many)]
    given = ["--subject", subject, "--out", tmp_path / "out"]
    for command in (["predict", *shown], ["modalities", *shown], ["networks", many / "encoder"]):
        assert said in refused(command_here(*command, *given))
        assert not (tmp_path / "out").exists()
