"""Upstream's functions beside upstream's own results on the same synthetic annotation, which MNE read for it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tribe_np.cortex
from tools.reference.regions import (
    AREAS,
    HEMISPHERES,
    MESHES,
    NAME,
    REFUSED,
    REQUESTS,
    digest,
    values,
    write_annotations,
)
from tribe_np import get_hcp_labels, get_hcp_roi_indices, get_hcp_vertex_labels, get_topk_rois, summarize_by_roi
from tribe_np.cortex import Parcellation, load_parcellation
from tribe_np.cortex.parcellations.parcellation import NO_REGION
from tribe_np.errors import ConfigError, ParcellationError, ShapeError

MEANS = 1e-6  # upstream's float32 means of some 300 values beside ours in float64; their spread is 0.06
UPSTREAM: dict[str, Any] = json.loads((Path(__file__).parents[2] / "golden" / NAME).read_text())


@pytest.fixture(scope="module", params=["{side}_{area}_ROI", "{area}"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The annotations in MNE's spelling, and in plain names."""
    folder = tmp_path_factory.mktemp("label")
    write_annotations(folder, request.param)
    return folder


@pytest.fixture(scope="module", params=MESHES)
def mesh(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def parcels(folder: Path, mesh: str) -> Parcellation:
    return load_parcellation(folder, len(values(mesh)))


@pytest.fixture
def given(parcels: Parcellation) -> dict[str, Any]:
    """The arguments that give upstream's result."""
    return {"parcellation": parcels, "compat": "upstream"}


@pytest.mark.parametrize("hemi", HEMISPHERES)
def test_labels_and_their_order(mesh: str, hemi: str, given: dict[str, Any]) -> None:
    labels = get_hcp_labels(mesh, hemi=hemi, **given)
    assert [[label, len(v), digest(v)] for label, v in labels.items()] == UPSTREAM[mesh]["labels"][hemi]
    ours = get_hcp_labels(mesh, hemi=hemi, parcellation=given["parcellation"])
    assert list(ours) == [label for label in labels if label != "?"]
    assert len(ours) == len(AREAS)


def test_the_label_of_each_vertex(mesh: str, given: dict[str, Any]) -> None:
    labels = get_hcp_vertex_labels(mesh, **given)
    assert hashlib.sha256("\n".join(labels).encode()).hexdigest() == UPSTREAM[mesh]["vertex_labels"]
    ours = get_hcp_vertex_labels(mesh, parcellation=given["parcellation"])
    assert ours == ["" if label == "?" else label for label in labels]


@pytest.mark.parametrize("hemi", HEMISPHERES)
def test_indices_of_names_prefixes_and_suffixes(mesh: str, hemi: str, given: dict[str, Any]) -> None:
    for rois, wanted in zip(REQUESTS, UPSTREAM[mesh]["indices"][hemi], strict=True):
        for compat in (None, "upstream"):
            found = get_hcp_roi_indices(rois, hemi, mesh, parcellation=given["parcellation"], compat=compat)
            assert digest(found) == wanted, rois


@pytest.mark.parametrize("hemi", [*HEMISPHERES, "both_separate"])
def test_means_and_the_highest(mesh: str, hemi: str, given: dict[str, Any]) -> None:
    row = values(mesh)
    means = summarize_by_roi(row, hemi, mesh, **given)
    np.testing.assert_allclose(means, UPSTREAM[mesh]["means"][hemi], rtol=0, atol=MEANS)
    assert get_topk_rois(row, hemi, mesh, 12, **given).tolist() == UPSTREAM[mesh]["top"][hemi]
    ours = {"parcellation": given["parcellation"]}
    labels = list(get_hcp_labels(mesh, hemi=hemi, **ours))
    by_hand = sorted(zip(-summarize_by_roi(row, hemi, mesh, **ours), labels, strict=True))
    top = get_topk_rois(row, hemi, mesh, 12, **ours).tolist()
    assert top == [label for _, label in by_hand[:12]]
    assert not [label for label in top if label.startswith("?")]
    table = np.stack([row, -row])
    np.testing.assert_array_equal(summarize_by_roi(table, hemi, mesh, **given), [means, -means])


@pytest.mark.parametrize("hemi", [*HEMISPHERES, "both_separate"])
def test_nan_is_first_only_with_upstream(mesh: str, hemi: str, given: dict[str, Any]) -> None:
    row = values(mesh, with_nan=True)
    assert get_topk_rois(row, hemi, mesh, 12, **given).tolist() == UPSTREAM[mesh]["top_with_nan"][hemi]
    ours = get_topk_rois(row, hemi, mesh, 1000, parcellation=given["parcellation"]).tolist()
    name = {"both_separate": "V3B-lh", "right": ""}.get(hemi, "V3B")
    assert name not in ours
    assert len(ours) == len(AREAS) * (1 + (hemi == "both_separate")) - bool(name)
    assert np.isnan(summarize_by_roi(row, hemi, mesh, parcellation=given["parcellation"])).sum() == bool(name)


def test_upstream_crashes_where_the_highest_are_right_here() -> None:
    raised = {f"get_topk_rois {hemi}": "IndexError" for hemi in HEMISPHERES}
    assert UPSTREAM["raised"] == raised | {f"get_hcp_roi_indices {name}": "ValueError" for name in REFUSED}


def small(regions: tuple[str, ...] = ("V1", "V2", "V3"), size: int = 642) -> Parcellation:
    """Regions in turns on fsaverage3, and every fourth vertex in none."""
    turns = np.arange(2 * size) % (len(regions) + 1)
    return Parcellation("small", regions, np.where(turns == len(regions), NO_REGION, turns))


def test_what_is_refused() -> None:
    given: dict[str, Any] = {"mesh": "fsaverage3", "parcellation": small()}
    row = np.zeros(2 * 642)
    for name in (*REFUSED, "", [], None, [3]):
        with pytest.raises(ValueError, match=r"region|rois"):
            get_hcp_roi_indices(name, **given)
    with pytest.raises(ValueError, match="near are 'V1'"):
        get_hcp_roi_indices("V1x", **given)
    with pytest.raises(ConfigError, match="hemi 'lh' is unknown"):
        get_hcp_labels(hemi="lh", **given)
    with pytest.raises(ConfigError, match="compat must be"):
        summarize_by_roi(row, compat="theirs", **given)
    with pytest.raises(ConfigError, match="mesh 'fsaverage2' is unknown"):
        get_hcp_labels("fsaverage2", parcellation=small())
    with pytest.raises(ShapeError, match="has 1284 vertices, but fsaverage4 has 5124"):
        get_hcp_labels("fsaverage4", parcellation=small())
    for bad in (row[:-1], np.zeros(20484), np.zeros((1, 1, 1284)), np.array(["a"] * 1284)):
        with pytest.raises(ShapeError, match="data must be numbers"):
            summarize_by_roi(bad, **given)
    for k in (0, -1, 2.5, True):
        with pytest.raises(ConfigError, match="k must be"):
            get_topk_rois(row, k=k, **given)  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="one row"):
        get_topk_rois(row[None], **given)


def test_equal_means_come_in_the_order_of_labels() -> None:
    top = get_topk_rois(np.ones(1284), mesh="fsaverage3", parcellation=small())
    assert top.tolist() == ["V1", "V2", "V3"]


def test_a_region_of_one_hemisphere_is_in_no_list_of_the_other() -> None:
    """Upstream would ask for it there and stop."""
    turns = np.where(np.arange(1284) < 642, 0, 1)
    parcels = Parcellation("apart", ("7Networks_LH_Vis_1", "7Networks_RH_Vis_1"), turns)
    for hemi, number in (("left", 1), ("right", 1), ("both", 2), ("both_separate", 2)):
        assert len(get_hcp_labels("fsaverage3", hemi=hemi, parcellation=parcels)) == number
    assert get_topk_rois(turns, "left", "fsaverage3", parcellation=parcels).tolist() == ["7Networks_LH_Vis_1"]


def test_groups_of_areas_need_their_own_annotations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As MNE writes them: names with blanks and brackets, and ??? for the rest."""
    monkeypatch.delenv("TRIBE_NP_PARCELLATION", raising=False)
    (tmp_path / "fsaverage" / "label").mkdir(parents=True)
    label = tmp_path / "fsaverage" / "label"
    paths = write_annotations(label)
    for source in (None, label, paths):
        with pytest.raises(ParcellationError, match=r"fetch_hcp_mmp_parcellation\(combine=True\)"):
            get_hcp_labels(combine=True, parcellation=source)
    (tmp_path / "combined").mkdir()
    for path in write_annotations(tmp_path / "combined", "{area} Cortex (all)"):
        path.rename(label / path.name.replace(".annot", "_combined.annot"))
    for source in (label, [label / "lh.HCPMMP1_combined.annot", label / "rh.HCPMMP1_combined.annot"]):
        labels = get_hcp_labels(combine=True, parcellation=source, compat="upstream")
        assert list(labels)[:2] == ["???", "1 Cortex (all)"]
        assert len(labels) == len(AREAS) + 1
        np.testing.assert_array_equal(
            labels["V1 Cortex (all)"], get_hcp_roi_indices("V1", parcellation=[paths[0], paths[1]])
        )
        assert "???" not in get_hcp_labels(combine=True, parcellation=source)
    monkeypatch.setenv("TRIBE_NP_PARCELLATION", str(label))
    assert len(get_hcp_vertex_labels(combine=True)) == 20484


def test_they_are_public_names() -> None:
    for name in ("get_hcp_labels", "get_hcp_vertex_labels", "get_hcp_roi_indices", "summarize_by_roi", "get_topk_rois"):
        assert name in tribe_np.__all__
        assert getattr(tribe_np.cortex, name) is getattr(tribe_np, name)
    assert all(name in dir(tribe_np.cortex) for name in tribe_np.cortex.__all__)
