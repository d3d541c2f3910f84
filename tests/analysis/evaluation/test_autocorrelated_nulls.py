"""p against surrogates: by hand, by scipy, and by how often noise is called a finding."""

import numpy as np
import pytest
from scipy import stats

from tests.analysis.evaluation.made_series import bold_noise, correlate, slow_noise
from tribe_np.analysis.evaluation import surrogates
from tribe_np.analysis.evaluation.autocorrelated_nulls import KINDS_OF_NULL, null_correlations
from tribe_np.analysis.evaluation.surrogates import shift_draws
from tribe_np.errors import ConfigError, ShapeError

SEEDS, N_VERTICES = 200, 4
LEVEL = 0.05
SECONDS = {"shifts": 30, "blocks": 60, "phases": 30}  # blocks of 30 s are short for noise this slow


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    """A prediction and a truth of 150 rows and 6 vertices; the last three are predicted, more and more."""
    rng = np.random.default_rng(0)
    truth = slow_noise(rng, 150, 6)
    prediction = slow_noise(rng, 150, 6)
    prediction[:, 3:] += truth[:, 3:] * [0.3, 1.0, 4.0]
    return prediction, truth


def by_hand(prediction: np.ndarray, truth: np.ndarray, seed: int, *, two_sided: bool) -> dict[str, np.ndarray]:
    """All of it for shifts of 20 rows, from surrogates written out and NumPy's r."""
    (draws,) = shift_draws([len(truth)], 20, 60, seed)
    null = np.array([correlate(np.roll(prediction, shift, axis=0), truth) for shift in draws.shifts[:, 0]])
    r = correlate(prediction, truth)
    size = np.abs if two_sided else np.asarray
    return {
        "r": r,
        "p": (1 + (size(null) >= size(r)).sum(axis=0)) / 61,
        "p_corrected": np.array([(1 + (size(null).max(axis=1) >= size(one)).sum()) / 61 for one in r]),
        "null_mean": null.mean(axis=0),
        "null_sd": null.std(axis=0),
        "mean_r": r.mean(),
        "p_of_mean": (1 + (size(null.mean(axis=1)) >= size(r.mean())).sum()) / 61,
    }


@pytest.mark.parametrize("two_sided", [False, True])
def test_it_is_what_one_does_by_hand(pair: tuple[np.ndarray, np.ndarray], two_sided: bool) -> None:
    prediction, truth = pair
    prediction[:, 5] *= -1
    found = null_correlations(prediction, truth, kind="shifts", n=60, seed=3, seconds=20, two_sided=two_sided)
    for name, value in by_hand(prediction, truth, 3, two_sided=two_sided).items():
        np.testing.assert_allclose(getattr(found, name), value, rtol=0, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(found.q, stats.false_discovery_control(found.p), rtol=1e-12)
    assert (found.p[5] < 0.1) == two_sided, "a prediction with the wrong sign is a finding of the two-sided test only"


def test_p_is_that_of_scipy_for_the_same_surrogates(pair: tuple[np.ndarray, np.ndarray]) -> None:
    prediction, truth = pair
    (draws,) = shift_draws([150], 30, 60, 9)
    found = null_correlations(prediction, truth, kind="shifts", n=60, seed=9)
    for vertex in range(6):
        rolled = iter([np.roll(prediction[:, vertex], shift) for shift in draws.shifts[:, 0]])
        one = stats.monte_carlo_test(
            prediction[:, vertex],
            rvs=lambda size, rolled=rolled: np.reshape(next(rolled), size),
            statistic=lambda x, vertex=vertex: stats.pearsonr(np.ravel(x), truth[:, vertex]).statistic,
            n_resamples=60,
            batch=1,
            vectorized=False,
            alternative="greater",
        )
        assert found.p[vertex] == pytest.approx(one.pvalue, abs=1e-12)
        assert found.r[vertex] == pytest.approx(one.statistic, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS_OF_NULL)
def test_chunks_of_draws_and_of_columns_change_nothing_but_where_the_draws_are_cut(
    pair: tuple[np.ndarray, np.ndarray], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = null_correlations(*pair, kind=kind, n=50, seconds=30, seed=1)
    monkeypatch.setattr("tribe_np.analysis.evaluation.run_columns.AT_ONCE", 400)  # two columns
    few = null_correlations(*pair, kind=kind, n=50, seconds=30, seed=1)
    monkeypatch.setattr(surrogates, "DRAWS_AT_ONCE", 50 if kind == "phases" else 17)
    cut = null_correlations(*pair, kind=kind, n=50, seconds=30, seed=1)
    for name in ("r", "p", "p_corrected", "null_mean", "null_sd", "p_of_mean", "n"):
        np.testing.assert_allclose(getattr(few, name), getattr(whole, name), atol=1e-12)
        if kind != "blocks":  # whose runs are drawn a chunk at a time
            np.testing.assert_allclose(getattr(cut, name), getattr(whole, name), atol=1e-12)
    assert not np.array_equal(null_correlations(*pair, kind=kind, n=50, seconds=30, seed=2).null_mean, whole.null_mean)


@pytest.mark.parametrize("kind", KINDS_OF_NULL)
def test_what_is_predicted_is_found(pair: tuple[np.ndarray, np.ndarray], kind: str) -> None:
    rng = np.random.default_rng(5)
    truth = slow_noise(rng, 600, 4)
    prediction = slow_noise(rng, 600, 4)
    prediction[:, 2:] += truth[:, 2:]
    found = null_correlations(prediction, truth, kind=kind, n=199, seed=0)
    assert np.all(found.p[2:] == 1 / 200)
    assert np.all(found.p_corrected[2:] == 1 / 200)
    assert np.all(found.p[:2] > 0.02)
    assert found.p_of_mean == 1 / 200
    assert np.all(np.abs(found.null_mean) < 0.1)


def noise_pair(seed: int, noise: str) -> tuple[np.ndarray, np.ndarray]:
    """Twice 10 or 20 minutes at four vertices that have nothing to do with each other."""
    rng = np.random.default_rng([seed, 1])
    if noise == "bold":
        return bold_noise(rng, 600, N_VERTICES), bold_noise(rng, 600, N_VERTICES)
    return slow_noise(rng, 1200, N_VERTICES), slow_noise(rng, 1200, N_VERTICES)


def most_alarms(n: int) -> float:
    """How many of n fair tests at 5 % give an alarm, but once in a thousand times."""
    return float(stats.binom.ppf(0.999, n, LEVEL))


@pytest.mark.parametrize("noise", ["bold", "slow"])
@pytest.mark.parametrize("kind", KINDS_OF_NULL)
def test_noise_with_memory_is_called_a_finding_as_often_as_the_level_says(kind: str, noise: str) -> None:
    one_by_one, corrected, of_mean = 0, 0, 0
    for seed in range(SEEDS):
        found = null_correlations(*noise_pair(seed, noise), kind=kind, n=39, seed=seed, seconds=SECONDS[kind])
        one_by_one += np.count_nonzero(found.p <= LEVEL)
        corrected += found.p_corrected.min() <= LEVEL
        of_mean += found.p_of_mean <= LEVEL
    n_tests = SEEDS * N_VERTICES
    assert stats.binom.ppf(0.001, n_tests, LEVEL) <= one_by_one <= most_alarms(n_tests), "22 to 60 of 800"
    assert 1 <= corrected <= most_alarms(SEEDS), "at most 20 of 200"
    assert 1 <= of_mean <= most_alarms(SEEDS)


@pytest.mark.parametrize("noise", ["bold", "slow"])
def test_rows_that_are_shuffled_call_it_a_finding_many_times_too_often(noise: str) -> None:
    alarms = 0
    for seed in range(SEEDS):
        x, y = (one - one.mean(axis=0) for one in noise_pair(seed, noise))
        rng = np.random.default_rng(seed)
        null = np.array([(x[rng.permutation(len(x))] * y).sum(axis=0) for _ in range(39)])
        alarms += np.count_nonzero((1 + (null >= (x * y).sum(axis=0)).sum(axis=0)) / 40 <= LEVEL)
    assert alarms > 2.5 * most_alarms(SEEDS * N_VERTICES), "a fifth of all and more, where a twentieth is the level"


@pytest.mark.parametrize("kind", KINDS_OF_NULL)
def test_runs_are_moved_each_by_itself_and_their_means_say_nothing(kind: str) -> None:
    rng = np.random.default_rng(8)
    x, y = slow_noise(rng, 240, 3), slow_noise(rng, 240, 3)
    options = {"kind": kind, "seconds": 30.0}
    steps = np.repeat([[0.0], [9.0]], 120, axis=0)  # the second run is higher, in both
    split = null_correlations([(x + steps)[:120], (x + steps)[120:]], [(y + steps)[:120], (y + steps)[120:]], **options)
    parted = [np.concatenate([run - run.mean(axis=0) for run in (one[:120], one[120:])]) for one in (x, y)]
    np.testing.assert_allclose(split.r, correlate(*parted), atol=1e-12)
    assert np.all(np.abs(split.null_mean) < 0.2)
    as_one = null_correlations(x + steps, y + steps, **options)
    assert np.all(as_one.r > 0.9), "that is what r of runs laid end to end would be"


@pytest.mark.parametrize("kind", KINDS_OF_NULL)
def test_flat_and_missing_vertices_have_no_p_and_change_no_other(
    pair: tuple[np.ndarray, np.ndarray], kind: str
) -> None:
    whole = null_correlations(*pair, kind=kind, n=50, seconds=30)
    prediction, truth = (np.repeat(one, 2, axis=1).astype(np.float32) for one in pair)
    truth[:, 1] = 0.1
    truth[40, 3] = np.nan
    prediction[7, 5] = np.inf
    prediction[:, 7] = 3.0
    found = null_correlations(prediction, truth, kind=kind, n=50, seconds=30)
    for name in ("r", "p", "p_corrected", "null_mean", "null_sd", "q"):
        assert np.flatnonzero(np.isnan(getattr(found, name))).tolist() == [1, 3, 5, 7], name
    assert found.n_without == 4
    np.testing.assert_allclose(found.r[::2], whole.r, atol=1e-6)  # float32
    np.testing.assert_array_equal(found.p[::2], whole.p)
    nothing = null_correlations(prediction, np.full_like(truth, np.nan), kind=kind, n=50, seconds=30)
    assert np.isnan([*nothing.p, nothing.mean_r, nothing.p_of_mean]).all()


def test_seconds_become_rows() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 300, 2))
    assert null_correlations(x, y, kind="shifts", tr=1.0).rows_moved == 30
    assert null_correlations(x, y, kind="shifts", tr=1.49).rows_moved == 21  # 30 / 1.49 is 20.1: at least 30 s
    assert null_correlations(x, y, kind="shifts", tr=0.1, seconds=0.3).rows_moved == 3
    assert null_correlations(x, y, kind="blocks", seconds=40).rows_moved == 40
    assert null_correlations(x, y, kind="blocks").rows_moved == 60, "30 s are too short for slow noise"
    assert null_correlations(x, y, kind="shifts").n == 241, "all the shifts there are"


def test_a_coarse_p_is_told() -> None:
    x, y = np.random.default_rng(2).normal(size=(2, 90, 2))
    found = null_correlations(x, y, kind="shifts")
    (sentence,) = found.warnings()
    assert "only 31 different shifts are possible" in sentence
    assert "not below 0.032" in sentence
    assert found.n_possible == found.n == 31
    assert "no p is below 0.031; take more for 0.01" in found.warnings(0.01)[1]
    phases = null_correlations(x, y, kind="phases")
    assert (phases.warnings(), phases.n_possible) == ((), None)
    assert null_correlations(x, y, kind="blocks", seconds=15).n_possible == 720
    assert null_correlations(x, y, kind="blocks", seconds=1).n_possible is None


def test_too_few_surrogates_for_the_false_discovery_rate_are_told() -> None:
    """One of 100 vertices at the floor of 40 surrogates: q is 100 / 41 of it; 49 would be needed."""
    rng = np.random.default_rng(0)
    x, y = slow_noise(rng, 400, 100), slow_noise(rng, 400, 100)
    x[:, 3] = y[:, 3]
    few = null_correlations(x, y, n=40)
    n_floor = int((few.p < 1 / 40).sum())
    assert few.q.min() > 0.05
    (sentence,) = few.warnings()
    assert sentence.startswith(f"{n_floor} vertices have the smallest p that 40 surrogates can give; for a q of 0.05")
    assert f"it would take 49 of them, or {-(-40 * 49 // n_floor)} surrogates" in sentence
    more = null_correlations(x, y, n=3000)
    assert more.q[3] <= 0.05
    assert more.warnings() == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "shift"}, "null 'shift' is unknown; known are shifts, blocks, phases; did you mean shifts"),
        (
            {"kind": "shifts", "seconds": 70},
            "shifts of 70 s leave 11 surrogates of runs of 150 rows, expected at least 20",
        ),
        ({"kind": "blocks", "seconds": 50}, "blocks of 50 s leave 6 surrogates"),
        ({"kind": "blocks", "seconds": 0}, "tr and seconds must be above 0"),
        ({"tr": np.nan}, "tr and seconds must be above 0"),
        ({"n": 3}, "n must be a whole number of relabellings from 20"),
        ({"seed": -1}, "seed must be a whole number from 0 on"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    pair: tuple[np.ndarray, np.ndarray], options: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        null_correlations(*pair, **options)


def test_series_of_other_sizes_are_refused(pair: tuple[np.ndarray, np.ndarray]) -> None:
    prediction, truth = pair
    with pytest.raises(ShapeError, match="truth has 149 rows x 6 vertices, prediction has 150 rows x 6 vertices"):
        null_correlations(prediction, truth[1:])
    with pytest.raises(ShapeError, match=r"truth has 100 \+ 50 rows .* same rows of the same runs"):
        null_correlations([prediction[:75], prediction[75:]], [truth[:100], truth[100:]])
    with pytest.raises(ShapeError, match=r"truth: expected numbers \(rows, vertices\), got complex128 \(150, 6\)"):
        null_correlations(prediction, truth.astype(complex))
    with pytest.raises(ShapeError, match="prediction: expected runs of at least 3 rows, got one of 2"):
        null_correlations(prediction[:2], truth[:2])
