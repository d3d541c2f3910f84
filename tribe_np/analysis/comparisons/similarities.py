"""How alike maps and courses are: Pearson, cosine, correlation over time, and representational similarity."""

import numpy as np

from tribe_np.errors import ConfigError
from tribe_np.shown import quoted

METRICS = ("pearson", "cosine")
FLAT = 1e-12  # of the largest value: less spread than this is rounding, and a correlation would be of noise
FEWEST_MOMENTS = 3  # two points always lie on a line: their correlation is 1 or -1 whatever they are
MOST_RSA_POINTS = 500  # 124,750 pairs of moments a stimulus


def map_similarity(maps: np.ndarray, metric: str) -> np.ndarray:
    """The similarity of each map with each, (N, N).

    Shapes   maps (N, n)
    Numerics NaN where a map is flat (pearson) or zero (cosine)
    Raises   ConfigError for an unknown metric
    """
    if metric not in METRICS:
        raise ConfigError(f"metric must be one of {', '.join(METRICS)}, got {quoted(metric)}")
    return _products(_units(maps, centred=metric == "pearson"))


def correlation_over_time(courses: np.ndarray) -> np.ndarray:
    """Pearson's r between the courses of each two stimuli, for every region: (K, N, N).

    Shapes   courses (N, P, K), aligned
    Numerics NaN for fewer than `FEWEST_MOMENTS` points and for a flat course
    """
    n_items, n_points, n_courses = courses.shape
    if n_points < FEWEST_MOMENTS:
        return np.full((n_courses, n_items, n_items), np.nan)
    return _products(_units(np.moveaxis(courses, 2, 0), centred=True))


def moment_dissimilarity(values: np.ndarray) -> np.ndarray:
    """1 - Pearson's r between the maps of each two moments: the upper triangle of the matrix, (P (P - 1) / 2,).

    Shapes   values (P, n)
    """
    alike = _products(_units(values, centred=True))
    upper: np.ndarray = 1 - alike[np.triu_indices(len(values), 1)]
    return upper


def rsa_matrix(dissimilarities: np.ndarray) -> np.ndarray:
    """Spearman's correlation between the dissimilarity matrices of each two stimuli, (N, N).

    Shapes   dissimilarities (N, pairs)
    Numerics ties have their mean rank; NaN for a stimulus with a NaN, and for fewer than two pairs
    """
    from scipy.stats import rankdata  # here: a second of start-up

    ranks = rankdata(dissimilarities, axis=1)
    ranks[~np.isfinite(dissimilarities).all(axis=1)] = np.nan
    return _products(_units(ranks, centred=True))


def rsa_points(n_points: int) -> np.ndarray:
    """The points of a grid that representational similarity uses: all, or `MOST_RSA_POINTS` of them, evenly spread."""
    if n_points <= MOST_RSA_POINTS:
        return np.arange(n_points)
    return np.round(np.linspace(0, n_points - 1, MOST_RSA_POINTS)).astype(int)


def nearest_items(similarity: np.ndarray, n: int) -> list[list[int]]:
    """The n most similar others of each item, most similar first; those without a similarity are none's neighbours."""
    found = []
    for item, row in enumerate(similarity):
        others = [other for other in np.argsort(-row, kind="stable").tolist() if other != item]
        found.append([other for other in others if np.isfinite(row[other])][:n])
    return found


def _units(values: np.ndarray, *, centred: bool) -> np.ndarray:
    """Values (..., n) with length 1 along the last axis; NaN where there is no length."""
    values = np.asarray(values, np.float64)
    largest = np.abs(values).max(axis=-1, keepdims=True)
    if centred:
        values = values - values.mean(axis=-1, keepdims=True)
    length = np.sqrt((values * values).sum(axis=-1, keepdims=True))
    is_flat = ~(length > FLAT * largest * np.sqrt(values.shape[-1]))
    with np.errstate(invalid="ignore", divide="ignore"):
        units: np.ndarray = np.where(is_flat, np.nan, values / length)
    return units


def _products(units: np.ndarray) -> np.ndarray:
    """The inner products of each two rows (..., N, n) -> (..., N, N), in -1..1 whatever the rounding."""
    product: np.ndarray = np.clip(units @ np.swapaxes(units, -1, -2), -1, 1)
    n = units.shape[-2]
    own = product[..., range(n), range(n)]
    product[..., range(n), range(n)] = np.where(np.isnan(own), np.nan, 1.0)
    return product
