"""The commands on words without sound and on tables of events."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.plots.stimulus.run_stimulus import stimulus_of_run
from tribe_np.timeline.events import Events

pytestmark = pytest.mark.extras
STORY = "A red balloon flew away. Who saw it?"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A short story."""
    path = tmp_path / "story.txt"
    path.write_text(STORY)
    return path


@pytest.fixture
def readers(demo: DemoPaths, tmp_path: Path) -> Path:
    """The demo's models without those of sound and film."""
    folder = tmp_path / "readers"
    folder.mkdir()
    for name in ("encoder", "text"):
        (folder / name).symlink_to(demo.models / name)
    return folder


def test_direct_words_need_no_other_model(command_here: Command, text: Path, readers: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = ("predict", text, "--words", "direct", "--models", readers, "--out", out)
    planned = command_here(*given, "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert [line.split("  ")[0] for line in planned.stdout.splitlines()][:2] == ["text", "brain encoder"]
    assert not out.exists()
    done = command_here(*given, "--language", "en", "--seconds-per-word", "0.5")
    assert done.returncode == 0, done.stderr
    run = json.loads((out / "run.json").read_text())
    assert run["words_shown"] == {"how": "direct", "seconds_per_word": 0.5}
    assert (run["options"]["words"], run["stimulus"]["kind"], run["start_of_row_0"]) == ("direct", "text", 0.0)
    assert np.load(out / "predictions.npy").shape[0] == 4
    seen = stimulus_of_run(out)
    assert (seen.kind, seen.path, seen.duration, seen.note) == ("text", text, 4.0, "")
    assert [word.text for word in seen.words] == STORY.split()


def test_a_table_gives_what_its_film_gave(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    cache, events = ("--cache", tmp_path / "kept"), tmp_path / "e.tsv"
    models = ("--models", demo.models, *cache)
    film = (demo.clip, "--transcript", demo.transcript)
    for arguments in (
        ("events", *film, "--out", events, *cache),
        ("predict", *film, "--out", tmp_path / "film", *models),
        ("predict", events, "--out", tmp_path / "table", *models),
        ("features", *film, "--out", tmp_path / "film-features", *models),
        ("features", events, "--out", tmp_path / "table-features", *models),
        ("predict", events, "--out", tmp_path / "never", *models, "--dry-run"),
        ("events", events, "--out", tmp_path / "again.tsv", *cache),
    ):
        done = command_here(*arguments)
        assert done.returncode == 0, done.stderr
    for name in ("film/predictions.npy", "film/events.tsv", "film-features/text.npz", "film-features/video.npz"):
        other = name.replace("film", "table", 1)
        assert (tmp_path / name).read_bytes() == (tmp_path / other).read_bytes(), name
    assert (tmp_path / "again.tsv").read_bytes() == events.read_bytes()
    stimulus = json.loads((tmp_path / "table" / "run.json").read_text())["stimulus"]
    assert (stimulus["path"], stimulus["kind"]) == (str(events), "events")
    assert {Path(row["path"]).suffix for row in stimulus["media"]} == {".wav", ".mp4"}
    assert all(len(row["sha256"]) == 64 for row in stimulus["media"])
    seen, same = (stimulus_of_run(tmp_path / name) for name in ("table", "film"))
    assert (seen.kind, seen.path, seen.words, seen.heard, seen.note) == (
        same.kind,
        same.path,
        same.words,
        same.heard,
        "",
    )


def test_a_changed_film_is_not_shown_beside_a_table(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(demo.clip.read_bytes())
    (tmp_path / "e.tsv").write_text(f"type\tstart\ttimeline\tfilepath\nVideo\t0\td\t{film}\n")
    done = command_here("predict", tmp_path / "e.tsv", "--out", tmp_path / "out", "--models", demo.models)
    assert done.returncode == 0, done.stderr
    assert "film.mp4 has sound, but the table has no Audio row beside it" in done.stderr
    film.write_bytes(demo.clip.read_bytes() + b"\0")
    assert "film.mp4 has changed since the prediction" in stimulus_of_run(tmp_path / "out").note


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--words", "direct", "--no-speech"], "--no-speech contradicts it"),
        (["--words", "direct", "--transcriber", "whisperx"], "--transcriber contradicts it"),
        (["--words", "direct", "--align", "story.txt"], "--align contradicts it"),
        (["--seconds-per-word", "1"], "--seconds-per-word is for words that are shown: give --words direct too"),
        (
            ["--words", "direct", "--seconds-per-word", "1", "--seconds-per-letter", "1"],
            "contradicts --seconds-per-let",
        ),
        (["--words", "direct", "--seconds-per-word", "1", "--transcript", "t.tsv"], "contradicts --transcript"),
        (["--words", "direct", "--seconds-per-word", "nan"], "must be a number of seconds above 0, got 'nan'"),
        (["--words", "direct", "--seconds-per-letter", "1e9"], "at most 3600"),
        (["--words", "shown"], "invalid choice: 'shown'"),
        (["--words", "direct", "--transcript", "gone.tsv"], "gone.tsv: no such transcript file"),
    ],
)
def test_contradictions_are_refused(
    command_here: Command, text: Path, readers: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    given = ("predict", text, "--models", readers, "--out", tmp_path / "out", *options)
    assert message in refused(command_here(*given))
    assert not (tmp_path / "out").exists()


def test_direct_words_of_a_film(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    for command in ("predict", "features", "events"):
        models = () if command == "events" else ("--models", demo.models)
        given = (command, demo.clip, "--words", "direct", "--out", tmp_path / "out", *models)
        line = refused(command_here(*given))
        assert f"--words direct shows the words of a text (.txt), not those of {demo.clip}" in line


def test_bad_tables_are_refused_with_their_line(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    path, models = tmp_path / "e.tsv", ("--models", demo.models)
    head = "type\tstart\tduration\ttimeline\tfilepath\ttext\n"
    for rows, options, message in (
        ("Audio\t0\t1\td\tgone.wav\t\n", (), f"{path}, line 2: Audio: 'gone.wav' is neither in the working folder"),
        ("Word\t0\t1\td\t\tHi\nWord\tsoon\t1\td\t\tHi\n", (), f"{path}, line 3: start is 'soon'"),
        ("Word\t0\t1\td\t\tHi\n", ("--words", "direct"), "--words direct shows the words of a text"),
        ("Word\t0\t1\td\t\tHi\n", ("--transcript", demo.transcript), "its Word rows".replace("its", "are its")),
        ("Word\t0\t1\td\t\tHi\n", ("--no-speech",), "the events table is empty"),
    ):
        path.write_text(head + rows)
        given = ("predict", path, "--out", tmp_path / "out", *models, *options)
        assert message in refused(command_here(*given)), rows
    path.write_text(f"{head}Word\t0\t1\ta\t\tHi\nWord\t0\t1\tb\t\tHi\n")
    line = refused(command_here("features", path, "--out", tmp_path / "out", *models))
    assert f"{path}: has 2 timelines (a, b); features are written for one" in line
    assert not (tmp_path / "out").exists()


def test_inputs_are_never_replaced(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    path = tmp_path / "e.tsv"
    path.write_text("type\tstart\ttimeline\ttext\nWord\t0\td\tHi\n")
    assert "choose another name" in refused(command_here("events", path, "--out", path))
    folder = tmp_path / "run"
    given = ("--models", demo.models, "--cache", tmp_path / "kept")
    film = (demo.clip, "--no-speech")
    assert command_here("predict", *film, "--out", folder, *given).returncode == 0
    line = refused(command_here("predict", folder / "events.tsv", "--out", folder, *given))
    assert f"is or contains the stimulus {folder / 'events.tsv'}" in line


def test_paths_beside_the_table(
    command_here: Command, demo: DemoPaths, sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    table = tmp_path / "e.tsv"
    table.write_text(f"type\tstart\ttimeline\tfilepath\tcondition\nAudio\t0\td\t{sound.name}\tnoise\n")
    monkeypatch.chdir(elsewhere)
    out = Path(os.path.relpath(elsewhere / "out"))
    done = command_here("predict", table, "--out", out, "--models", demo.models)
    assert done.returncode == 0, done.stderr
    assert "e.tsv: 1 relative path, found in the folder of the table" in done.stderr
    (row,) = Events.from_tsv(out / "events.tsv")
    assert (row.duration, row.frequency, row.extra) == (2.0, 16000.0, {"condition": "noise"})
