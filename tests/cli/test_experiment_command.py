"""tribe-np experiment as it is typed."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused, speechless
from tests.media.pictures.picture_samples import write_picture
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.demo_drawings import dots_film

pytestmark = pytest.mark.extras


@pytest.fixture
def design(tmp_path: Path, sound: Path) -> Path:
    """Two pictures, one of them twice, a sound with one of them, and words."""
    for n in range(2):
        pixels = np.random.default_rng(n).integers(0, 255, (40, 60, 3), dtype=np.uint8)
        write_picture(tmp_path / f"p{n}.png", pixels)
    path = tmp_path / "design.tsv"
    rows = [
        "onset|duration|trial_type|stim_file|words|beside", "0|1|a|p0.png||", "0|n/a|s|sound.wav||",
        "4|1|a|p0.png||", "6|1|b|p1.png||p0.png", "8|n/a|w||the dog|",
    ]  # fmt: skip
    path.write_text("\n".join(rows).replace("|", "\t") + "\n")
    return path


def test_a_design_becomes_a_folder(command_here: Command, demo: DemoPaths, design: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = command_here("experiment", design, "--out", out, *speechless(demo), "--quiet")
    assert done.returncode == 0, done.stderr
    assert "5 trials of 4 conditions in 1 run, 8.9 s" in done.stdout
    assert sorted(path.name for path in out.iterdir() if path.name[0] != ".") == [
        "events.tsv", "predictions.npy", "run.json", "segments.json", "trials.tsv",
    ]  # fmt: skip
    run = json.loads((out / "run.json").read_text())
    assert run["random_weights"] == ["encoder", "text", "audio", "video"]
    facts = run["experiment"]
    assert facts["screen"] == "grey"
    assert facts["rows"]["Video"] == 6
    assert facts["computed"]["Video"] == 3  # two pictures, and the screen: a still costs once, however long it stays
    screens = [line.split("\t") for line in (out / "events.tsv").read_text().splitlines() if "screen:grey" in line]
    assert [(float(cells[1]), float(cells[2])) for cells in screens] == [(1, 3), (5, 1), (7, 1.9)]


def test_the_same_seed_gives_the_same_trials(
    command_here: Command, demo: DemoPaths, design: Path, tmp_path: Path
) -> None:
    tables = []
    for name, seed in (("x", 1), ("y", 1), ("z", 2)):
        order = ["--shuffle", seed, "--isi", 1, "--jitter", 0.5]
        done = command_here("experiment", design, "--out", tmp_path / name, *speechless(demo), "--quiet", *order)
        assert done.returncode == 0, done.stderr
        assert "'a - s'" in done.stdout.splitlines()[-1]  # as the design begins, whatever comes first in this order
        tables.append((tmp_path / name / "trials.tsv").read_bytes())
    assert tables[0] == tables[1] != tables[2]


def test_a_dry_run_writes_nothing(command_here: Command, demo: DemoPaths, design: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = command_here("experiment", design, "--out", out, *speechless(demo), "--quiet", "--dry-run", "--json")
    planned = json.loads(done.stdout)
    assert [trial["trial_type"] for trial in planned["trials"]] == ["a", "s", "a", "b", "w"]
    assert planned["stages"]
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--shuffle", "-1"], "seed"),
        (["--isi", "nan"], "seconds from 0 on"),
        (["--most", "0"], "hours above 0"),
        (["--background", "pink"], "invalid choice: 'pink'"),
        (["--most", "0.001"], "more than --most 0.001"),
        (["--seconds-per-word", "1", "--seconds-per-letter", "1"], "contradicts"),
        (["--no-recogniser"], "contradicts"),
        (["--preview", "run.avi"], "ends in .mp4"),
    ],
)
def test_what_cannot_be_is_refused(
    command_here: Command, demo: DemoPaths, design: Path, tmp_path: Path, options: list[str], said: str
) -> None:
    done = command_here("experiment", design, "--out", tmp_path / "out", *speechless(demo), "--quiet", *options)
    assert said in refused(done)
    assert not (tmp_path / "out").exists()


def test_a_picture_that_is_none_is_named_with_its_line(
    command_here: Command, demo: DemoPaths, design: Path, tmp_path: Path
) -> None:
    (tmp_path / "p1.png").write_text("no picture")
    line = refused(command_here("experiment", design, "--out", tmp_path / "out", *speechless(demo), "--quiet"))
    assert "design.tsv, line 5: " in line
    assert "p1.png" in line


def test_a_sound_without_words_is_refused_with_the_ways_out(
    command_here: Command, demo: DemoPaths, design: Path, tmp_path: Path
) -> None:
    models = ["--checkpoint", demo.models / "encoder", "--models", demo.models, "--quiet"]
    line = refused(command_here("experiment", design, "--out", tmp_path / "out", *models))
    assert "design.tsv, line 3: " in line
    assert "1 file of sound or film" in line
    done = command_here("experiment", design, "--out", tmp_path / "out", *models, "--no-recogniser")
    assert done.returncode == 0, done.stderr
    assert "1 file of sound or film without a transcript: taken without words" in done.stderr


def test_a_film_alone_gives_the_bytes_of_predict(command: Command, demo: DemoPaths, tmp_path: Path) -> None:
    """In processes of their own: the threads of BLAS, which decide how sums round, are fixed before NumPy comes."""
    path = tmp_path / "one.tsv"
    path.write_text(f"onset\tduration\ttrial_type\tstim_file\n0\tn/a\tfilm\t{demo.clip.resolve()}\n")
    rows = []
    for name, stimulus in (("experiment", path), ("predict", demo.clip)):
        done = command(name, stimulus, "--out", tmp_path / name, *speechless(demo), "--quiet", "--threads", 1)
        assert done.returncode == 0, done.stderr
        rows.append((tmp_path / name / "predictions.npy").read_bytes())
    assert rows[0] == rows[1]


def test_one_branch_alone_leaves_the_times(
    command_here: Command, demo: DemoPaths, design: Path, tmp_path: Path
) -> None:
    done = command_here("experiment", design, "--out", tmp_path / "o", *speechless(demo), "--quiet", "--only", "audio")
    assert done.returncode == 0, done.stderr
    run = json.loads((tmp_path / "o" / "run.json").read_text())
    assert run["experiment"]["rows"] == {"Audio": 1}
    assert run["shape"][0] == 9


def test_what_all_trials_share_is_said_once(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    rows = ["onset\tduration\ttrial_type\twords", "0\tn/a\ta\tThe dog runs.", "4\tn/a\tb\tA cat sleeps here."]
    (tmp_path / "design.tsv").write_text("\n".join(rows) + "\n")
    options = ["--out", tmp_path / "out", "--checkpoint", demo.models / "encoder", "--models", demo.models]
    done = command_here("experiment", tmp_path / "design.tsv", *options)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("sentences: built-in rules") == 1


def test_films_without_sound_are_counted(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    rows = ["onset\tduration\ttrial_type\tstim_file"]
    for number, name in enumerate(("still", "moving")):
        dots_film(tmp_path / f"{name}.mp4", np.random.default_rng(0), moving=name == "moving")
        rows.append(f"{4 * number}\tn/a\t{name}\t{name}.mp4")
    (tmp_path / "design.tsv").write_text("\n".join(rows) + "\n")
    done = command_here("experiment", tmp_path / "design.tsv", "--out", tmp_path / "out", *speechless(demo), "--quiet")
    assert done.returncode == 0, done.stderr
    assert "2 films have no sound" in done.stderr
    listening = [option for option in speechless(demo) if option != "--no-speech"]
    done = command_here("experiment", tmp_path / "design.tsv", "--out", tmp_path / "o", *listening, "--no-recogniser")
    assert done.returncode == 0, done.stderr
    assert "without a transcript" not in done.stderr  # where nothing is heard, no words are missing
    assert "still.mp4" not in done.stderr
