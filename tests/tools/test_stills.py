"""The tools that measure what a still is to the film model, and how an inserted stimulus differs from one film."""

import json
from pathlib import Path

import numpy as np
import pytest

from extractors.vjepa2.model import VJepa2Model
from extractors.vjepa2.random import write_random
from tools import inserted, stills
from tribe_np.runtime import Runtime


def test_an_error_is_relative_to_features_and_to_what_tells_pictures_apart(rng: np.random.Generator) -> None:
    common, apart = 10 * rng.standard_normal(500), rng.standard_normal((4, 500))
    apart -= apart.mean(axis=0)
    same = stills.Error.between(common + apart, common + apart)
    assert (same.rms, same.rms_apart, same.r, same.r_apart) == (0, 0, pytest.approx(1), pytest.approx(1))
    lost = stills.Error.between(common + apart, np.tile(common, (4, 1)) + rng.standard_normal((4, 500)))
    assert 0.1 < lost.rms < 0.2
    assert 1.2 < lost.rms_apart < 2
    assert lost.r > 0.95
    assert abs(lost.r_apart) < 0.3


def test_fewer_frames_are_not_the_same(tmp_path: Path) -> None:
    model = VJepa2Model.load(write_random(tmp_path, seed=0), Runtime())
    (picture,) = stills.pictures_drawn(1)
    exact = stills.features_of_still(model, picture, 64)
    assert exact.tobytes() == stills.features_of_still(model, picture, 64).tobytes()
    errors = [np.abs(stills.features_of_still(model, picture, n) - exact).max() for n in (32, 4)]
    assert 0.01 < errors[0] < errors[1]
    spreads = stills.tubelet_spread(model, picture)
    assert spreads[0] < 1e-5 < 0.01 < min(spreads[1:])


def test_a_difference_is_counted_from_the_onsets(rng: np.random.Generator) -> None:
    whole = rng.standard_normal((50, 40))
    other = whole.copy()
    other[:, [10, 30]] += 3.0
    by_step = inserted.difference_by_step(whole, other)
    assert np.flatnonzero(by_step).tolist() == [10, 30]
    assert by_step[10] == pytest.approx(3.0, abs=0.2)
    assert inserted.after_onsets(by_step, [4.0, 14.0], 0.5, [0.5, 1.0]) == [0, pytest.approx(by_step[10], rel=1e-6)]
    assert np.isnan(inserted.after_onsets(by_step, [4.0], 1.0, [0.5, 99.0])).all()


@pytest.mark.extras
def test_both_ways_show_the_same_frames_and_samples(tmp_path: Path) -> None:
    whole, apart, onsets = inserted.write_run(tmp_path, n_trials=2, seconds=1, gap=1)
    assert onsets == [1.0, 3.0]
    assert max(row.stop for row in whole) == max(row.stop for row in apart) == 5.0
    assert [(row.type, row.start) for row in apart if "pause" not in row.filepath] == [
        ("Video", 1.0), ("Audio", 1.0), ("Video", 3.0), ("Audio", 3.0),
    ]  # fmt: skip


@pytest.mark.extras
def test_tables_of_small_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = tmp_path / "figures.json"
    stills.main(["--width", "64", "--layers", "2", "--crop", "32", "--pictures", "2", "--json", str(figures)])
    assert len([line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]) == 1 + 4
    assert json.loads(figures.read_text())["4 frames, group 1"]["rms"] > 0
    sizes = ["--trials", "1", "--seconds", "5", "--gap", "2", "--width", "64", "--layers", "2"]
    inserted.main([*sizes, "--json", str(figures)])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert lines[0] == "| seconds after the onset | audio | video | predictions |"
    found = json.loads(figures.read_text())
    by_second = dict(zip(found["seconds"], found["video"], strict=True))
    assert by_second[0.0] > 0.5  # clips of the whole film reach back to the grey before the onset
    assert by_second[4.0] == pytest.approx(0, abs=1e-4)  # and after 4 s no more
