"""Values of vertices in voxels: constants, selections, NaN, smoothing."""

import numpy as np
import pytest

from tests.cortex.shells import shells
from tribe_np.cortex.volumes.grids import box_grid
from tribe_np.cortex.volumes.painting import Smoother, check_smooth, paint_with
from tribe_np.cortex.volumes.ribbon import Ribbon, ribbon_of
from tribe_np.errors import ConfigError

EVERY = np.arange(1284)


@pytest.fixture(scope="module")
def ribbon() -> Ribbon:
    return ribbon_of(*shells(), box_grid(3.0))


def test_a_constant_stays_constant_smoothed_or_not(ribbon: Ribbon) -> None:
    paint = paint_with(ribbon, EVERY)
    values = paint.values(np.full((1, 1284), 3.25))[0]
    np.testing.assert_allclose(values, 3.25, atol=1e-12)
    for fwhm in (0.5, 4.0, 40.0):
        np.testing.assert_allclose(Smoother(paint, fwhm)(values), 3.25, atol=1e-9)
    volume = paint.volume(values)
    assert (volume != 0).sum() == len(ribbon.voxels)
    assert not np.isnan(volume).any()


def test_painting_is_linear(ribbon: Ribbon, rng: np.random.Generator) -> None:
    paint = paint_with(ribbon, EVERY)
    one, other = rng.normal(size=(2, 1284))
    np.testing.assert_allclose(
        paint.values((2 * one - other)[None]), 2 * paint.values(one[None]) - paint.values(other[None]), atol=1e-12
    )


def test_a_smooth_map_is_painted_where_it_lies(ribbon: Ribbon) -> None:
    """The y of each vertex, painted, is nearly the y of the voxel."""
    coordinates = (shells()[0].coordinates + shells()[1].coordinates) / 2
    painted = paint_with(ribbon, EVERY).values(coordinates[:, 1][None])[0]
    _, y, _ = np.unravel_index(ribbon.voxels, ribbon.grid.shape, order="F")
    away = np.abs(painted - (y * 3.0 - 126))[ribbon.share > 0.5]
    assert away.max() < 2.5  # half a voxel, and half the thickness


def test_left_is_left(ribbon: Ribbon) -> None:
    volume = paint_with(ribbon, EVERY).volume(paint_with(ribbon, EVERY).values((EVERY < 642)[None] + 1.0)[0])
    x = np.nonzero(volume.reshape(ribbon.grid.shape, order="F") == 2)[0] * 3 - 90
    assert x.max() < 0


def test_a_selection_paints_its_own_voxels_alone(ribbon: Ribbon) -> None:
    chosen = np.flatnonzero(shells()[0].coordinates[:, 2] > 20)
    paint = paint_with(ribbon, chosen)
    assert len(paint.voxels) + len(paint.missing) == len(ribbon.voxels)
    np.testing.assert_allclose(paint.values(np.ones((2, len(chosen)))), 1, atol=1e-12)
    whole = ribbon.weights.toarray()
    expected = ribbon.voxels[np.isin(whole.argmax(axis=1), chosen)]
    assert len(np.setxor1d(expected, paint.voxels)) <= 0.01 * len(expected)  # two vertices may fill as much
    z = np.unravel_index(paint.voxels, ribbon.grid.shape, order="F")[2] * 3 - 72
    assert z.min() > 20 - 6
    volume = paint.volume(paint.values(np.ones((1, len(chosen))))[0])
    assert np.isnan(volume).sum() == len(paint.missing)
    smoothed = Smoother(paint, 8.0)(paint.values(np.ones((1, len(chosen))))[0])
    np.testing.assert_allclose(smoothed, 1, atol=1e-9)


def test_a_nan_is_never_averaged_in(ribbon: Ribbon) -> None:
    values = np.ones((1, 1284))
    values[0, 100] = np.nan
    painted = paint_with(ribbon, EVERY).values(values)[0]
    held = ribbon.weights[:, [100]].toarray()[:, 0] > 0
    np.testing.assert_array_equal(np.isnan(painted), held)
    assert held.any()


def test_smoothing_is_as_wide_as_its_name_says(ribbon: Ribbon) -> None:
    """Beside the direct sum over pairs of voxels."""
    paint = paint_with(ribbon, EVERY)
    values = np.random.default_rng(0).normal(size=len(paint.voxels))
    places = np.stack(np.unravel_index(paint.voxels, ribbon.grid.shape, order="F"), axis=1) * 3.0
    for voxel in (0, 700, 2000):
        weights = 0.5 ** ((np.linalg.norm(places - places[voxel], axis=1) / (9.0 / 2)) ** 2)  # half at half the FWHM
        expected = (weights * values).sum() / weights.sum()
        assert Smoother(paint, 9.0)(values)[voxel] == pytest.approx(expected, abs=2e-3)


def test_vertices_that_fill_no_voxel(ribbon: Ribbon) -> None:
    coarse = ribbon_of(*shells(), box_grid(12.0))
    least = np.asarray(coarse.weights.max(axis=0).todense()).argmin()
    with pytest.raises(ConfigError, match="none of the 1 vertices fills most of a voxel; take a smaller --resolution"):
        paint_with(coarse, np.array([least]))


@pytest.mark.parametrize("fwhm", [-1.0, float("nan"), float("inf"), 1000.0])
def test_widths_that_are_none(fwhm: float) -> None:
    with pytest.raises(ConfigError, match=r"smooth must be a width \(FWHM\) from 0 to 100 mm, got"):
        check_smooth(fwhm)
