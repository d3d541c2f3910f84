"""Running correlations: equal to numpy's over all rows at once, however the rows come."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.analysis.modalities.co_moments import CoMoments


def rows_of(seed: int, n: int, far: float = 0.0) -> tuple[list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    reference = rng.normal(size=(n, 5)) + far
    return [(reference - far) * 0.3 + rng.normal(size=(n, 5)) - far for _ in range(2)], reference


@given(st.integers(0, 100), st.integers(2, 40), st.lists(st.integers(0, 40), max_size=4), st.sampled_from([0, 1e6]))
def test_blocks_are_one_shot(seed: int, n: int, cuts: list[int], far: float) -> None:
    series, reference = rows_of(seed, n, far)
    found = CoMoments(2, 5)
    edges = [0, *sorted(min(cut, n) for cut in cuts), n]
    for first, stop in pairwise(edges):
        found.add([each[first:stop] for each in series], reference[first:stop])
    assert found.n == n
    for k, each in enumerate(series):
        expected = [np.corrcoef(each[:, v], reference[:, v])[0, 1] for v in range(5)]
        np.testing.assert_allclose(found.r[k], expected, atol=1e-8 if far else 1e-12)
        np.testing.assert_allclose(found.variance[k], each.var(axis=0), rtol=1e-8)
        np.testing.assert_allclose(found.mean[k], each.mean(axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.reference_variance, reference.var(axis=0), rtol=1e-8)


def test_a_constant_has_no_r() -> None:
    series, reference = rows_of(0, 9)
    series[0][:, 1] = 0.1  # whose mean over nine rows is not exactly 0.1
    reference[:, 3] = -7.3
    found = CoMoments(2, 5)
    for first in range(0, 9, 2):
        found.add([each[first : first + 2] for each in series], reference[first : first + 2])
    assert np.isnan(found.r[0]).tolist() == [False, True, False, True, False]
    assert np.isnan(found.r[1]).tolist() == [False, False, False, True, False]
    assert found.is_constant[0].tolist() == [False, True, False, False, False]
    assert found.variance[0, 1] == 0 == found.reference_variance[3]


def test_what_is_alike_has_an_r_of_one() -> None:
    (one, _), _ = rows_of(1, 30)
    found = CoMoments(2, 5)
    found.add([one, -3 * one], one)
    assert found.r[0].tolist() == pytest.approx([1] * 5)
    assert found.r[1].tolist() == pytest.approx([-1] * 5)
    assert np.abs(found.r).max() <= 1
