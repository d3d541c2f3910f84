"""Spatially independent maps: scikit-learn's FastICA on reduced rows, signed, ranked, and run again from other starts.

A rotation of the whitened maps is all that ICA finds, so that the correlation of two runs' maps is the product of
their rotations: stability over starts costs no map.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from tribe_np.analysis.decompositions.row_reduction import ReducedRows
from tribe_np.optional import require

MOST_ITERATIONS = 500
TOLERANCE = 1e-6
WHY_ICA = "networks"


@dataclass(frozen=True, eq=False)
class IndependentMaps:
    """Components by the variance that they explain, largest first.

    Shapes   maps (k, n_used), mean 0 and standard deviation 1 over vertices; courses (R, k): rows = courses @ maps, up
             to what the reduction left out; rotation (k, k): maps = rotation @ whitened; shares (k,) of all variance;
             skewness, kurtosis (k,)
    """

    maps: np.ndarray
    courses: np.ndarray
    rotation: np.ndarray
    shares: np.ndarray
    skewness: np.ndarray
    kurtosis: np.ndarray  # in excess of a normal distribution's
    n_iterations: int
    has_converged: bool


@dataclass(frozen=True, eq=False)
class Stability:
    """How alike each component's map is in runs from other starts.

    Shapes   matched (n_seeds, k): |r| of the best matching, one to one, of a run's maps with the components
    """

    seeds: tuple[int, ...]
    matched: np.ndarray
    has_converged: tuple[bool, ...]


def independent_maps(reduced: ReducedRows, seed: int) -> IndependentMaps:
    """ICA of reduced rows from one seeded start.

    Each map has the sign that makes its skewness positive: its far tail is up. Components are ordered by the share of
    the rows' variance over vertices that they explain; shares add up to what the reduction keeps.
    Source   scikit-learn 1.9.1 FastICA (parallel, logcosh, whiten="unit-variance")
    """
    rotation, n_iterations, has_converged = _rotation(reduced.whitened, seed)
    maps = rotation @ reduced.whitened
    signs = np.where((maps**3).mean(axis=1) < 0, -1.0, 1.0)
    rotation, maps = rotation * signs[:, None], maps * signs[:, None]
    courses = (reduced.vectors * np.sqrt(reduced.variances)) @ rotation.T
    shares = (courses**2).sum(axis=0) / reduced.total
    order = np.argsort(-shares, kind="stable")
    maps = maps[order]
    spread = maps.std(axis=1)
    return IndependentMaps(
        maps,
        courses[:, order],
        rotation[order],
        shares[order],
        (maps**3).mean(axis=1) / spread**3,
        (maps**4).mean(axis=1) / spread**4 - 3,
        n_iterations,
        has_converged,
    )


def stability(
    reduced: ReducedRows, found: IndependentMaps, seeds: Sequence[int], step: Callable[[int], None] = lambda n: None
) -> Stability:
    """The components against runs from other starts on the same reduced rows; `step` counts them.

    Numerics maps are orthonormal over vertices, so that rotation @ other.T is their correlation
    """
    matched, converged = np.full((len(seeds), len(found.maps)), np.nan), []
    for place, seed in enumerate(seeds):
        other, _, has_converged = _rotation(reduced.whitened, seed)
        r = np.abs(found.rotation @ other.T)
        mine, theirs = linear_sum_assignment(r, maximize=True)
        matched[place, mine] = np.minimum(r[mine, theirs], 1.0)
        converged.append(has_converged)
        step(1)
    return Stability(tuple(seeds), matched, tuple(converged))


def _rotation(whitened: np.ndarray, seed: int) -> tuple[np.ndarray, int, bool]:
    """The unmixing (k, k) of whitened maps; the iterations it took, and whether these were enough."""
    if len(whitened) == 1:
        return np.ones((1, 1)), 0, True
    decomposition = require("sklearn.decomposition", extra="analysis", why=WHY_ICA)
    ica = decomposition.FastICA(whiten=False, random_state=seed, max_iter=MOST_ITERATIONS, tol=TOLERANCE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence, which is said below
        ica.fit(whitened.T)
    return np.asarray(ica.components_), int(ica.n_iter_), int(ica.n_iter_) < MOST_ITERATIONS
