"""tribe-np export, as a user runs it."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command, refused
from tests.outputs.exports.export_case import predictions_folder
from tribe_np.outputs.exports.format_names import EXPORT_FORMATS


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    return predictions_folder(tmp_path / "predictions")


def test_files_are_listed_and_warnings_printed(predictions: Path, tmp_path: Path, command_here: Command) -> None:
    out = tmp_path / "out"
    done = command_here("export", predictions, "--to", "cifti", "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"wrote {out}/predictions.fsaverage3{ending}" for ending in (".dtseries.nii", ".json")
    ]
    some = predictions_folder(tmp_path / "some", vertices=[1, 2, 900], starts=[0, 1, 3])
    asked = ("export", some, "--to", "gifti", "--out", out, "--bids", "sub-01", "task-film", "--times", "bold")
    assert "--fill-gaps" in refused(command_here(*asked))
    done = command_here(*asked, "--fill-gaps", "--json")
    result = json.loads(done.stdout)
    assert result["out"] == str(out)
    assert all(Path(path).is_file() for path in result["files"])
    assert [path for path in result["files"] if path.endswith("hemi-L_space-fsaverage_den-642_bold.func.gii")]
    assert len(result["warnings"]) == 2
    assert done.stderr.count("tribe-np: warning:") == 2


def test_bad_input_is_one_line(predictions: Path, tmp_path: Path, command_here: Command) -> None:
    out = tmp_path / "out"
    for arguments, complaint in (
        (("--to", "gfti"), "did you mean gifti"),
        (("--to", "npz", "--bids", "sub-01", "task-film"), "the format npz does not take --bids"),
        (("--to", "gifti", "--bids", "sub-01"), "task- is missing"),
        (("--to", "csv", "--parcellation", tmp_path / "none"), "none"),
        (("--to", "gifti", "--times", "scan"), "invalid choice"),
    ):
        assert complaint in refused(command_here("export", predictions, *arguments, "--out", out))
    assert "not a prediction folder" in refused(command_here("export", tmp_path, "--to", "npz", "--out", out))
    assert "is inside" in refused(command_here("export", predictions, "--to", "npz", "--out", predictions / "x"))
    assert not out.exists()


def test_help_names_every_format(command_here: Command) -> None:
    text = command_here("export", "--help").stdout
    assert all(f"{name}, " in " ".join(text.split()) for name in EXPORT_FORMATS)
