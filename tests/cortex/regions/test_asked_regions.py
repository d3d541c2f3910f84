"""Regions by name and hemisphere, on all vertices and on some; what is refused."""

import numpy as np
import pytest

from tribe_np.cortex.parcellations.parcellation import NO_REGION, Parcellation
from tribe_np.cortex.regions.asked_regions import asked_regions
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, ParcellationError

N = 1284  # fsaverage3


def parcels() -> Parcellation:
    region_of = np.full(N, NO_REGION)
    region_of[:10] = 0  # V1, left
    region_of[642:645] = 0  # and right
    region_of[20:30] = 1  # FFC, left alone
    return Parcellation("made", ("V1", "FFC", "V2"), region_of)


def series(vertices: np.ndarray | None = None) -> SurfaceSeries:
    n = N if vertices is None else len(vertices)
    return SurfaceSeries(np.zeros((1, n), np.float32), "fsaverage3", np.zeros(1), vertices=vertices)


def test_all_are_those_that_have_a_vertex() -> None:
    for names in (None, ["all"]):
        found = asked_regions(series(), names, parcels())
        assert (found.names, found.is_all, found.n_vertices) == (("V1", "FFC"), True, (13, 10))
        assert found.warnings == ("made: 1 regions have no vertex among those predicted: V2",)
    painted = found.painted(np.array([2.0, 3.0]))
    assert np.unique(painted[np.isfinite(painted)], return_counts=True)[1].tolist() == [13, 10]
    assert painted[643] == 2
    assert np.isnan(painted[700])


def test_hemispheres_and_wildcards() -> None:
    found = asked_regions(series(), ["F*", "V1", "FFC"], parcels(), hemisphere="left")
    assert (found.names, found.is_all) == (("FFC-lh", "V1-lh"), False)
    assert [len(columns) for columns in found.columns] == [10, 10]
    apart = asked_regions(series(), ["V1"], parcels(), hemisphere="separate")
    assert [(name, columns.tolist()) for name, columns in zip(apart.names, apart.columns, strict=True)] == [
        ("V1-lh", list(range(10))), ("V1-rh", [642, 643, 644])
    ]  # fmt: skip


def test_of_a_selection_columns_are_counted_among_the_selected() -> None:
    found = asked_regions(series(np.array([5, 25, 643])), ["V1"], parcels())
    assert [columns.tolist() for columns in found.columns] == [[0, 2]]
    assert found.warnings == ("1 regions were not computed whole, such as V1 (2 of 13 vertices)",)


@pytest.mark.parametrize(
    ("names", "hemisphere", "error", "message"),
    [
        (["ffc"], "both", ConfigError, "region 'ffc' is not an area of made; near are 'FFC'"),
        (["FFC"], "right", ParcellationError, "made: FFC-rh has no vertex among those of the array"),
        (["V2"], "both", ParcellationError, "made: V2 has no vertex"),
        (["V1"], "upper", ConfigError, "hemisphere 'upper' is unknown"),
        ([], "both", ParcellationError, "made: no region has no vertex"),
    ],
)
def test_refusals(names: list[str], hemisphere: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        asked_regions(series(), names, parcels(), hemisphere=hemisphere)
