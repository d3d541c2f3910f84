"""The space of a checkpoint's outputs by its `data.neuro.projection`, and what is said where that is not known."""

from typing import Any

import numpy as np
import pytest

from tribe_np.cortex import OutputSpace
from tribe_np.errors import ConfigError
from tribe_np.pipeline.columns import column_selection
from tribe_np.pipeline.neuro_projection import space_of, space_warning

SURFACE = {"name": "SurfaceProjector", "mesh": "fsaverage5", "kind": "ball"}
MASK = {"name": "MaskProjector", "mask": "subcortical"}


def data(projection: Any) -> dict[str, Any]:
    return {"neuro": {"frequency": 1.0, "projection": projection}}


@pytest.mark.parametrize(
    ("projection", "n_outputs", "space"),
    [
        (SURFACE, 20484, OutputSpace("surface", 20484, "fsaverage5")),
        (SURFACE | {"name": "TribeSurfaceProjector"}, 20484, OutputSpace("surface", 20484, "fsaverage5")),
        (SURFACE | {"mesh": "fsaverage"}, 327684, OutputSpace("surface", 327684, "fsaverage7")),
        (MASK, 8808, OutputSpace("mask", 8808, "subcortical", 2)),
        (MASK | {"resolution": 1}, 71000, OutputSpace("mask", 71000, "subcortical", 1)),
        ({"name": "MaskProjector"}, 5, OutputSpace("mask", 5, "mni152_gm", 2)),
        ({"name": "AtlasProjector", "atlas": "difumo"}, 64, OutputSpace("atlas", 64, "difumo")),
        (None, 5124, OutputSpace("surface", 5124, "fsaverage4")),
    ],
)  # fmt: skip
def test_the_three_projectors(projection: Any, n_outputs: int, space: OutputSpace) -> None:
    assert space_of(data(projection), n_outputs) == space
    assert space_warning(space, data(projection)) is None


def test_outputs_whose_place_is_not_known() -> None:
    space = space_of(data(SURFACE), 8808)
    assert space == OutputSpace("unknown", 8808)
    assert "config.yaml says fsaverage5, which has 20484 vertices, but this checkpoint has 8808" in str(
        space_warning(space, data(SURFACE))
    )
    for projection in (None, {"name": "Other"}):
        space = space_of(data(projection), 8808)
        assert space.kind == "unknown"
        assert "does not say where the 8808 outputs" in str(space_warning(space, data(projection)))


@pytest.mark.parametrize(
    ("projection", "message"),
    [
        ([], "projection must be a mapping or null"),
        (MASK | {"mask": "cerebellum"}, "projection.mask must be subcortical, mni152_brain"),
        (MASK | {"resolution": 3}, "projection.resolution must be 1 or 2, got 3"),
        (SURFACE | {"mesh": "fsaverage9"}, "projection.mesh: mesh 'fsaverage9' is unknown"),
        ({"name": "AtlasProjector"}, "projection.atlas must be text, but is missing"),
    ],
)
def test_projections_that_neuralset_does_not_have(projection: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        space_of(data(projection), 20484)


def test_selections_of_other_spaces() -> None:
    mask, atlas, unknown = (
        OutputSpace("mask", 9, "subcortical", 2),
        OutputSpace("atlas", 9, "a"),
        OutputSpace("unknown", 9),
    )
    chosen = column_selection({"voxels": [4, 2, 4]}, mask)
    assert chosen is not None
    assert chosen.vertices.tolist() == [2, 4]
    assert column_selection(None, mask) is None
    inside = column_selection({"voxels": np.arange(9) > 6}, mask)
    assert inside is not None
    assert inside.vertices.tolist() == [7, 8]
    assert column_selection({"vertices": [1]}, atlas).vertices.tolist() == [1]  # type: ignore[union-attr]
    for selection, space, message in (
        ({"roi": ["V1"]}, mask, "select them by structure"),
        ({"vertices": [1]}, mask, "vertices lie on the cortical surface.* select them by voxels"),
        ({"roi": ["V1"]}, unknown, "this checkpoint predicts 9 outputs whose place is not known"),
        ({"structure": ["A"]}, OutputSpace("surface", 20484, "fsaverage5"), "structure is for a mask.* use roi"),
        ({"voxels": [1]}, OutputSpace("surface", 20484, "fsaverage5"), "voxels is for a mask.* use vertices"),
        ({"voxels": []}, mask, "selection is empty"),
        ({"structure": 3}, mask, "structure must be a list of names"),
        ({"mask": "x"}, mask, "no voxel is selected"),
        ({"colour": 1}, mask, "unknown key 'colour'; known are structure, voxels, mask"),
    ):
        with pytest.raises(ConfigError, match=message):
            column_selection(selection, space)
