"""p and z of t: as scipy has them, and as 60-digit arithmetic has them where scipy's tail is 0."""

import numpy as np
import pytest
from scipy import stats

from tribe_np.analysis.statistics.t_tail import p_of_t, z_of_t

FAR = {  # (t, df): z by mpmath 1.3 at 60 digits
    (0.1, 3): 0.0920575079264885,
    (2, 5.5): 1.66079617207481,
    (60, 23.7): 10.844456467187,
    (40, 10): 7.01613739447769,
    (40, 1000): 30.904232123729,
    (40, 100_000): 39.841272437922,
    (200, 300): 38.3210379696612,
    (1000, 5000): 162.833815014696,
}


@pytest.mark.parametrize(("place", "z"), FAR.items(), ids=str)
def test_z_is_accurate_in_the_far_tail_and_keeps_the_sign(place: tuple[float, float], z: float) -> None:
    t, df = np.array([place[0], -place[0]]), place[1]
    np.testing.assert_allclose(z_of_t(t, df), [z, -z], rtol=1e-12)


def test_p_and_z_are_scipys_where_it_has_digits() -> None:
    t = np.linspace(-8, 8, 101)
    for df in (1, 2.5, 22, 300):
        np.testing.assert_allclose(p_of_t(t, df), 2 * stats.t.sf(np.abs(t), df), rtol=1e-12)
        np.testing.assert_allclose(z_of_t(t, df), np.sign(t) * stats.norm.isf(stats.t.sf(np.abs(t), df)), atol=1e-9)


def test_z_grows_with_t_across_the_change_of_method() -> None:
    z = z_of_t(np.linspace(30, 60, 3001), 400.0)
    assert np.all(np.isfinite(z))
    steps = np.diff(z)
    assert np.all(steps > 0)
    assert np.abs(np.diff(steps)).max() < 1e-5  # no step where the logarithm takes over


def test_nan_stays_nan_and_nought_is_nought() -> None:
    z = z_of_t(np.array([np.nan, 0.0, 1.0]), np.array([5.0, 5.0, np.nan]))
    assert np.isnan(z).tolist() == [True, False, True]
    assert z[1] == 0
    assert not np.signbit(z[1])
    assert np.isnan(p_of_t(np.array([np.nan]), 5.0)).all()
