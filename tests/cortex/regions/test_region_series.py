"""Time courses of regions beside a plain loop; what is partly computed, not finite, tied or unknown."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tribe_np.cortex import Parcellation, SurfaceSeries, roi
from tribe_np.cortex.parcellations.parcellation import NO_REGION
from tribe_np.cortex.regions import region_series as module
from tribe_np.errors import ConfigError, ParcellationError, ShapeError

V = 642
REGIONS = ("V1", "V2", "V3", "FFC", "far")


@pytest.fixture
def parcels() -> Parcellation:
    """Five regions in turns, of which the last lies on the right alone, and some vertices in none."""
    turns = np.random.default_rng(1).integers(-1, 5, 2 * V)
    turns[:V][turns[:V] == 4] = NO_REGION
    return Parcellation("small", REGIONS, turns)


@pytest.fixture
def values(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((7, 2 * V)).astype(np.float32)


def by_hand(values: np.ndarray, parcels: Parcellation, region: str, side: str) -> np.ndarray:
    """The mean of each row over the region, added one value after the other."""
    first, last = {"both": (0, 2 * V), "left": (0, V), "right": (V, 2 * V)}[side]
    rows = []
    for row in values.astype(np.float64):
        mine = [row[v] for v in range(first, last) if parcels.region_of[v] == REGIONS.index(region)]
        rows.append(sum(mine) / len(mine))
    return np.array(rows)


@pytest.mark.parametrize("hemisphere", ["both", "left", "right", "separate"])
def test_means_are_those_of_a_plain_loop(hemisphere: str, parcels: Parcellation, values: np.ndarray) -> None:
    table = roi(values, parcels, hemisphere=hemisphere)
    n_left = 4  # "far" is not there
    assert len(table.names) == {"both": 5, "left": n_left, "right": 5, "separate": 5 + n_left}[hemisphere]
    for entry, (region, side) in enumerate(zip(table.regions, table.hemispheres, strict=True)):
        wanted = by_hand(values, parcels, region, side)
        np.testing.assert_allclose(table.values[:, entry], wanted, rtol=0, atol=1e-12)
        np.testing.assert_allclose(table.means[entry], wanted.mean(), rtol=0, atol=1e-12)
        assert table.n_vertices[entry] == table.n_computed[entry] == len(parcels.vertices(region, side))
    assert table.warnings == ()
    assert table.values.dtype == np.float64
    order = np.argsort(-table.means)
    np.testing.assert_array_equal(table.ranks[order], 1 + np.arange(len(order)))
    if hemisphere == "separate":
        assert table.names[0] == "V1-lh"
        assert table.names[-1] == "far-rh"


def test_blocks_of_rows_change_nothing(
    parcels: Parcellation, values: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    values[2] = np.nan
    whole = roi(values, parcels)
    monkeypatch.setattr(module, "BLOCK_VALUES", 3 * values.shape[1])
    in_blocks = roi(values, parcels)
    np.testing.assert_array_equal(in_blocks.values, whole.values)
    assert in_blocks.warnings == whole.warnings


def test_the_highest_come_in_order_and_ties_share_a_rank(parcels: Parcellation) -> None:
    height = {NO_REGION: 99.0, 0: 1.0, 1: 3.0, 2: 3.0, 3: 2.0, 4: 0.5}
    row = np.array([height[number] for number in parcels.region_of])
    table = roi(row, parcels, top=4)
    assert table.regions == ("V2", "V3", "FFC", "V1")
    assert table.ranks.tolist() == [1, 1, 3, 4]
    assert table.n_ranked == 5
    assert len(roi(row, parcels, top=99).names) == 5


def test_regions_by_name_and_wildcard_keep_their_rank_among_all(parcels: Parcellation, values: np.ndarray) -> None:
    whole = roi(values, parcels)
    table = roi(values, parcels, regions=["FFC", "V*", "V1"])
    assert table.regions == ("FFC", "V1", "V2", "V3")
    assert table.ranks.tolist() == [whole.ranks[whole.regions.index(region)] for region in table.regions]
    both = roi(values, parcels, regions=["FFC", "V1"], hemisphere="separate")
    assert both.names == ("FFC-lh", "V1-lh", "FFC-rh", "V1-rh")
    missing = roi(values, parcels, regions=["far", "V1"], hemisphere="left")
    assert np.isnan(missing.values[:, 0]).all()
    assert missing.ranks[0] == 0
    assert missing.warnings == ("small: 1 regions have no vertex there: far-lh",)


def selection(values: np.ndarray, vertices: np.ndarray) -> SurfaceSeries:
    return SurfaceSeries(values[:, vertices], "fsaverage3", np.arange(7.0), vertices=vertices, origin="run")


def test_a_selection_run_says_what_it_has_of_each_region(parcels: Parcellation, values: np.ndarray) -> None:
    whole, some = parcels.vertices("V1"), parcels.vertices("FFC")[5:17]
    series = selection(values, np.sort(np.concatenate([whole, some])))
    table = roi(series, parcels)
    assert table.regions == ("V1", "FFC")
    np.testing.assert_allclose(table.values[:, 0], by_hand(values, parcels, "V1", "both"), rtol=0, atol=1e-12)
    np.testing.assert_allclose(table.values[:, 1], values[:, some].mean(axis=1, dtype=float), rtol=0, atol=1e-12)
    n = len(parcels.vertices("FFC"))
    assert table.n_computed.tolist() == [len(whole), 12]
    assert table.n_vertices.tolist() == [len(whole), n]
    absent, partial = table.warnings
    assert absent == "run: 3 of the 5 regions of small have no computed vertex and are left out, such as V2"
    assert f"1 of 2 regions were not computed whole, such as FFC (12 of {n} vertices)" in partial
    assert roi(series, parcels, top=1).warnings == table.warnings  # a count over all, whichever is the highest
    left = roi(selection(values, parcels.vertices("V1", "left")), parcels, hemisphere="separate")
    assert left.names == ("V1-lh",)
    assert left.warnings == (
        "run: 8 of the 9 regions of small have no computed vertex and are left out, such as V2-lh",
    )
    asked = roi(series, parcels, regions="V2")
    assert np.isnan(asked.values).all()
    assert "V2 (0 of" in asked.warnings[0]
    with pytest.raises(ParcellationError, match="none of its 3 vertices lies in a region of small"):
        roi(selection(values, np.flatnonzero(parcels.region_of == NO_REGION)[:3]), parcels)


def test_values_that_are_not_finite_are_left_out_and_counted(parcels: Parcellation, values: np.ndarray) -> None:
    bad = parcels.vertices("V2")[:3]
    values[2, bad[0]], values[3, bad[1]], values[0, bad[2]] = np.nan, np.inf, -np.inf
    values[5] = np.nan
    table = roi(values, parcels)
    rest = parcels.vertices("V2")[3:]
    rows = [r for r in range(7) if r != 5]
    np.testing.assert_allclose(table.values[rows, 1], values[rows][:, rest].mean(axis=1, dtype=float), atol=1e-12)
    assert np.isnan(table.values[5]).all()
    assert np.isfinite(table.means).all()
    assert table.n_left_out.tolist() == [0, 3, 0, 0, 0]
    rows_said, vertices_said = table.warnings
    assert "1 of 7 rows are NaN or infinite at every vertex" in rows_said
    assert f"3 of {2 * V} vertices are NaN or infinite in some row" in vertices_said


def test_what_is_masked_is_no_value(parcels: Parcellation, values: np.ndarray) -> None:
    hidden = parcels.vertices("V2")[:2]
    masked = np.ma.masked_array(values, np.isin(np.arange(2 * V), hidden)[None].repeat(7, axis=0))
    table = roi(masked, parcels)
    assert table.series.values.dtype == values.dtype
    assert table.n_left_out.tolist() == [0, 2, 0, 0, 0]
    whole = np.ma.masked_array(np.arange(2 * V), np.arange(2 * V) == hidden[0])
    assert roi(whole, parcels).n_left_out.tolist() == [0, 1, 0, 0, 0]


def test_where_no_region_has_a_mean_none_is_the_highest(parcels: Parcellation, values: np.ndarray) -> None:
    blank = np.full_like(values, np.nan)
    assert len(roi(blank, parcels).names) == 5
    with pytest.raises(ParcellationError, match="none of the 5 means is a number, so none is the highest"):
        roi(blank, parcels, top=2)


def test_a_region_without_a_finite_vertex_has_no_rank(parcels: Parcellation, values: np.ndarray) -> None:
    values[0, parcels.vertices("V1")] = np.nan
    table = roi(values, parcels)
    assert np.isnan(table.means[0])
    assert np.isnan(table.values[:, 0]).all()
    assert table.ranks[0] == 0
    assert table.n_ranked == 4
    assert "V1" not in roi(values, parcels, top=5).regions
    assert roi(np.full(2 * V, np.nan), parcels).n_ranked == 0


def test_what_is_refused(parcels: Parcellation, values: np.ndarray) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"hemisphere": "lh"}, "hemisphere 'lh' is unknown"),
        ({"top": 0}, "top must be"),
        ({"top": True}, "top must be"),
        ({"regions": ["FFD"]}, "near are 'FFC'"),
        ({"regions": []}, "regions must name"),
        ({"networks": True}, "the names of small tell no networks"),
    ]
    for options, message in wrong:
        with pytest.raises(ConfigError, match=message):
            roi(values, parcels, **options)
    with pytest.raises(ShapeError, match="small has 1284 vertices, but fsaverage5 has 20484"):
        roi(np.zeros(20484), parcels)
    with pytest.raises(ShapeError, match="has 1283 vertices"):
        roi(values[:, 1:], parcels)


SCHAEFER = ("7Networks_LH_Vis_1", "7Networks_LH_Default_Par_1", "7Networks_RH_Vis_1", "7Networks_RH_Vis_2")


def test_networks_that_names_tell(values: np.ndarray) -> None:
    numbers = np.where(np.arange(2 * V) < V, np.arange(2 * V) % 2, 2 + np.arange(2 * V) % 2)
    table = roi(values, Parcellation("schaefer", SCHAEFER, numbers), networks=True, hemisphere="separate")
    assert table.names == ("Vis-lh", "Default-lh", "Vis-rh")
    np.testing.assert_allclose(table.values[:, 2], values[:, V:].mean(axis=1, dtype=float), rtol=0, atol=1e-12)
    assert table.parcellation.name == "networks of schaefer"
    yeo = roi(values, Parcellation("yeo", ("7Networks_1", "7Networks_2"), np.arange(2 * V) % 2), networks=True)
    assert yeo.regions == ("7Networks_1", "7Networks_2")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_networks_of_a_table(separator: str, parcels: Parcellation, values: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "networks.csv"
    rows = [("Network", "region", "hemisphere"), ("Visual", "V1", ""), ("Visual", "L_V2_ROI", ""), ("Other", "V2", "R"),
            ("Other", "FFC", "both")]  # fmt: skip
    path.write_text("".join(separator.join(row) + "\n" for row in rows), encoding="utf-8-sig")
    table = roi(values, parcels, networks=path)
    assert table.regions == ("Visual", "Other")
    visual = np.concatenate([parcels.vertices("V1"), parcels.vertices("V2", "left")])
    np.testing.assert_allclose(table.values[:, 0], values[:, visual].mean(axis=1, dtype=float), rtol=0, atol=1e-12)
    assert table.n_vertices[1] == len(parcels.vertices("V2", "right")) + len(parcels.vertices("FFC"))
    assert table.parcellation.name == "networks of small by networks.csv"
    assert [file.path for file in table.parcellation.files] == [path]
    assert table.warnings == (
        f"{path}: 2 of 5 regions of small have no network on one or both hemispheres, such as 'V3'; there they "
        "count in none",
    )


def test_a_region_too_small_for_the_mesh_is_said(values: np.ndarray) -> None:
    parcels = Parcellation("small", ("V1", "tiny"), np.zeros(2 * V, int))
    for hemisphere in ("both", "left"):
        table = roi(values, parcels, hemisphere=hemisphere)
        assert table.regions == ("V1",)
        assert table.warnings == ("small: 1 regions have no vertex on fsaverage3, such as 'tiny'",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("region,nets\nV1,a\n", "expected a table with the columns region and network"),
        ("", "expected a table with the columns"),
        ("region,network\n", "names no region"),
        ("region,network\nV1,a\nFFD,b\n", "line 3: 'FFD' is no region of small; near are FFC"),
        ("region,network\nV1,a\nV1,b\n", "line 3: V1 is in 'a' and in 'b'"),
        ("region,network\nV1,\n", "line 2: V1 has no network"),
        ("region,network\nV1,a,b\n", "line 2: has more cells"),
        ("region,network,hemisphere\nV1,a,top\n", "line 2: hemisphere 'top' is unknown"),
        (
            "region,network,hemisphere\nL_V1_ROI,a,R\n",
            "line 2: 'L_V1_ROI' is of the left hemisphere, but the row says",
        ),
        ('region,network\n"V1,a\n', "cannot be read as a table"),
        ("region,network\nV1,\xff\n", "is no text"),
    ],
)
def test_tables_of_networks_that_are_refused(
    text: str, message: str, parcels: Parcellation, values: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "networks.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ParcellationError, match=message):
        roi(values, parcels, networks=path)
    with pytest.raises(ParcellationError, match=r"none\.csv: cannot be read: No such file"):
        roi(values, parcels, networks=tmp_path / "none.csv")
