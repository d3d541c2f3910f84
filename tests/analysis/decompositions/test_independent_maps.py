"""Components: planted sources come back, scikit-learn's own call gives the same, streaming changes nothing."""

import numpy as np
import pytest

from tribe_np.analysis.decompositions import row_reduction
from tribe_np.analysis.decompositions.decomposing import networks
from tribe_np.analysis.decompositions.independent_maps import independent_maps, stability
from tribe_np.analysis.decompositions.network_tables import network_tables
from tribe_np.analysis.decompositions.row_reduction import reduce_rows, row_transform
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, ShapeError

V = 2 * 642  # fsaverage3
K = 5
POWERS = np.array([5.0, 4.0, 3.0, 2.0, 1.0])


def planted(rows: int = 40, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Sources (K, V) with a far tail upwards, and rows that mix them, strongest first; each vertex has its mean."""
    rng = np.random.default_rng(3)
    sources = rng.exponential(size=(K, V)) ** 2
    sources = (sources - sources.mean(1, keepdims=True)) / sources.std(1, keepdims=True)
    courses = rng.standard_normal((rows, K))
    courses *= POWERS / courses.std(0)
    mixed = courses @ sources + noise * rng.standard_normal((rows, V)) + 10 * rng.standard_normal(V)
    return sources, mixed.astype(np.float32)


@pytest.mark.extras
def test_planted_sources_are_recovered_signed_and_ranked() -> None:
    sources, mixed = planted()
    made = networks(mixed, components=K, templates=False)
    r = np.corrcoef(sources, made.found.maps)[:K, K:]
    assert (np.diag(r) > 0.995).all(), "in the order of their power, tails up: no absolute value is taken"
    assert (np.diff(made.found.shares) < 0).all()
    assert made.found.shares.sum() == pytest.approx(made.reduced.variances.sum() / made.reduced.total)
    assert (made.found.skewness > 0).all()
    assert (made.stability.matched > 0.999).all()
    assert made.found.has_converged


@pytest.mark.extras
@pytest.mark.parametrize("solver", ["svd", "eigh"])
def test_scikit_learn_gives_the_same_on_the_same_matrix(solver: str) -> None:
    from sklearn.decomposition import FastICA

    _, mixed = planted(noise=0.5)
    made = networks(mixed, components=K, templates=False, seed=4, restarts=0)
    matrix = mixed.astype(np.float64) - mixed.mean(0, dtype=np.float64)
    ica = FastICA(K, random_state=4, whiten="unit-variance", whiten_solver=solver, max_iter=500, tol=1e-6)
    theirs = ica.fit_transform(matrix.T).T
    r = np.corrcoef(theirs, made.found.maps)[:K, K:]
    order = np.abs(r).argmax(0)
    signs = np.sign(r[order, range(K)])
    np.testing.assert_allclose(made.found.maps, theirs[order] * signs[:, None], atol=1e-9)
    np.testing.assert_allclose(made.found.courses, ica.mixing_[:, order] * signs, atol=1e-9)


@pytest.mark.extras
def test_runs_are_the_same_to_the_bit_and_courses_give_the_rows_back() -> None:
    _, mixed = planted(noise=0)
    first, second = (networks(mixed, components=K, templates=False, seed=2) for _ in range(2))
    np.testing.assert_array_equal(first.maps(), second.maps())
    np.testing.assert_array_equal(first.stability.matched, second.stability.matched)
    rows = mixed.astype(np.float64) - mixed.mean(0, dtype=np.float64)
    rows -= rows.mean(1, keepdims=True)
    np.testing.assert_allclose(first.found.courses @ first.found.maps, rows, atol=1e-4)


@pytest.mark.extras
def test_stability_is_the_correlation_of_matched_maps() -> None:
    rng = np.random.default_rng(0)
    reduced = reduce_rows(row_transform(rng.standard_normal((12, V)).astype(np.float32), removes_mean=True), 4)
    found, other = independent_maps(reduced, 0), independent_maps(reduced, 9)
    stable = stability(reduced, found, [9])
    r = np.abs(np.corrcoef(found.maps, other.maps)[:4, 4:])
    from itertools import permutations

    best = max(permutations(range(4)), key=lambda p: sum(r[i, j] for i, j in enumerate(p)))
    np.testing.assert_allclose(stable.matched[0], [r[i, j] for i, j in enumerate(best)], atol=1e-9)
    assert stable.matched.min() < 0.99, "noise has no components, and it shows"


def test_blocks_and_lanczos_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _, mixed = planted(noise=0.5)
    whole = reduce_rows(row_transform(mixed, removes_mean=True, standardizes=True), K)
    matrix = mixed.astype(np.float64)
    matrix = (matrix - matrix.mean(0)) / matrix.std(0)
    total = float(matrix.var(axis=1).sum())
    _, singular, _ = np.linalg.svd(matrix - matrix.mean(1, keepdims=True), full_matrices=False)
    np.testing.assert_allclose(whole.variances, singular[:K] ** 2 / V, rtol=1e-10)
    assert whole.total == pytest.approx(total)
    np.testing.assert_allclose(whole.whitened @ whole.whitened.T / V, np.eye(K), atol=1e-10)
    monkeypatch.setattr(row_reduction, "BLOCK_VALUES", 40 * 17)
    small = reduce_rows(row_transform(mixed, removes_mean=True, standardizes=True), K)
    np.testing.assert_allclose(small.whitened, whole.whitened, atol=1e-9)
    monkeypatch.setattr(row_reduction, "MOST_ROWS", 10)
    lanczos = reduce_rows(row_transform(mixed, removes_mean=True, standardizes=True), K)
    np.testing.assert_allclose(lanczos.whitened, whole.whitened, atol=1e-9)
    assert lanczos.total == pytest.approx(total)


@pytest.mark.extras
def test_vertices_without_numbers_or_change_take_no_part() -> None:
    _, mixed = planted()
    mixed[3, 7] = np.nan
    mixed[:, [0, 900]] = 4.0
    made = networks(mixed, components=K, templates=False, restarts=0)
    assert np.flatnonzero(np.isnan(made.maps()).any(axis=0)).tolist() == [0, 7, 900]
    assert "1 vertices are NaN or infinite in some row and 2 do not vary" in " ".join(made.warnings)


@pytest.mark.extras
def test_rows_without_numbers_take_no_part_and_timelines_are_named() -> None:
    _, mixed = planted()
    names = np.array(["a"] * 15 + ["b"] * 26)
    whole = np.insert(mixed, 15, np.nan, axis=0)
    series = SurfaceSeries(whole, "fsaverage3", np.r_[:15, :26].astype(float), timelines=names)
    made = networks(series, components=K, templates=False, restarts=0)
    np.testing.assert_array_equal(made.maps(), networks(mixed, components=K, templates=False, restarts=0).maps())
    assert "1 of 41 rows are NaN or infinite at every vertex; they take no part" in made.warnings[0]
    head, *rows = network_tables(made)["courses.tsv"]
    assert head[:3] == ["timeline", "start", "component-01"]
    assert [row[:2] for row in rows[14:17]] == [["a", "14"], ["b", "1"], ["b", "2"]]


@pytest.mark.extras
def test_few_rows_and_few_dimensions() -> None:
    _, mixed = planted()
    assert networks(mixed[:6], templates=False, restarts=0).n_components == 5
    with pytest.raises(ConfigError, match="6 rows, less the mean over them hold at most 5"):
        networks(mixed[:6], components=6, templates=False)
    twice = np.concatenate([mixed[:3]] * 4)
    with pytest.raises(ConfigError, match="only 2 dimensions"):
        networks(twice, components=5, templates=False)
    with pytest.raises(ShapeError, match="at least two rows"):
        networks(mixed[:1], templates=False)
    with pytest.raises(ShapeError, match="do not vary"):
        networks(np.ones((5, V), np.float32), templates=False)
    with pytest.raises(ConfigError, match="at least 19"):
        networks(mixed, spins=5)


@pytest.mark.extras
def test_only_vertices_with_a_region_take_part() -> None:
    _, mixed = planted()
    region_of = np.where(np.arange(V) % 642 < 600, 0, -1)
    made = networks(
        mixed, components=K, templates=False, restarts=0, within=Parcellation("cortex", ("all",), region_of)
    )
    np.testing.assert_array_equal(np.isfinite(made.maps()).all(axis=0), region_of == 0)
    reduced = reduce_rows(row_transform(mixed[:, region_of == 0], removes_mean=True), K)
    np.testing.assert_allclose(made.found.maps, independent_maps(reduced, 0).maps, atol=1e-9)
