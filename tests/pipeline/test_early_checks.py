"""A model that is not there is missed before anything is transcribed, spoken or decoded."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command, command_here, refused
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.early_checks import expected_events
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus

pytestmark = pytest.mark.extras
__all__ = ["command_here"]  # a fixture of the commands' own tests


@pytest.mark.parametrize("absent", ["text", "audio", "video"])
def test_a_missing_model_is_told_before_any_work(
    command_here: Command, demo: DemoPaths, tmp_path: Path, absent: str
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    for name in {"encoder", "text", "audio", "video"} - {absent}:
        (models / name).symlink_to(demo.models / name)
    given = ("--models", models, "--transcript", demo.transcript, "--cache", tmp_path / "kept")
    line = refused(command_here("predict", demo.clip, "--out", tmp_path / "out", *given))
    assert f"the {absent} model" in line
    assert f"--{absent}-model DIR" in line
    assert not list((tmp_path / "kept" / "media").iterdir()), "no sound was taken out of the film"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--models", "nowhere"], "--models nowhere: no such folder"),
        (["--checkpoint", "./nowhere", "--no-speech"], "checkpoint ./nowhere: no such folder"),
        (["--transcript", "nowhere.srt"], "nowhere.srt"),
        (["--transcriber", "nothing"], "--transcriber 'nothing' is not known"),
        (["--language", "frensh"], "did you mean french"),
        (["--align", "nowhere.txt"], "nowhere.txt"),
        (["--subject", "sub-09", "--no-speech"], "subject 'sub-09': this checkpoint holds the average subject only"),
    ],
)
def test_every_input_is_checked_first(
    command_here: Command, demo: DemoPaths, tmp_path: Path, options: list[str], message: str
) -> None:
    given = ("--models", demo.models, "--cache", tmp_path / "kept", *options)
    assert message in refused(command_here("predict", demo.clip, "--out", tmp_path / "out", *given))
    media = tmp_path / "kept" / "media"
    assert not media.exists() or not list(media.iterdir())


def test_what_a_stimulus_will_surely_have(demo: DemoPaths, tmp_path: Path) -> None:
    film = open_stimulus(demo.clip)
    assert expected_events(film, WordSource()) == {"Video", "Audio"}
    assert expected_events(film, WordSource(transcript=demo.transcript)) == {"Video", "Audio", "Word"}
    (tmp_path / "story.txt").write_text("Once.")
    assert expected_events(open_stimulus(tmp_path / "story.txt"), WordSource()) == {"Audio", "Word"}
    assert expected_events(open_stimulus(tmp_path / "story.txt"), WordSource(speech=False)) == {"Audio"}
