"""The meshes of fsaverage, and HCP's fsLR-32k, by name and by number of vertices; the left hemisphere comes first.

Source   neuralset 0.0.2 extractors.neuro FSAVERAGE_SIZES; FreeSurfer's fsaverage is fsaverage7
"""

from tribe_np.errors import ConfigError, ShapeError
from tribe_np.shown import did_you_mean, quoted

VERTICES_PER_HEMISPHERE = {
    "fsaverage3": 642, "fsaverage4": 2562, "fsaverage5": 10242, "fsaverage6": 40962, "fsaverage7": 163842,
    "fsLR-32k": 32492,
}  # fmt: skip
FS_LR = "fsLR-32k"  # numbered otherwise: no vertex of it is one of fsaverage
NUMBERED_TWICE = ("fsaverage3", "fsaverage4")  # by FreeSurfer, and otherwise by nilearn since 0.14
OF_NILEARN = "the first of fsaverage5 (nilearn 0.14)"
OF_FREESURFER = "in another order than in fsaverage5 (FreeSurfer)"
ALIASES = {"fsaverage": "fsaverage7", "fsLR": FS_LR, "fs_LR_32k": FS_LR}
HEMISPHERES = ("left", "right")


def mesh_name(name: str) -> str:
    """The name of a mesh as this project spells it: fsaverage is fsaverage7.

    Raises   ConfigError for another mesh
    """
    known = ALIASES.get(name, name)
    if known not in VERTICES_PER_HEMISPHERE:
        raise ConfigError(
            f"mesh {quoted(name)} is unknown; known are {', '.join(VERTICES_PER_HEMISPHERE)}"
            f"{did_you_mean(name, list(VERTICES_PER_HEMISPHERE))}"
        )
    return known


def mesh_of_size(n_vertices: int, what: str) -> str:
    """The mesh whose two hemispheres have so many vertices; `what` names the array in the error.

    Raises   ShapeError where there is none
    """
    for name, per_side in VERTICES_PER_HEMISPHERE.items():
        if n_vertices == 2 * per_side:
            return name
    sizes = ", ".join(f"{2 * per_side} ({name})" for name, per_side in VERTICES_PER_HEMISPHERE.items())
    raise ShapeError(f"{what}: has {n_vertices} vertices, expected both hemispheres of a mesh: {sizes}")
