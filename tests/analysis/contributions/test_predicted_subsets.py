"""`modalities`: arrays, files and folders of every subset; r is that of `evaluate`; what does not fit is refused."""

from pathlib import Path

import numpy as np
import pytest

from tests.analysis.contributions.test_truth_maps import FULL, THREE, V, measured, predictions_of
from tests.prediction_folders import write_folder
from tribe_np.analysis import evaluate, modalities
from tribe_np.analysis.contributions.subset_values import Subset, subset_name
from tribe_np.errors import ConfigError, NotFiniteError, ShapeError

Predictions = dict[str, np.ndarray]


def named(seed: int = 0) -> Predictions:
    return {subset_name(subset, THREE): rows for subset, rows in predictions_of(seed).items()}


def test_the_command_is_a_function_of_the_room() -> None:
    import tribe_np.analysis.contributions.truth_maps

    assert callable(tribe_np.analysis.modalities)
    assert tribe_np.analysis.modalities is modalities


def test_a_subset_is_called_by_names_or_a_set() -> None:
    predictions = named()
    by_set = {tuple(reversed(name.split("+"))) if name != "none" else (): rows for name, rows in predictions.items()}
    first, second = modalities(predictions), modalities(by_set)
    assert first.modalities == second.modalities == THREE
    assert first.truth is None
    for m in THREE:
        np.testing.assert_array_equal(first.shapley[m], second.shapley[m])
    only_two = {name: predictions[name] for name in ("none", "video", "text", "text+video")}
    assert modalities(only_two).modalities == ("video", "text")


@pytest.mark.parametrize("aligned", [False, True])
def test_r_is_that_of_evaluate(aligned: bool, tmp_path: Path) -> None:
    predictions, run = named(1), {"mesh": "fsaverage3"}
    n = len(predictions["none"])
    names, starts = ["a"] * 25 + ["b"] * (n - 25), [*range(24), 23, *range(3, n - 22)]  # one start is there twice
    folders = {
        name.replace("none", ""): write_folder(tmp_path / name, rows, run, starts=starts, timelines=names)
        for name, rows in predictions.items()
    }
    scans = [measured(np.repeat(predictions["text+audio+video"][:30], 2, axis=0), 2.0, seed) for seed in (3, 4, 5)]
    scans[0][:, 5], scans[1][7], scans[2][4, 9] = 1, np.nan, np.nan
    truth = {"anna": {"a": scans[0], "b": scans[1]}, "ben": {"b": scans[2]}}
    options = {"tr": 1.0, "aligned": aligned, "start": None if aligned else 2.0}
    found = modalities(folders, truth, **options)  # type: ignore[arg-type]
    score = evaluate(tmp_path / "text+audio+video", truth, reach=0, **options)
    assert found.truth is not None
    assert found.truth.subjects == {one.subject: one.n_rows for one in score.subjects}
    np.testing.assert_allclose(found.truth.r[FULL], score.r, rtol=0, atol=1e-12)
    alone = evaluate(tmp_path / "audio", truth, reach=0, **options)
    np.testing.assert_allclose(found.truth.r[Subset({"audio"})], alone.r, rtol=0, atol=1e-12)
    assert any("rows have no value at any vertex" in text for text in found.truth.warnings)


def test_an_array_states_no_offset_and_it_is_said() -> None:
    predictions = named(2)
    scan = measured(predictions["text+audio+video"], 1.0)
    found = modalities(predictions, scan, tr=1.0).truth
    assert found is not None
    assert found.dropped == (5, 5)
    assert "states no offset; truth is read 5 s later" in " ".join(found.warnings)
    given = modalities(predictions, scan, tr=1.0, offset=3.0).truth
    assert given is not None
    assert given.dropped == (3, 3)
    np.testing.assert_allclose(given.r[FULL], evaluate(predictions["text+audio+video"], scan, tr=1.0, offset=3.0).r)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    predictions = named()
    late = write_folder(tmp_path / "late", predictions["text"], {"mesh": "fsaverage3"}, starts=range(1, 61))
    here = write_folder(tmp_path / "here", predictions["none"], {"mesh": "fsaverage3"})
    with pytest.raises(ShapeError, match="late: the prediction of text has not the rows and vertices of that of none"):
        modalities({**predictions, "none": here, "text": late})
    with pytest.raises(ConfigError, match="one prediction cannot be taken apart"):
        modalities(here)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"the prediction of audio\+text is there twice"):
        modalities({**predictions, "audio+text": predictions["text+audio"]})
    with pytest.raises(ShapeError, match="predictions lack none; every subset is needed, none too"):
        modalities({name: rows for name, rows in predictions.items() if name != "none"})
    with pytest.raises(ShapeError, match="predictions lack video"):
        modalities({name: rows for name, rows in predictions.items() if name != "video"})
    with pytest.raises(ConfigError, match=r"there is no prediction of text\+audio\+video, to lay the truth on"):
        modalities({n: rows for n, rows in predictions.items() if n.count("+") < 2}, np.zeros((9, V)))
    predictions["text+video"][50, 3] = np.nan
    with pytest.raises(NotFiniteError, match=r"the prediction of text\+video holds NaN"):
        modalities(predictions)
