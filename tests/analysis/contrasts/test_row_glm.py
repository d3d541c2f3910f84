"""GLMs over rows are nilearn's: of one run, and of several as fixed effects."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from tests.analysis.contrasts.made_experiments import blocks, noise, write_experiment, write_trials
from tribe_np.analysis import contrast
from tribe_np.errors import ConfigError


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return write_experiment(tmp_path / "made", noise(64), blocks())


@pytest.mark.extras
@pytest.mark.parametrize("noise_model", ["ar1", "ols"])
def test_the_glm_is_nilearns(made: Path, noise_model: str) -> None:
    from nilearn.glm import compute_contrast
    from nilearn.glm.first_level import make_first_level_design_matrix, run_glm
    from pandas import DataFrame

    found = contrast(made, "a - b", glm=True, noise=noise_model)
    events = DataFrame([t[:3] for t in blocks()], columns=["onset", "duration", "trial_type"])
    design = make_first_level_design_matrix(np.arange(64) + 0.5, events, hrf_model=None, drift_model=None)
    labels, results = run_glm(noise(64).astype(float), design.to_numpy(), noise_model=noise_model)
    expected = compute_contrast(labels, results, np.array([1.0, -1.0, 0.0]), stat_type="t")
    np.testing.assert_allclose(found.maps.t, expected.stat(), rtol=1e-6)
    np.testing.assert_allclose(found.maps.effect, np.ravel(expected.effect), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.maps.p, 2 * stats.t.sf(np.abs(expected.stat()), 61), rtol=1e-6)
    assert found.df_range == (61, 61)
    assert found.facts["runs"] == {"run-1": {"rows": 64, "columns": ["a", "b", "constant"]}}
    assert found.facts["over_runs"] is None


def first_level_t(
    runs: Sequence[np.ndarray], trials: Sequence[Sequence[tuple[object, ...]]], asked: object, noise_model: str = "ar1"
) -> np.ndarray:
    """The t of nilearn's FirstLevelModel at the first 60 vertices."""
    from nibabel import Nifti1Image
    from nilearn.glm.first_level import FirstLevelModel
    from pandas import DataFrame

    images = [Nifti1Image(rows[:, :60].astype(float).T.reshape(3, 4, 5, -1), np.eye(4)) for rows in runs]
    mask = Nifti1Image(np.ones((3, 4, 5), np.uint8), np.eye(4))
    events = [DataFrame([t[:3] for t in each], columns=["onset", "duration", "trial_type"]) for each in trials]
    model = FirstLevelModel(
        t_r=1.0, slice_time_ref=0.5, hrf_model=None, drift_model=None, mask_img=mask, signal_scaling=False,
        standardize=False, noise_model=noise_model,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(images, events=events)
        return np.asarray(model.compute_contrast(asked, output_type="stat").get_fdata()).reshape(60)


@pytest.mark.extras
def test_the_glm_is_first_level_models(made: Path) -> None:
    found = contrast(made, "a - b", glm=True)
    assert found.maps.t is not None
    np.testing.assert_allclose(found.maps.t[:60], first_level_t([noise(64)], [blocks()], "a - b"), rtol=1e-6)


def write_two_runs(folder: Path, first: list[tuple[object, ...]], second: list[tuple[object, ...]]) -> Path:
    """A run of 64 rows and one of 48, whose levels differ."""
    values = np.concatenate([noise(64), noise(48, seed=1) + 3])
    trials = [(*trial[:3], run) for run, each in (("r0", first), ("r1", second)) for trial in each]
    return write_experiment(
        folder, values, trials, head="onset\tduration\ttrial_type\trun", timelines=["r0"] * 64 + ["r1"] * 48,
        starts=[*range(64), *range(48)],
    )  # fmt: skip


@pytest.mark.extras
@pytest.mark.parametrize("noise_model", ["ar1", "ols"])
def test_two_runs_are_the_fixed_effects_of_nilearn(tmp_path: Path, noise_model: str) -> None:
    made = write_two_runs(tmp_path / "made", blocks(), blocks(4))
    found = contrast(made, "a - b", glm=True, noise=noise_model)
    runs = [noise(64), noise(48, seed=1) + 3]
    np.testing.assert_allclose(
        found.maps.t[:60], first_level_t(runs, [blocks(), blocks(4)], "a - b", noise_model), rtol=1e-6
    )
    assert found.df_range == (64 - 3 + 48 - 3,) * 2
    assert found.method == f"GLM over rows, {noise_model}, fixed effects over 2 runs"
    is_short = any(text.startswith("the shortest run has 48 rows: the ar1 of a run") for text in found.warnings)
    assert is_short == (noise_model == "ar1")
    assert found.facts["over_runs"].startswith("fixed effects: each run is fitted and whitened for itself")


@pytest.mark.extras
def test_a_condition_that_a_run_lacks_is_the_mean_of_the_others(tmp_path: Path) -> None:
    second = [trial for trial in blocks(4) if trial[2] == "a"]
    made = write_two_runs(tmp_path / "made", blocks(), second)
    found = contrast(made, "a - b", glm=True)
    runs = [noise(64), noise(48, seed=1) + 3]
    shares = [np.array([0.5, -1, 0]), np.array([0.5, 0])]  # a is half of each run, b is of the first; a constant each
    expected = first_level_t(runs, [blocks(), second], [2 * share for share in shares])  # nilearn halves both
    np.testing.assert_allclose(found.maps.t[:60], expected, rtol=1e-6)
    assert found.df_range == (64 - 3 + 48 - 2,) * 2
    assert any(text.startswith("b has no trial in 1 of 2 runs (r1)") for text in found.warnings)


@pytest.mark.extras
def test_conditions_of_two_runs_are_compared_by_their_baselines(tmp_path: Path) -> None:
    """a is in the one run, b in the other, and the levels of the runs differ by 3: no effect."""
    one, other = ([trial for trial in blocks(4) if trial[2] == name] for name in "ab")
    found = contrast(write_two_runs(tmp_path / "made", one, other), "a - b", glm=True, noise="ols")
    rows = {run: np.zeros(n, bool) for run, n in (("r0", 64), ("r1", 48))}
    for run, trials in (("r0", one), ("r1", other)):
        for trial in trials:
            rows[run][int(trial[0]) : int(trial[0]) + 2] = True
    first, second = (v.astype(float) for v in (noise(64), noise(48, seed=1)))
    of_run = [v[rows[r]].mean(axis=0) - v[~rows[r]].mean(axis=0) for v, r in ((first, "r0"), (second, "r1"))]
    np.testing.assert_allclose(found.maps.effect, of_run[0] - of_run[1], atol=1e-5)


@pytest.mark.extras
def test_the_order_of_runs_changes_nothing(tmp_path: Path) -> None:
    """No row of a run is whitened by a row of another: run after run gives what the runs give the other way round."""
    values, n = noise(112), 64
    trials = [(*t[:3], "r0") for t in blocks()] + [(*t[:3], "r1") for t in blocks(4)]
    head = "onset\tduration\ttrial_type\trun"
    t = []
    for name, order in (("one", [*range(112)]), ("other", [*range(n, 112), *range(n)])):
        starts, timelines = np.array([*range(n), *range(48)])[order], np.array(["r0"] * n + ["r1"] * 48)[order]
        made = write_experiment(
            tmp_path / name, values[order], trials, head=head, timelines=timelines.tolist(), starts=starts.tolist()
        )
        t.append(contrast(made, "a - b", glm=True).maps.t)
    np.testing.assert_allclose(t[0], t[1], rtol=1e-12)


@pytest.mark.extras
def test_confounds_take_out_what_they_hold(tmp_path: Path) -> None:
    drift = np.linspace(0, 5, 64)
    plain, drifting = noise(64), noise(64) + drift[:, None]
    one = write_experiment(tmp_path / "one", plain, blocks())
    other = write_experiment(tmp_path / "other", drifting, blocks())
    table = write_trials(tmp_path / "drift.tsv", [[x] for x in drift], head="drift")
    found = [contrast(each, "a - b", glm=True, noise="ols", confounds=table) for each in (one, other)]
    np.testing.assert_allclose(found[0].maps.t, found[1].maps.t, rtol=1e-4, atol=1e-4)


@pytest.mark.extras
def test_runs_have_constants_of_their_own(tmp_path: Path) -> None:
    values = noise(64)
    values[32:] += 100
    trials = [(2 + 5 * k, 2, "ab"[k % 2], run, "") for run in ("r0", "r1") for k in range(6)]
    runs, starts = ["r0"] * 32 + ["r1"] * 32, [*range(32), *range(32)]
    made = write_experiment(tmp_path / "made", values, trials, timelines=runs, starts=starts)
    found = contrast(made, "a - b", glm=True, noise="ols")
    columns = {"rows": 32, "columns": ["a", "b", "constant"]}
    assert found.facts["runs"] == {"r0": columns, "r1": columns}
    assert np.abs(found.maps.effect).max() < 5
    assert found.df_range == (58, 58)


@pytest.mark.extras
def test_what_the_rows_cannot_tell_is_refused(tmp_path: Path) -> None:
    trials = [(4 * k, 4, "ab"[k % 2], "run-1", "") for k in range(8)]  # no row between them
    made = write_experiment(tmp_path / "made", noise(32), trials)
    assert contrast(made, "a - b", glm=True).df_range == (30, 30)
    with pytest.raises(ConfigError, match="the rows cannot tell this contrast"):
        contrast(made, "a", glm=True)


@pytest.mark.extras
def test_an_explained_vertex_has_an_effect_and_no_t(tmp_path: Path) -> None:
    values = noise(64)
    values[:, 0] = 0
    values[2:4, 0] = values[12:14, 0] = 1
    trials = [(2, 2, "a"), (12, 2, "a"), (30, 2, "b"), (40, 2, "b")]
    made = write_experiment(tmp_path / "made", values, trials, head="onset\tduration\ttrial_type")
    found = contrast(made, "a - b", glm=True)
    assert found.maps.effect[0] == pytest.approx(1)
    assert np.isnan(found.maps.t[0])
    assert np.isfinite(found.maps.t[1:]).all()
    assert "1 of 1284 vertices are explained without rest: they have no t" in found.warnings


@pytest.mark.extras
def test_a_run_that_leaves_nothing_for_noise_is_refused(tmp_path: Path) -> None:
    trials = [(0, 1, "a", "r0"), (1, 1, "b", "r0"), (0, 1, "a", "r1"), (1, 1, "b", "r1")]
    made = write_experiment(
        tmp_path / "made", noise(9), trials, head="onset\tduration\ttrial_type\trun",
        timelines=["r0"] * 6 + ["r1"] * 3, starts=[*range(6), *range(3)],
    )  # fmt: skip
    with pytest.raises(ConfigError, match="run 'r1': 3 rows and as many regressors"):
        contrast(made, "a - b", glm=True)
