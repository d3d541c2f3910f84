"""Where the outputs of a checkpoint lie, by its config.yaml: `data.neuro.projection`.

Source   neuralset 0.0.2 extractors.neuro (the three projectors); tribev2 7239908 utils_fmri.TribeSurfaceProjector,
         grids.run_subcortical
"""

from collections.abc import Mapping
from typing import Any

from tribe_np.cortex.output_space import MASKS, RESOLUTIONS, OutputSpace
from tribe_np.cortex.sizes import VERTICES_PER_HEMISPHERE, mesh_name
from tribe_np.errors import ConfigError
from tribe_np.settings import MAPPING, TEXT, Settings, nullable, one_of


def space_of(data: Mapping[str, Any], n_outputs: int) -> OutputSpace:
    """The space of n_outputs columns; of kind "unknown" where the configuration says none, or one of another size.

    Raises   ConfigError for a projection that neuralset does not have, or a mesh that is not fsaverage's
    """
    neuro = Settings({"data": data}, "config.yaml").section("data").section("neuro")
    if neuro.read("projection", nullable(MAPPING), None) is None:
        return _surface_by_size(n_outputs)
    projection = neuro.section("projection")
    name = projection.read("name", TEXT, "")
    if name == "MaskProjector":
        mask = projection.read("mask", one_of(*MASKS), "mni152_gm")
        return OutputSpace("mask", n_outputs, mask, projection.read("resolution", one_of(*RESOLUTIONS), 2))
    if name == "AtlasProjector":
        return OutputSpace("atlas", n_outputs, projection.read("atlas", TEXT))
    if projection.has("mesh"):
        mesh = _mesh(projection)
        if 2 * VERTICES_PER_HEMISPHERE[mesh] == n_outputs:
            return OutputSpace("surface", n_outputs, mesh)
    return OutputSpace("unknown", n_outputs)


def _mesh(projection: Settings) -> str:
    try:
        return mesh_name(projection.read("mesh", TEXT))
    except ConfigError as error:
        raise ConfigError(f"{projection.name('mesh')}: {error}") from error


def _surface_by_size(n_outputs: int) -> OutputSpace:
    """Without a projection, fMRI that lies on a mesh already is taken as it is."""
    for mesh, side in VERTICES_PER_HEMISPHERE.items():
        if n_outputs == 2 * side:
            return OutputSpace("surface", n_outputs, mesh)
    return OutputSpace("unknown", n_outputs)


def space_warning(space: OutputSpace, data: Mapping[str, Any]) -> str | None:
    """What to say about outputs whose place is not known; None where it is."""
    if space.kind != "unknown":
        return None
    neuro = data.get("neuro")
    projection = neuro.get("projection") if isinstance(neuro, Mapping) else None
    mesh = projection.get("mesh") if isinstance(projection, Mapping) else None
    if mesh is None:
        return f"config.yaml does not say where the {space.n_outputs} outputs of this checkpoint lie"
    size = 2 * VERTICES_PER_HEMISPHERE[mesh_name(mesh)]
    return (
        f"config.yaml says {mesh}, which has {size} vertices, but this checkpoint has {space.n_outputs} outputs: "
        "where they lie is not known"
    )
