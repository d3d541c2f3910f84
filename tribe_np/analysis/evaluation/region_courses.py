"""r of the mean time course of each region: what a study reports that averages over a region before it correlates."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from tribe_np.analysis.contrasts.region_effects import RegionMeans
from tribe_np.analysis.evaluation.running_scores import RunningScores
from tribe_np.analysis.evaluation.subject_scores import SubjectScores
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.series import SurfaceSeries

HEMISPHERE_OF_SIDE = {"left": 0, "right": 1}


def course_r(regions: RegionMeans, subjects: Sequence[SubjectScores]) -> np.ndarray:
    """r of each region's mean course in prediction and truth, over all rows of a subject, the mean over subjects.

    Shapes   (n,), in the order of the table of regions; NaN for a region without a vertex that has an r
    Numerics the mean over the vertices that have an r in that subject; of sums in float64
    """
    found = np.stack([_of_subject(regions, one) for one in subjects])
    known = np.isfinite(found)
    n = known.sum(axis=0)
    return np.where(n > 0, np.where(known, found, 0).sum(axis=0) / np.maximum(n, 1), np.nan)


def _of_subject(regions: RegionMeans, one: SubjectScores) -> np.ndarray:
    has_r = np.isfinite(one.scores.r)
    members, columns = _members_of(regions, has_r), np.flatnonzero(has_r)
    scores = RunningScores(members.shape[0])
    for run in one.runs:
        for predicted, measured in run.rows.blocks():
            scores.add(*((members @ block[:, columns].T.astype(np.float64)).T for block in (predicted, measured)))
    r = scores.r
    r[np.asarray(members.sum(axis=1)).ravel() == 0] = np.nan
    return r


def _members_of(regions: RegionMeans, is_used: np.ndarray) -> csr_matrix:
    """The matrix (n, used columns) that takes the mean over the used columns of each entry."""
    table, series = regions.table, regions.template
    assert isinstance(table.parcellation, Parcellation)
    assert isinstance(series, SurfaceSeries)
    vertices = series.columns[is_used]
    of_region = np.asarray(table.parcellation.region_of)[vertices]
    side = (vertices >= series.per_hemisphere).astype(int)
    number = {name: i for i, name in enumerate(table.parcellation.regions)}
    entries = {
        (number[region], HEMISPHERE_OF_SIDE[hemisphere]): entry
        for entry, (region, hemisphere) in enumerate(zip(table.regions, table.hemispheres, strict=True))
    }
    entry_of = np.array([entries.get(key, -1) for key in zip(of_region.tolist(), side.tolist(), strict=True)], int)
    places = np.flatnonzero(entry_of >= 0)
    counts = np.bincount(entry_of[places], minlength=len(table.regions))
    weights = 1 / counts[entry_of[places]]
    return csr_matrix((weights, (entry_of[places], places)), (len(table.regions), len(vertices)))
