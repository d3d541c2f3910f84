"""What a mistyped or half-typed command line gets: suggestions, help, completion, regions apart from the stimulus."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from extractors.catalogue import modalities
from tests.cli.conftest import Command, refused
from tribe_np.cli import stimulus_options
from tribe_np.cli.common import locations
from tribe_np.cli.parser import COMMANDS, build_parser, command_parser, with_hemispheres_apart, with_names_apart
from tribe_np.errors import CheckpointError
from tribe_np.media.pictures import kinds
from tribe_np.pipeline.experiments.assembly import MOST_HOURS
from tribe_np.pipeline.resolve import default_locations
from tribe_np.pipeline.stimuli import picture_rows
from tribe_np.pipeline.stimuli.stimulus import WordSource


def test_mistyped_names_are_answered_with_the_nearest(command_here: Command) -> None:
    assert "did you mean predict?" in refused(command_here("predcit"))
    line = refused(command_here("predict", "a.mp4", "--modles", "x"))
    assert "unrecognized arguments: --modles; did you mean --models? (see tribe-np predict --help)" in line
    assert "did you mean --out?" in refused(command_here("predict", "a.mp4", "--ouut=x"))
    assert "did you mean" not in refused(command_here("predict", "a.mp4", "--out", "x", "--zzzzzz"))
    assert "did you mean" not in refused(command_here("predict", "a.mp4", "--out", "x", "--bogus"))
    assert "--hlep; did you mean --help?" in refused(command_here("--hlep"))
    assert "--verson; did you mean --version?" in refused(command_here("--verson", "predict"))


@pytest.mark.parametrize("modality", modalities())
def test_each_model_has_the_option_that_errors_name(modality: str, tmp_path: Path) -> None:
    option = f"--{modality}-model"
    with pytest.raises(CheckpointError, match=f"{option} DIR"):
        default_locations(tmp_path).extractor(modality, "no/such")
    given = command_parser("predict").parse_args(["a.mp4", "--out", "x", option, str(tmp_path)])
    assert locations(given, extractors=True).extractor(modality, "no/such") == tmp_path


def test_what_follows_two_dashes_is_no_option(command_here: Command) -> None:
    assert "--odd.mp4: no such file" in refused(command_here("predict", "--out", "x", "--", "--odd.mp4"))


def test_help_of_the_whole_and_of_a_command(command_here: Command) -> None:
    whole = command_here("help")
    assert whole.returncode == 0
    assert all(name in whole.stdout for name in COMMANDS)
    assert "--roi" in command_here("help", "predict").stdout
    assert "did you mean predict?" in refused(command_here("help", "prdict"))


def test_help_keeps_names_as_they_are(command_here: Command) -> None:
    assert "Write the features of a stimulus at 2 Hz" in command_here("help", "features").stdout
    assert "without PyTorch" in command_here("help", "convert").stdout


@pytest.mark.parametrize(
    ("written", "regions"),
    [
        (["--roi", "V1", "MT", "clip.mp4", "--out", "x"], ["V1", "MT"]),
        (["clip.mp4", "--roi", "V1,MT", "--out", "x"], ["V1", "MT"]),
        (["--out", "x", "--roi", "V1,", "MT", "./clip"], ["V1", "MT"]),
        (["--roi=V1", "--roi", "7PL", "FFC", "--out", "x", "clip.mp4"], ["V1", "7PL", "FFC"]),
    ],
)
def test_regions_do_not_swallow_the_stimulus(written: list[str], regions: list[str]) -> None:
    options = build_parser().parse_args(with_names_apart(["predict", *written]))
    assert options.roi == regions
    assert "clip" in str(options.stimulus)


@pytest.mark.parametrize(
    "written",
    [
        ["--only", "video", "audio", "clip.mp4", "--out", "x"],
        ["clip.mp4", "--only", "video,audio", "--out", "x"],
        ["--out", "x", "--only", "video,", "audio", "./clip"],
        ["--only=video", "--only", "audio", "--out", "x", "clip.mp4"],
    ],
)
@pytest.mark.parametrize("command", ["predict", "events", "features"])
def test_modalities_do_not_swallow_the_stimulus(written: list[str], command: str) -> None:
    options = build_parser().parse_args(with_names_apart([command, *written]))
    assert options.only == ["video", "audio"]
    assert "clip" in str(options.stimulus)


def test_a_mistyped_modality_is_answered_with_the_nearest(command_here: Command, sound: Path) -> None:
    for command in ("predict", "events", "features"):
        line = refused(command_here(command, "--only", "audoi", sound, "--out", sound.with_suffix(".tsv")))
        assert "unknown modality 'audoi'; did you mean audio?" in line
    assert "must name a modality" in refused(command_here("events", sound, "--only", ",", "--out", "x.tsv"))


@pytest.mark.parametrize(
    ("written", "files"),
    [
        (["--parcellation", "lh.a.annot", "rh.a.annot", "predictions"], ["lh.a.annot", "rh.a.annot"]),
        (["predictions", "--parcellation", "b.gii", "a.gii"], ["b.gii", "a.gii"]),
        (["--parcellation", "x/lh.a.csv", "x/rh.a.csv", "predictions"], ["x/lh.a.csv", "x/rh.a.csv"]),
        (["--parcellation", "a.annot", "--parcellation", "b.annot", "predictions"], ["a.annot", "b.annot"]),
        (["--parcellation", "hcp-mmp1", "predictions"], ["hcp-mmp1"]),
        (["--parcellation", "lh.a.annot", "predictions"], ["lh.a.annot"]),
        (["--parcellation", "areas.csv", "predictions.csv"], ["areas.csv"]),
    ],
)
@pytest.mark.parametrize("command", [["roi"], ["export", "--to", "csv", "--out", "x"]], ids=["roi", "export"])
def test_two_files_of_a_parcellation_leave_the_predictions(
    command: list[str], written: list[str], files: list[str]
) -> None:
    options = build_parser().parse_args(with_hemispheres_apart([*command, *written]))
    assert options.parcellation == files
    assert str(options.predictions).startswith("predictions")


def test_a_region_without_a_name(command_here: Command) -> None:
    assert "must name a region" in refused(command_here("predict", "a.mp4", "--out", "x", "--roi", ","))


@pytest.mark.extras
def test_completion_is_a_script_that_bash_understands(command_here: Command, tmp_path: Path) -> None:
    script = tmp_path / "complete.bash"
    script.write_text(command_here("completion", "bash").stdout)
    asked = (
        f"source {script}; COMP_WORDS=(tribe-np predict --mod); COMP_CWORD=2; _shtab_tribe_np; echo ${{COMPREPLY[@]}}"
    )
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    assert "--models" in done.stdout.split()
    assert "compdef" in command_here("completion", "zsh").stdout


def test_json_may_be_shortened_as_any_option(command_here: Command) -> None:
    assert json.loads(command_here("info", "nowhere", "--jso").stdout)["error"]["exit_code"] == 2


@pytest.mark.parametrize(
    "arguments",
    [("predict", "missing.mp4", "--out", "x"), ("features", "missing.mp4", "--out", "x"), ("info", "nowhere"),
     ("predict", "a.mp4"), ("predict", "a.mp4", "--out", "x", "--threads", "no")],
)  # fmt: skip
def test_failures_are_json_where_json_was_asked_for(command_here: Command, arguments: tuple[str, ...]) -> None:
    done = command_here(*arguments, "--json")
    line = refused(done)
    error = json.loads(done.stdout)["error"]
    assert line == f"tribe-np: error: {error['message']}"
    assert error["exit_code"] == 2
    assert error["kind"].endswith("Error")


def test_a_missing_file_is_told_before_any_library_is_loaded() -> None:
    code = (
        "import sys\nfrom tribe_np.cli.main import main\nassert main(['predict', 'missing.mp4', '--out', 'x']) == 2\n"
        "print([m for m in ('numpy', 'scipy', 'nibabel', 'soundfile', 'yaml', 'numba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_average_subject_can_be_named() -> None:
    for given, chosen in (("average", None), ("sub-01", "sub-01"), ("0", "0")):
        options = build_parser().parse_args(["predict", "a.mp4", "--out", "x", "--subject", given])
        assert options.subject == chosen


def test_every_command_says_how_it_is_to_run() -> None:
    plain = build_parser().parse_args(["help"])
    assert (plain.json, plain.quiet, plain.threads) == (False, False, None)
    chosen = build_parser().parse_args(["features", "a.wav", "--out", "f", "--json", "--quiet", "--threads", "2"])
    assert (chosen.json, chosen.quiet, chosen.threads) == (True, True, 2)


def test_help_tells_the_defaults_that_the_pipeline_has() -> None:
    """The options name them without importing it."""
    assert stimulus_options.BACKGROUND_NAMES == kinds.BACKGROUNDS
    wanted = {
        "--seconds": f"(default: {picture_rows.SECONDS:g}", "--background": f"(default: {kinds.USUAL_GROUND}",
        "--seconds-per-word": f"(default: {WordSource.seconds_per_word:g})", "--most": f"(default: {MOST_HOURS:g})",
    }  # fmt: skip
    for name in ("predict", "experiment"):
        options = [action for action in command_parser(name)._actions if action.option_strings]
        help_of = {action.option_strings[0]: str(action.help) for action in options}
        for option, text in wanted.items():
            assert option not in help_of or text in help_of[option], (name, option)
    assert set(wanted) <= set(help_of)
