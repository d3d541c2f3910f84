"""Spatial correlation of maps under a spin null: templates turned on the sphere, so that smoothness stays.

A map of the cortex is smooth, so that a shuffling of its vertices makes a null far too narrow. Here a template is
turned as a whole: each vertex takes the value of the vertex nearest to where the rotation brings it. The right
hemisphere turns as the mirror image of the left one.

The medial wall: vertices without a value in the template turn with it; a correlation is over the vertices that have a
value in the map and in the turned template, so that no made-up value ever counts.

Source   Alexander-Bloch et al. 2018 (NeuroImage 178:540), the spin test over vertices
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from tribe_np.errors import ShapeError

FEWEST_SHARED = 10  # vertices that a correlation is over at least


@dataclass(frozen=True, eq=False)
class SpinTest:
    """Correlations of maps (k) with templates (m), and how often turned templates do as well.

    Shapes   r, p (k, m): p of each pair, two-sided; p_best (k,): of a map's best template, by the largest |r| over all
             templates in each rotation; n_shared (k, m) vertices
    """

    r: np.ndarray
    p: np.ndarray
    p_best: np.ndarray
    n_shared: np.ndarray
    n_spins: int


def random_rotations(n: int, seed: int) -> Iterator[np.ndarray]:
    """Rotation matrices (3, 3), uniform over all rotations.

    Numerics QR of a matrix of normal numbers, with the signs that make it unique
    """
    rng = np.random.default_rng(seed)
    for _ in range(n):
        q, r = np.linalg.qr(rng.standard_normal((3, 3)))
        q = q * np.sign(np.diag(r))
        if np.linalg.det(q) < 0:
            q[:, 0] = -q[:, 0]
        yield q


def sphere_spins(
    sphere: np.ndarray, n: int, seed: int, step: Callable[[int], None] = lambda n: None
) -> Iterator[np.ndarray]:
    """The vertex whose value each vertex takes, (2 V,), for each of n rotations; `step` counts those that are used.

    Shapes   sphere (2 V, 3): both hemispheres, left first, each around the origin
    Raises   ShapeError for coordinates that lie on no sphere
    """
    points = _on_sphere(np.asarray(sphere, np.float64))
    per_side = len(points) // 2
    left, right = points[:per_side], points[per_side:]
    trees = cKDTree(left), cKDTree(right)
    mirror = np.diag([-1.0, 1.0, 1.0])
    for rotation in random_rotations(n, seed):
        of_left = trees[0].query(left @ rotation)[1]
        of_right = trees[1].query(right @ (mirror @ rotation @ mirror))[1]
        yield np.concatenate([of_left, of_right + per_side])
        step(1)


def spin_test(
    maps: np.ndarray,
    templates: np.ndarray,
    spins: Iterator[np.ndarray],
) -> SpinTest:
    """Correlation of every map with every template, and p = (b + 1) / (n + 1): b spins have as large an |r|.

    Shapes   maps (k, 2 V), templates (m, 2 V), NaN where there is no value; each spin (2 V,)
    Numerics a rotation that leaves fewer than FEWEST_SHARED common vertices, or a flat rest, counts as one that does
             as well; NaN where the map and the template themselves have no correlation
    """
    _check_lengths(maps, templates)
    (a, in_a), (b, in_b) = _centred(maps), _centred(templates)
    r, n_shared = _correlations(a, in_a, b, in_b)
    size = np.abs(r)
    best = _largest(size)
    as_large, best_as_large, n = np.zeros(r.shape, int), np.zeros(len(r), int), 0
    for spin in spins:
        turned = np.abs(_correlations(a, in_a, b[:, spin], in_b[:, spin])[0])
        as_large += ~(turned < size)  # NaN too
        best_as_large += ~(_largest(turned) < best)
        n += 1
    p = np.where(np.isfinite(r), (as_large + 1) / (n + 1), np.nan)
    p_best = np.where(np.isfinite(best), (best_as_large + 1) / (n + 1), np.nan)
    return SpinTest(r, p, p_best, n_shared, n)


def masked_correlations(maps: np.ndarray, templates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pearson's r of each map with each template over the vertices where both have a value, and how many these are.

    Shapes   maps (k, n), templates (m, n) -> r (k, m), NaN where there is none; counts (k, m)
    Raises   ShapeError for other lengths
    """
    _check_lengths(maps, templates)
    return _correlations(*_centred(maps), *_centred(templates))


def _check_lengths(maps: np.ndarray, templates: np.ndarray) -> None:
    if maps.shape[1] != templates.shape[1]:
        raise ShapeError(f"maps have {maps.shape[1]} vertices and templates {templates.shape[1]}")


def _correlations(a: np.ndarray, in_a: np.ndarray, b: np.ndarray, in_b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`masked_correlations` of values that are 0 where there is none, and whether there is one."""
    n = in_a @ in_b.T
    sum_a, sum_b = a @ in_b.T, in_a @ b.T
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = a @ b.T - sum_a * sum_b / n
        spread_a = (a * a) @ in_b.T - sum_a**2 / n
        spread_b = in_a @ (b * b).T - sum_b**2 / n
        flat = (spread_a <= 1e-12 * n) | (spread_b <= 1e-12 * n) | (n < FEWEST_SHARED)
        r = np.where(flat, np.nan, covariance / np.sqrt(spread_a * spread_b))
    return np.clip(r, -1, 1), np.rint(n).astype(int)


def _centred(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values of mean 0 and deviation 1 where there are any, else 0; and 1 or 0: whether there is one."""
    known = np.isfinite(values)
    counts = np.maximum(known.sum(axis=1, keepdims=True), 1)
    filled = np.where(known, values, 0.0).astype(np.float64)
    filled = np.where(known, filled - filled.sum(axis=1, keepdims=True) / counts, 0.0)
    spread = np.sqrt((filled**2).sum(axis=1, keepdims=True) / counts)
    return filled / np.where(spread > 0, spread, 1.0), known.astype(np.float64)


def _largest(size: np.ndarray) -> np.ndarray:
    """The largest of each row, (k,); NaN where a row has no number."""
    has = np.isfinite(size).any(axis=1) if size.shape[1] else np.zeros(len(size), bool)
    return np.where(has, np.where(np.isfinite(size), size, -1.0).max(axis=1, initial=-1.0), np.nan)


def _on_sphere(points: np.ndarray) -> np.ndarray:
    length = np.sqrt((points**2).sum(axis=1))
    middle = float(np.median(length))
    if not middle > 0 or np.abs(length - middle).max() > 0.05 * middle:
        raise ShapeError("spins need the sphere of a mesh around the origin; these coordinates lie on none")
    scaled: np.ndarray = points / length[:, None]
    return scaled
