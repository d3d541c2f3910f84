"""The false discovery rate over the finite vertices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tribe_np.analysis.statistics.multiplicity import fdr
from tribe_np.errors import ShapeError


def test_it_is_scipys_over_the_finite_ones_and_nan_stays_nan() -> None:
    p = np.random.default_rng(0).uniform(size=200) ** 3
    holed = np.insert(p, [0, 17, 200], np.nan)
    q = fdr(holed)
    assert np.flatnonzero(np.isnan(q)).tolist() == np.flatnonzero(np.isnan(holed)).tolist()
    np.testing.assert_allclose(q[np.isfinite(q)], stats.false_discovery_control(p), rtol=1e-12)


@pytest.mark.extras
def test_it_is_statsmodels() -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = np.random.default_rng(1).uniform(size=200) ** 3
    np.testing.assert_allclose(fdr(p), multitest.multipletests(p, method="fdr_bh")[1], rtol=1e-9)


def test_nothing_finite_gives_nothing() -> None:
    assert np.isnan(fdr(np.full(3, np.nan))).all()
    assert fdr(np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_what_is_no_p_is_refused(p: float) -> None:
    with pytest.raises(ShapeError, match="between 0 and 1"):
        fdr(np.array([0.5, p]))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_q_is_no_smaller_than_p_and_keeps_the_order(p: list[float]) -> None:
    q = fdr(np.array(p))
    assert np.all(q >= np.array(p) - 1e-12)
    assert np.all(q <= 1)
    assert np.all(np.diff(q[np.argsort(p, kind="stable")]) >= -1e-12)
