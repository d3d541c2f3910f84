"""tribe-np fit as it is called: a person with a known head, predicted by name afterwards; refusals without a trace."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tribe_np.encoder.head_states import head_matrix
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.fitting.head_rows import head_rows
from tribe_np.pipeline.model import TribeModel

pytestmark = pytest.mark.extras
V = 20484
WORDS = ("the", "cat", "sees", "a", "red", "house", "and", "people", "walk", "over", "long", "hills", "in", "song")


@dataclass(frozen=True, eq=False)
class Person:
    """A story, what a person with a known head would show of it without noise (R, V), and a scan of it with noise."""

    folder: Path
    demo: DemoPaths
    clean: np.ndarray

    def arguments(self, scan: str = "bold.npy") -> list[object]:
        return ["fit", self.folder / "story.txt", "--truth", self.folder / scan, "--name", "anna", *self.model]

    @property
    def model(self) -> list[object]:
        models = ["--models", self.demo.models, "--cache", self.folder / "cache", "--words", "direct", "--quiet"]
        return ["--checkpoint", self.demo.models / "encoder", *models]


@pytest.fixture(scope="module")
def person(demo: DemoPaths, tmp_path_factory: pytest.TempPathFactory) -> Person:
    folder, random = tmp_path_factory.mktemp("person"), np.random.default_rng(0)
    (folder / "story.txt").write_text(" ".join(random.choice(WORDS, 420)) + ".")
    model = TribeModel.from_pretrained(
        demo.models / "encoder", models=demo.models, cache_folder=folder / "cache", device="cpu"
    )
    rows = head_rows(model, model.get_events(text_path=folder / "story.txt", words="direct"))
    matrix = head_matrix(model.encoder)
    assert matrix is not None
    z = rows.states @ matrix.T
    clean = (z - z.mean(axis=0)) @ random.standard_normal((len(matrix), V), np.float32)
    clean /= clean.std(axis=0)
    scan = random.standard_normal((len(clean) + 12, V), np.float32)
    scan[5 : 5 + len(clean)] += clean  # 5 s after the words
    np.save(folder / "late.npy", np.roll(scan, 3, axis=0))
    scan[20, 100], scan[:, 200:210] = np.nan, 0
    np.save(folder / "bold.npy", scan)
    return Person(folder, demo, clean)


def test_a_known_person_is_found_and_predicted_by_name(person: Person, tmp_path: Path, command_here: Command) -> None:
    out = tmp_path / "anna"
    done = command_here(*person.arguments(), "--tr", 1, "--out", out, "--shares", 2)
    assert done.returncode == 0, done.stderr
    record = json.loads((out / "fit.json").read_text())
    assert (record["subject"], record["index"]) == ("anna", 0)
    assert record["n_rows"] == {"fitted": 141, "kept_out": 38, "between": 10, "without_bold": 0}
    scores = {name: score["r"]["mean"] for name, score in record["scores"].items()}
    assert scores["head"] > 0.5  # as much noise as signal: 0.71 is the most there is
    assert abs(scores["average"]) < 0.05
    assert abs(scores["fir"]) < scores["head"] / 2
    assert (record["n_not_finite"], record["n_constant"], record["not_fitted"]) == (1, 10, [100])
    assert "1 of 20484 measured columns are NaN or infinite in some row: dropped" in done.stderr
    assert "random weights" in done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "fitted on 141 rows, scored on 38 others; 0 rows have no BOLD, 10 between the two are not used"
    assert lines[2].startswith("  fitted head ")
    assert lines[-1] == f"wrote {out}: predict --checkpoint {out} (--subject anna)"
    r = np.load(out / "r_head.npy")
    assert (r.shape, int(np.isnan(r).sum())) == ((V,), 11)
    assert np.nanmean(r) == pytest.approx(scores["head"])

    told = command_here(
        "predict", person.folder / "story.txt", "--subject", "anna", "--out", tmp_path / "run",
        "--checkpoint", out, *person.model[2:],
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    predicted = np.load(tmp_path / "run" / "predictions.npy")
    some = [v for v in range(0, V, 97) if v != 100 and not 200 <= v < 210]
    assert min(np.corrcoef(predicted[:, v], person.clean[:, v])[0, 1] for v in some) > 0.65
    assert (predicted[:, 100] == 0).all()
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (run["subject"]["name"], run["random_weights"]) == ("anna", ["encoder", "text"])


def test_bold_that_comes_late_is_not_fitted_by_the_head(person: Person, tmp_path: Path, command_here: Command) -> None:
    """Nothing shifts by itself: a scan that began 3 s earlier is read well only with --start."""
    found = {}
    for name, more in (("plain", []), ("told", ["--start", 3])):
        done = command_here(
            *person.arguments("late.npy"), "--tr", 1, "--out", tmp_path / name, "--no-linear", *more, "--json"
        )
        assert done.returncode == 0, done.stderr
        found[name] = json.loads(done.stdout)["scores"]["head"]["r"]["mean"]
    assert found["told"] > 0.5
    assert found["plain"] < found["told"] - 0.2


def test_alone_the_checkpoint_has_one_row(person: Person, tmp_path: Path, command_here: Command) -> None:
    done = command_here(*person.arguments(), "--out", tmp_path / "anna", "--no-linear", "--alone", "--score", "r")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("(its only subject)")
    info = json.loads(command_here("info", tmp_path / "anna", "--json").stdout)
    assert info["subjects"]["n_subjects"] == 0


@pytest.mark.parametrize("what", ["head", "all"])
def test_a_trained_person_is_scored_beside_the_others(
    what: str, person: Person, tmp_path: Path, command_here: Command
) -> None:
    arguments = [
        *person.arguments(),
        "--train",
        what,
        "--epochs",
        3,
        "--batch-size",
        1,
        "--max-lr",
        0.01,
        "--no-linear",
    ]
    names = ("one", "two") if what == "all" else ("one",)  # the seed gives every byte again
    done = [command_here(*arguments, "--out", tmp_path / name) for name in names]
    assert {one.returncode for one in done} == {0}, done[0].stderr
    record = json.loads((tmp_path / "one" / "fit.json").read_text())
    training, name = record["training"], f"trained_{what}"
    assert (training["n_windows"], training["n_rows"], training["n_steps"]) == (2, 141, 6)
    assert (record["written_head"], list(record["scores"])) == (name, ["head", name, "average"])
    assert training["schedule"]["max_lr"] == 0.01
    assert "trained" in done[0].stdout.splitlines()[2]
    assert ("the stimulus has no audio, video" in done[0].stderr) == (what == "all")
    table = [line.split("\t") for line in (tmp_path / "one" / "scores.tsv").read_text().splitlines()]
    assert [row[0] for row in table] == ["model", "head", name, "average"]
    assert {row[-1] for row in table[1:]} == {"38"}
    assert float(table[2][1]) == pytest.approx(record["scores"][name]["r"]["mean"], abs=1e-5)
    if what == "head":
        assert record["scores"][name]["r"]["mean"] > 0.05
    for file in ("model.safetensors", "best.ckpt", f"r_{name}.npy"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / names[-1] / file).read_bytes()
    told = command_here(
        "predict", person.folder / "story.txt", "--subject", "anna", "--out", tmp_path / "run",
        "--checkpoint", tmp_path / "one", *person.model[2:],
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    predicted = np.load(tmp_path / "run" / "predictions.npy")[-38:]
    scan = np.load(person.folder / "bold.npy")[5:][: len(person.clean)][-38:]
    r = np.load(tmp_path / "one" / f"r_{name}.npy")
    for v in (0, 5000, 20483):
        assert np.corrcoef(predicted[:, v], scan[:, v])[0, 1] == pytest.approx(r[v], abs=1e-3)


def test_bold_in_other_units_is_not_trained_on(person: Person, tmp_path: Path, command_here: Command) -> None:
    np.save(person.folder / "raw.npy", 1000 + 50 * np.load(person.folder / "late.npy"))
    arguments = [*person.arguments("raw.npy"), "--out", tmp_path / "anna", "--no-linear"]
    assert "training takes z-scored BOLD" in refused(command_here(*arguments, "--train", "head"))
    assert not (tmp_path / "anna").exists()
    assert command_here(*arguments).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--epochs", "2"], "--epochs is of --train"),
        (["--max-lr", "1e-3"], "--max-lr is of --train"),
        (["--train", "head", "--max-lr", "0"], "must be a number above 0"),
        (["--train", "head", "--no-linear"], "2 windows in batches of 8 are one step in all"),
        (["--seed", "-1"], "must be a whole number of 0 or more"),
        (["--name", "7"], "subject '7' is no name"),
        (["--penalty", "-1"], "penalties must be one finite number of 0 or more"),
        (["--penalty", "0", "--keep-out", "0.6", "--no-linear"], "too few rows for a penalty of 0"),
        (["--folds", "1"], "needs 2 folds or more"),
        (["--lags", "2.5"], "a lag of 2.5 s is no whole number of rows of 1 s from the offset of 5 s"),
        (["--truth-aligned", "--start", "3"], "--start"),
        (["--truth", "nothing.npy"], "--truth nothing.npy: there is no such file"),
        (["--keep-out", "2"], "must be a share between 0 and 1"),
        (["--name", "average"], "subject 'average' means the average subject; choose another name"),
        (["--start", "1000"], "the two have no row in common"),
        (["--gap", "500"], "0 rows are left to fit on, expected 30 or more"),
        (["--folds", "200"], "too few for 200 folds"),
    ],
)
def test_refused_in_one_line(
    arguments: list[str], said: str, person: Person, tmp_path: Path, command_here: Command
) -> None:
    done = command_here(*person.arguments(), "--out", tmp_path / "anna", *arguments)
    assert said in refused(done)
    assert not (tmp_path / "anna").exists()


def test_truth_that_cannot_be_used_is_refused_before_features_are_made(
    person: Person, tmp_path: Path, command_here: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_features(*_: object, **__: object) -> None:
        raise AssertionError("features were made")

    monkeypatch.setattr("tribe_np.pipeline.fitting.fitting_events.head_rows", no_features)
    blank = np.zeros((190, V), np.float32)
    made = {
        "mesh": (blank[:, :1284], "expected rows of the 20484 vertices of fsaverage5"),
        "short": (blank[:40], "rows are left to fit on"),
        "empty": (blank * np.nan, "every value is NaN or infinite"),
    }
    for name, (values, said) in made.items():
        np.save(tmp_path / f"{name}.npy", values)
        given = [*person.arguments(), "--truth", tmp_path / f"{name}.npy", "--out", tmp_path / "anna"]
        assert said in refused(command_here(*given))
    (tmp_path / "two.tsv").write_text("subject\trun\tfile\na\t1\tempty.npy\nb\t1\tshort.npy\n")
    (tmp_path / "junk.npy").write_text("no array")
    for name, said in (("two.tsv", "every value is NaN"), ("junk.npy", "it is no .npy file of numbers")):
        assert said in refused(
            command_here(*person.arguments(), "--truth", tmp_path / name, "--out", tmp_path / "anna")
        )
    inside = [*person.arguments(), "--out", person.demo.models / "encoder" / "anna"]
    assert "is inside the checkpoint" in refused(command_here(*inside))
    assert not (tmp_path / "anna").exists()
    assert not (person.demo.models / "encoder" / "anna").exists()
