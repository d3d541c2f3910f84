"""What a command on predictions says of a folder that is none: what it holds, and what to give."""

from pathlib import Path

import pytest

from tests.prediction_folders import write_folder
from tribe_np.cortex.series import as_series
from tribe_np.errors import OutputError
from tribe_np.formats.prediction_folder import why_no_prediction


def files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ["contrast.json", "npy/effect.npy", "npy/p.npy", "npy/t.npy"],
            "contrast.*; tribe-np plot .*npy/t.npy draws",
        ),
        (["contrast.json", "npy/effect.npy", "npy/a.npy"], "plot .*npy/effect.npy draws"),
        (["contrast.json", "gifti/lh.t.gii"], "whose maps are files in gifti; --to npy"),
        (["a-b/contrast.json", "c/contrast.json"], "it holds contrasts in .*a-b, .*c, whose maps"),
        (["evaluation.json", "npy/mse.npy", "npy/r.npy"], "it holds an evaluation, .*plot .*npy/r.npy draws"),
        (["comparison.json"], "it holds a comparison.*give the predictions that were compared"),
        (["x/predictions.npy", "y/other"], "predictions lie in [^,]*x$"),
        (["run.json"], r"predictions\.npy is missing$"),
        (["predictions.npy", "contrast.json"], r"segments\.json is missing$"),
    ],
)
def test_what_a_folder_holds_instead(tmp_path: Path, names: list[str], said: str) -> None:
    with pytest.raises(OutputError, match=f": not a prediction folder: .*{said}"):
        as_series(files(tmp_path, *names))


def test_what_is_no_folder(tmp_path: Path) -> None:
    assert why_no_prediction(tmp_path / "gone") == "there is no such folder"
    assert why_no_prediction(files(tmp_path, "map.npy") / "map.npy") == "it is a file"


def test_a_whole_folder_lacks_nothing(tmp_path: Path) -> None:
    assert why_no_prediction(write_folder(tmp_path / "run", [[0.0]], {})) is None
