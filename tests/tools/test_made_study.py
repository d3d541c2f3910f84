"""A study that is made finds its own numbers again: delay, ceilings, group, and silence."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.prediction_folders import write_folder
from tools.made_study import StudyPlan, main, make_study
from tribe_np.analysis import evaluate
from tribe_np.errors import ConfigError

N, R = 320, 600  # vertices of those of fsaverage3


@pytest.fixture(scope="module")
def prediction(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows that are noise, from second 3 of the stimulus on."""
    values = np.random.default_rng(0).standard_normal((R, N))
    run = {"mesh": "fsaverage3", "options": {"vertices": list(range(500, 500 + N))}}
    return write_folder(tmp_path_factory.mktemp("made") / "pred", values, run, starts=(np.arange(R) + 3.0).tolist())


@pytest.mark.parametrize("late", [5, 7])
def test_an_evaluation_finds_what_a_study_was_made_with(prediction: Path, tmp_path: Path, late: int) -> None:
    plan = StudyPlan(subjects=3, noise=1.5, late=late)
    table = make_study(prediction, tmp_path / "study", plan)
    told = json.loads((tmp_path / "study" / "study.json").read_text())["expected"]
    speaks = ~np.load(tmp_path / "study" / "silent.npy")
    made = evaluate(prediction, table, parcellation=False, null="phases", surrogates=100)
    assert made.lags is not None
    assert made.lags.best == late - 5
    assert any("truth read 2 s later than expected" in w for w in made.warnings) == (late == 7)
    if late == 7:
        return
    assert made.group is not None
    assert made.null is not None
    found = {
        "r": made.r,
        "pairwise_r": np.mean([one.ceilings.pairwise_r for one in made.ceilings], axis=0),
        "reliability": np.mean([one.ceilings.reliability for one in made.ceilings], axis=0),
        "r_of_mean": np.mean([one.r_of_mean for one in made.ceilings], axis=0),
        "r_normalised": np.mean([one.normalised for one in made.ceilings], axis=0),
        "r_group": made.group.found.r_group,
        "r_leave_one_out": made.group.found.leave_one_out.mean(axis=0),
    }
    for name, values in found.items():
        assert np.nanmean(values[speaks]) == pytest.approx(told[name], abs=0.015), name
    assert np.abs(made.r[~speaks]).mean() < 0.05
    assert (made.null.found.q[speaks] < 0.05).mean() > 0.99
    assert 0.0 < (made.null.found.p[~speaks] < 0.05).mean() < 0.15, "silence is called a finding at the level alone"


def test_the_command_says_what_to_expect(prediction: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(prediction), "--out", str(tmp_path / "study"), "--subjects", "2", "--repetitions", "1"])
    said = capsys.readouterr().out
    assert said.startswith(f"tribe-np evaluate {prediction} {tmp_path / 'study' / 'truth.tsv'}")
    assert len((tmp_path / "study" / "truth.tsv").read_text().splitlines()) == 3
    with pytest.raises(SystemExit):
        main([str(prediction), "--out", str(tmp_path / "study")])
    assert "study is there already" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="a delay of whole rows"):
        make_study(prediction, tmp_path / "other", StudyPlan(late=2.5))
