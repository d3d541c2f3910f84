"""tribe-np batch plan: the study it writes, what it says, and what it refuses."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command, refused, speechless
from tribe_np.batch.plan import read_plan
from tribe_np.batch.study import Study
from tribe_np.pipeline.demo import DemoPaths

pytestmark = pytest.mark.extras


def texts(folder: Path, *names: str) -> Path:
    """A folder of texts."""
    folder.mkdir()
    for name in names:
        (folder / f"{name}.txt").write_text(f"{name} sails home over the calm sea.")
    return folder


def given(demo: DemoPaths, tmp_path: Path, *more: object) -> list[object]:
    """Options for texts that are shown, on the demo's models."""
    return ["--models", demo.models, "--words", "direct", "--out", tmp_path / "study", *more]


def test_a_folder_becomes_a_study(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    folder = texts(tmp_path / "texts", "one", "two")
    done = command_here("batch", "plan", folder, *given(demo, tmp_path, "--quiet"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("2 stimuli (")
    assert "2 tasks and 2 predictions" in lines[0]
    assert lines[1].split()[:3] == ["words", "2", "tasks"]
    assert any(line.startswith(f"features go to {tmp_path / 'cache' / 'tribe_np'}") for line in lines)
    assert lines[-1].startswith("next: tribe-np batch run ")
    plan = read_plan(Study(tmp_path / "study"))
    assert [stimulus.name for stimulus in plan.stimuli] == ["one", "two"]
    assert all(Path(folder).is_absolute() for folder in (plan.settings.checkpoint, *plan.settings.models.values()))
    assert (tmp_path / "study" / "events" / "one.tsv").is_file()


def test_a_table_keeps_its_columns(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    folder = texts(tmp_path / "texts", "one", "two")
    table = tmp_path / "stimuli.tsv"
    table.write_text(f"stimulus\tlanguage\tmood\n{folder / 'one.txt'}\ten\tcalm\n{folder / 'two.txt'}\t\twild\n")
    assert command_here("batch", "plan", table, *given(demo, tmp_path)).returncode == 0
    one, two = read_plan(Study(tmp_path / "study")).stimuli
    assert (one.language, dict(one.columns)) == ("en", {"mood": "calm"})
    assert (two.language, dict(two.columns)) == (None, {"mood": "wild"})


def test_json_has_the_numbers(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    folder = texts(tmp_path / "texts", "one")
    (folder / "empty.txt").write_text("")
    done = command_here("batch", "plan", folder, *given(demo, tmp_path, "--json", "--quiet"))
    assert "warning: empty cannot be predicted: " in done.stderr
    told = json.loads(done.stdout)
    assert (told["stimuli"], told["failed"], told["tasks"], told["predictions"]) == (2, 1, 1, 1)
    assert list(told["errors"]) == ["empty"]
    assert told["shares"][0]["reads"] == "words"
    assert told["study"] == str(tmp_path / "study")


def test_other_options_are_refused_by_name(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    folder = texts(tmp_path / "texts", "one")
    assert command_here("batch", "plan", folder, *given(demo, tmp_path, "--threads", "3")).returncode == 0
    again = command_here("batch", "plan", folder, *given(demo, tmp_path))
    assert again.returncode == 0, again.stderr  # with the threads of then
    assert "planned again: 1 stimulus as before, 0 changed, 0 new, 0 gone" in again.stdout
    line = refused(command_here("batch", "plan", folder, *given(demo, tmp_path, "--precision", "float64")))
    assert "was planned with --precision float32, now float64" in line
    assert "--threads 3, now 2" in refused(
        command_here("batch", "plan", folder, *given(demo, tmp_path, "--threads", 2))
    )


def test_what_cannot_be_planned(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    folder = texts(tmp_path / "texts", "one")
    plan = ("batch", "plan")
    assert "--cache none: the tasks of a study meet in the cache" in refused(
        command_here(*plan, folder, *given(demo, tmp_path, "--cache", "none"))
    )
    assert "no such file" in refused(command_here(*plan, tmp_path / "missing.mp4", *given(demo, tmp_path)))
    inside = given(demo, tmp_path, "--cache", tmp_path / "study" / "cache")
    assert "inside the other; keep them apart" in refused(command_here(*plan, folder, *inside))
    table = tmp_path / "stimuli.tsv"
    table.write_text("film\tlanguage\none.mp4\ten\n")
    assert "stimulus" in refused(command_here(*plan, table, *given(demo, tmp_path)))
    assert "no such folder" in refused(
        command_here(*plan, folder, "--words", "direct", "--models", tmp_path / "none", "--out", tmp_path / "study")
    )
    assert "--transcript" in refused(command_here(*plan, folder, *given(demo, tmp_path, "--transcript", "x.json")))
    assert not (tmp_path / "study").exists()


def test_advice_for_one_stimulus_is_that_for_a_table(
    command_here: Command, demo: DemoPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))  # no Whisper lies there
    line = refused(command_here("batch", "plan", demo.clip, "--models", demo.models, "--out", tmp_path / "study"))
    assert "a column transcript of a table of stimuli" in line
    assert "--transcript" not in line


def test_a_film_twice_and_a_broken_one(command_here: Command, demo: DemoPaths, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(demo.clip.read_bytes())
    done = command_here(
        "batch", "plan", demo.clip, copy, broken, *speechless(demo), "--out", tmp_path / "study", "--clips-per-task", 3
    )
    assert done.returncode == 0, done.stderr
    assert "broken cannot be predicted: " in done.stderr
    assert "need only features that are made for another stimulus: 1 (copy)" in done.stdout
    assert "3 stimuli (8 s), 4 tasks and 2 predictions" in done.stdout
    assert "film" in done.stdout.splitlines()[0]
