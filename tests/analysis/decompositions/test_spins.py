"""The spin null: right on smooth maps where shuffled vertices are wrong, with the medial wall, p by its formula."""

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.stats import binom

from tribe_np.analysis.decompositions.spins import masked_correlations, random_rotations, sphere_spins, spin_test
from tribe_np.errors import ShapeError

N_SIDE = 642
PAIRS, SPINS, LEVEL = 200, 99, 0.05


def sphere() -> np.ndarray:
    """Points spread evenly over two spheres, the right one the left one's mirror image, (2 N, 3)."""
    i = np.arange(N_SIDE) + 0.5
    z, turn = 1 - 2 * i / N_SIDE, np.pi * (1 + 5**0.5) * i
    left = 100 * np.stack([np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn), z], axis=1)
    return np.concatenate([left, left * [-1, 1, 1]])


def smooth(points: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Random maps (n, 2 N) that are as smooth everywhere."""
    rng, found = np.random.default_rng(seed), []
    for side in np.split(points / 100, 2):
        kernel = np.exp(-(1 - side @ side.T) / (2 * 0.2**2))
        found.append(rng.standard_normal((n, N_SIDE)) @ kernel)
    return np.concatenate(found, axis=1)


def shuffles(n: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(5)
    return (rng.permutation(2 * N_SIDE) for _ in range(n))


@pytest.mark.parametrize("has_wall", [False, True])
def test_false_alarms_are_as_many_as_the_level_says(has_wall: bool) -> None:
    points = sphere()
    maps, templates = smooth(points, PAIRS, 1), smooth(points, PAIRS, 2)
    if has_wall:
        wall = points[:, 2] > 80  # a tenth of each hemisphere
        maps[:, wall], templates[:, wall] = np.nan, np.nan
    low, high = binom.ppf([0.0005, 0.9995], PAIRS, LEVEL)
    assert low <= alarms(maps, templates, list(sphere_spins(points, SPINS, 3))) <= high
    assert alarms(maps, templates, list(shuffles(SPINS))) > 0.4 * PAIRS, "smooth maps make shuffled vertices wrong"


def alarms(maps: np.ndarray, templates: np.ndarray, spins: list[np.ndarray]) -> int:
    """How many of the pairs (a map, the template in its place) have a p at or below the level."""
    few = range(0, PAIRS, 10)
    tested = [spin_test(maps[k : k + 10], templates[k : k + 10], iter(spins)) for k in few]
    return sum(int((np.diag(one.p) <= LEVEL).sum()) for one in tested)


def test_the_best_of_many_templates_is_corrected_for() -> None:
    points = sphere()
    maps, templates = smooth(points, PAIRS, 11), smooth(points, 7, 12)
    tested = spin_test(maps, templates, sphere_spins(points, SPINS, 13))
    low, high = binom.ppf([0.0005, 0.9995], PAIRS, LEVEL)
    assert low <= (tested.p_best <= LEVEL).sum() <= high
    assert (tested.p.min(axis=1) <= LEVEL).sum() > high, "the least p of seven is no p"


def test_p_is_one_more_than_the_spins_that_do_as_well() -> None:
    points = sphere()
    maps, templates = smooth(points, 2, 4), smooth(points, 3, 6)
    templates[0] = -maps[0]
    tested = spin_test(maps, templates, sphere_spins(points, 19, 0))
    assert tested.r[0, 0] == pytest.approx(-1)
    assert tested.p[0, 0] == tested.p_best[0] == 1 / 20
    turned = [np.abs(np.corrcoef(maps[1], templates[2][spin])[0, 1]) for spin in sphere_spins(points, 19, 0)]
    assert tested.p[1, 2] == (1 + sum(one >= abs(tested.r[1, 2]) for one in turned)) / 20


def test_correlations_are_over_the_vertices_that_both_have() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((3, 60)) + 5, rng.standard_normal((2, 60)) * 1e3
    a[0, :20], b[1, 10:30], b[0, 25:] = np.nan, np.nan, np.nan
    r, n = masked_correlations(a, b)
    for i in range(3):
        for j in range(2):
            both = np.isfinite(a[i]) & np.isfinite(b[j])
            assert n[i, j] == both.sum()
            expected = np.corrcoef(a[i][both], b[j][both])[0, 1] if both.sum() >= 10 else np.nan
            np.testing.assert_allclose(r[i, j], expected, atol=1e-12)
    with pytest.raises(ShapeError, match="60 vertices and templates 59"):
        masked_correlations(a, b[:, 1:])


def test_hemispheres_turn_as_mirror_images_and_the_seed_decides() -> None:
    points = sphere()
    first, second = (list(sphere_spins(points, 3, 8)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one[N_SIDE:] - N_SIDE, one[:N_SIDE])
        assert len(np.unique(one[:N_SIDE])) > 0.6 * N_SIDE, "neighbours go to neighbours: few take the same value"
    assert (first[0] != first[1]).mean() > 0.9
    with pytest.raises(ShapeError, match="lie on none"):
        next(sphere_spins(points * [2, 1, 1], 1, 0))


def test_rotations_are_rotations_and_uniform() -> None:
    found = np.stack(list(random_rotations(4000, 1)))
    np.testing.assert_allclose(found @ found.transpose(0, 2, 1), np.broadcast_to(np.eye(3), found.shape), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(found), 1, atol=1e-12)
    assert np.abs(found.mean(axis=0)).max() < 4 * (1 / 3 / 4000) ** 0.5
    angles = np.arccos(np.clip((np.trace(found, axis1=1, axis2=2) - 1) / 2, -1, 1))
    assert angles.mean() == pytest.approx(np.pi / 2 + 2 / np.pi, abs=0.05), "Haar's, whose density is 1 - cos"
