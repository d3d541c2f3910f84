"""Which rows are shown at a moment: the table that the page's clock reads too, values, timelines, gaps."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots.stimulus.row_clock import RowClock, row_clock

CASES = json.loads((Path(__file__).parent / "row_clock_cases.json").read_text())["clocks"]


def series(starts: list[float], timelines: list[str] | None = None) -> SurfaceSeries:
    """Row r holds r in every vertex."""
    values = np.repeat(np.arange(len(starts), dtype=np.float32)[:, None], 1284, axis=1)
    names = None if timelines is None else np.array(timelines)
    return SurfaceSeries(values, "fsaverage3", np.array(starts), 1.0, 5.0, timelines=names, origin="runs")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_rows_at_moments_of_the_table(case: dict[str, Any]) -> None:
    clock = RowClock(np.array(case["starts"]), case["tr"], case["hemodynamic_offset"], case["align"])
    for t, expected in case["at"]:
        found = clock.rows_at(t)
        if expected is None:
            assert found is None, t
        else:
            assert found is not None, t
            assert found[:2] == tuple(expected[:2]), t
            assert found[2] == pytest.approx(expected[2], abs=2e-6), t


def test_values_go_linearly_from_a_row_to_the_next() -> None:
    clock, values = RowClock(np.array([0.0, 2.0]), tr=2.0), np.array([[1.0, 10.0], [3.0, -10.0]], np.float32)
    halfway = np.asarray(clock.values_at(values, 1.0))
    assert halfway.tolist() == [2.0, 0.0]
    assert halfway.dtype == np.float32
    assert np.asarray(clock.values_at(values, 2.0)).tolist() == [3.0, -10.0]
    assert clock.values_at(values, 4.5) is None


def test_a_vertex_without_a_value_in_either_row_has_none() -> None:
    values = np.array([[1.0, np.nan], [3.0, 5.0]], np.float16)
    found = np.asarray(RowClock(np.array([0.0, 1.0])).values_at(values, 0.5))
    assert found[0] == 2.0
    assert np.isnan(found[1])
    assert found.dtype == np.float32


def test_values_at_a_row_are_no_view() -> None:
    values = np.zeros((2, 3), np.float32)
    found = RowClock(np.array([0.0, 1.0])).values_at(values, 0.0)
    assert found is not None
    found += 1
    assert not values.any()


def test_span_and_gaps_are_told_in_the_clocks_time() -> None:
    clock = RowClock(np.array([0.0, 1.0, 4.0, 5.0]), 1.0, 5.0, "bold")
    assert (clock.first, clock.stop, clock.gaps) == (5.0, 11.0, ((7.0, 9.0),))
    assert RowClock(np.array([0.0, 1.5])).gaps == ()


def test_one_of_several_timelines_has_its_own_times_and_rows() -> None:
    runs = series([0.0, 1.0, 0.0, 1.0], ["a", "a", "b", "b"])
    assert row_clock(runs, timeline="b").rows_at(0.25) == (2, 3, 0.25)
    assert row_clock(runs, timeline="a").rows_at(1.5) == (1, 1, 0.0)
    with pytest.raises(ConfigError, match=r"2 timelines.*--timeline must name one: a, b"):
        row_clock(runs)
    with pytest.raises(ConfigError, match="no timeline 'film1'; its timelines: a, b"):
        row_clock(runs, timeline="film1")


def test_rows_out_of_order_are_put_in_order() -> None:
    assert row_clock(series([3.0, 1.0, 2.0])).rows_at(1.5) == (1, 2, 0.5)


def test_what_is_no_clock_is_refused() -> None:
    with pytest.raises(ConfigError, match="stimulus, bold, got 'bald'; did you mean bold"):
        RowClock(np.array([0.0]), align="bald")
    with pytest.raises(ConfigError, match="TR must be above 0"):
        RowClock(np.array([0.0]), tr=0.0)
    for starts in ([1.0, 0.0], [np.nan], [[0.0]]):
        with pytest.raises(ShapeError, match="rising"):
            RowClock(np.array(starts))
    with pytest.raises(ShapeError, match="2 starts of 1 rows"):
        RowClock(np.array([0.0, 1.0]), rows=np.array([3]))
