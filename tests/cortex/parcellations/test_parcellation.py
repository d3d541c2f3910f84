"""Vertices by area name, on a small synthetic annotation (the real one is the user's to supply)."""

from pathlib import Path

import numpy as np
import pytest

from tests.cortex.synthetic_labels import write_pair
from tribe_np.cortex.parcellations.parcellation import NO_REGION
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.errors import ConfigError
from tribe_np.pipeline.vertices import vertex_selection

N_VERTICES = 20  # 10 a side
FILES = {"left": "lh.HCP-MMP1.annot", "right": "rh.HCP-MMP1.annot"}


@pytest.fixture
def annotation(tmp_path: Path) -> Path:
    """Areas ? V1 V2 TE1a."""
    return write_pair(tmp_path, names="{s}.HCP-MMP1.annot")


def test_areas_hold_both_hemispheres_left_first(annotation: Path) -> None:
    parcellation = load_parcellation(annotation, N_VERTICES)
    np.testing.assert_array_equal(parcellation.vertices("V1"), [1, 2, 6, 11, 12, 16])
    np.testing.assert_array_equal(parcellation.vertices("V1", "right"), [11, 12, 16])
    np.testing.assert_array_equal(np.flatnonzero(parcellation.region_of == NO_REGION), [0, 5, 10, 15])


def test_names_match_exactly_by_prefix_and_by_suffix(annotation: Path) -> None:
    parcellation = load_parcellation(annotation, N_VERTICES)
    np.testing.assert_array_equal(parcellation.indices(["V2"]), [3, 7, 13, 17])
    assert set(parcellation.indices(["V*"])) == set(parcellation.indices(["V1", "V2"]))
    np.testing.assert_array_equal(parcellation.indices(["*a"]), parcellation.indices(["TE1a"]))
    for bad in ("v1", "", "*x*", "V9"):
        with pytest.raises(ConfigError, match="is not an area"):
            parcellation.indices([bad])


def test_a_folder_without_the_files_and_a_damaged_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no parcellation of both hemispheres"):
        load_parcellation(tmp_path, N_VERTICES)
    for name in FILES.values():
        (tmp_path / name).write_bytes(b"\0\0")
    with pytest.raises(ConfigError, match="not a FreeSurfer annotation"):
        load_parcellation(tmp_path, N_VERTICES)


def test_a_coarser_mesh_is_refused(annotation: Path) -> None:
    with pytest.raises(ConfigError, match="fewer than"):
        load_parcellation(annotation, 40)


def test_selection_is_the_union_in_vertex_order(annotation: Path) -> None:
    chosen = vertex_selection({"roi": "V2", "vertices": [19, 3], "parcellation": annotation}, N_VERTICES)
    assert chosen is not None
    assert chosen.tolist() == [3, 7, 13, 17, 19]
    assert vertex_selection(None, N_VERTICES) is None
    mask = np.zeros(N_VERTICES, np.int64)
    mask[4] = 1
    assert vertex_selection({"vertices": mask}, N_VERTICES).tolist() == [4]  # type: ignore[union-attr]
    for bad in ({"rio": ["V1"]}, {"roi": []}, {"vertices": [20]}, {}):
        with pytest.raises(ConfigError):
            vertex_selection({**bad, "parcellation": annotation}, N_VERTICES)
