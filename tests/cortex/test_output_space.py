"""What run.json says of the columns: on surfaces the mesh decides, and what contradicts itself is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.outputs.exports.export_case import predictions_folder
from tribe_np.cortex import OutputSpace, VoxelSeries, as_series, as_voxel_series
from tribe_np.cortex.output_space import space_of_run
from tribe_np.cortex.voxel_series import is_voxel_folder
from tribe_np.errors import OutputError

MASK = {"kind": "mask", "mask": "subcortical", "resolution": 2, "n_outputs": 9}


@pytest.mark.parametrize("space", [OutputSpace("mask", 9, "subcortical", 2), OutputSpace("atlas", 9, "difumo"),
                                   OutputSpace("unknown", 9)])  # fmt: skip
def test_what_predict_writes_is_read_back(space: OutputSpace) -> None:
    assert space_of_run({"space": space.as_dict()}, 4, "x") == space


def test_the_mesh_decides() -> None:
    fsaverage5 = OutputSpace("surface", 20484, "fsaverage5")
    assert space_of_run({}, 20484, "x") == fsaverage5
    assert space_of_run({"space": fsaverage5.as_dict()}, 3, "x") == fsaverage5
    resampled = {"space": fsaverage5.as_dict(), "mesh": "fsaverage4"}
    assert space_of_run(resampled, 3, "x") == OutputSpace("surface", 5124, "fsaverage4")


@pytest.mark.parametrize("space", [
    None, [], "mask", {}, {"kind": "dream"}, {"kind": ["mask"]}, {"kind": "mask", "n_outputs": 9},
    MASK | {"n_outputs": 3},
    MASK | {"n_outputs": "9"}, MASK | {"resolution": 7}, {"kind": "surface", "mesh": "fsaverage9"},
])  # fmt: skip
def test_what_predict_does_not_write(space: Any) -> None:
    with pytest.raises(OutputError, match=r"x: run\.json does not say the space"):
        space_of_run({"space": space}, 4, "x")


def masked(path: Path, voxels: Any, n_columns: int = 4) -> Path:
    import json

    folder = predictions_folder(path, vertices=list(range(n_columns)))
    run = json.loads((folder / "run.json").read_text())
    run |= {"space": MASK, "options": {"voxels": voxels}}
    (folder / "run.json").write_text(json.dumps(run))
    return folder


def test_a_series_of_voxels(tmp_path: Path) -> None:
    series = as_voxel_series(masked(tmp_path / "a", [0, 2, 3, 8]))
    assert isinstance(series, VoxelSeries)
    assert (series.n_missing, series.columns.tolist()) == (5, [0, 2, 3, 8])
    full = series.full()
    np.testing.assert_array_equal(full[:, [0, 2, 3, 8]], series.values)
    assert np.isnan(full[:, 1]).all()
    assert as_voxel_series(series) is series
    assert is_voxel_folder(series)
    assert not is_voxel_folder(np.zeros(3))
    assert not is_voxel_folder(predictions_folder(tmp_path / "surface"))
    with pytest.raises(OutputError, match=r"holds 9 voxels of the subcortical mask \(2 mm\), and no cortical surface"):
        as_series(tmp_path / "a")
    with pytest.raises(OutputError, match="vertices of fsaverage3, and no voxels"):
        as_voxel_series(tmp_path / "surface")


@pytest.mark.parametrize("voxels", [None, [0, 1, 2], [0, 2, 1, 3], [0, 1, 2, 9], [-1, 0, 1, 2], [[0, 1, 2, 3]]])
def test_voxels_that_are_not_those_of_the_columns(tmp_path: Path, voxels: Any) -> None:
    with pytest.raises(OutputError, match=r"does not name one of 9 voxels for each of 4 columns|must be whole numbers"):
        as_voxel_series(masked(tmp_path / "a", voxels))
