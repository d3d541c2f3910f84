"""Values of other meshes on fsaverage's vertices: the first ones of a finer fsaverage, or along a registration."""

import numpy as np

from tribe_np.cortex.measured.measured_surfaces import FSAVERAGE_NAMES, FSLR_HELP, MeasuredSurface, wrong_mesh
from tribe_np.cortex.meshes.vertex_shares import Shares, shared
from tribe_np.cortex.sizes import HEMISPHERES, VERTICES_PER_HEMISPHERE
from tribe_np.errors import MeasurementError
from tribe_np.shown import quoted


def onto_mesh(measured: MeasuredSurface, mesh: str, shares: Shares | None) -> tuple[np.ndarray, str]:
    """Series (n, 2 V) float64 on `mesh`, and how they came there.

    `shares` lead from the vertices of another mesh. Without them the data lie on an fsaverage
    at least as fine, of which fsaverage5, 6 and 7 have the coarser one's vertices first.
    Raises   MeasurementError for another mesh, or a coarser one
    """
    if shares is not None:
        for side, found, weights in zip(HEMISPHERES, measured.sides, shares, strict=True):
            if found.shape[1] != weights.shape[1]:
                raise MeasurementError(
                    f"{measured.paths[0]}: the {side} hemisphere has {found.shape[1]} vertices, the sphere "
                    f"that was given {weights.shape[1]}"
                )
        parts = [shared(found, weights) for found, weights in zip(measured.sides, shares, strict=True)]
        return np.concatenate(parts, axis=1), "another mesh, along its registered sphere"
    _check_mesh(measured, mesh)
    size = VERTICES_PER_HEMISPHERE[mesh]
    theirs = FSAVERAGE_NAMES[measured.per_hemisphere[0]]
    how = theirs if theirs == mesh else f"{theirs}, of which {mesh} has the first {size} vertices a hemisphere"
    parts = [side[:, :size] for side in measured.sides]
    return np.concatenate(parts, axis=1).astype(np.float64, copy=False), how


def _check_mesh(measured: MeasuredSurface, mesh: str) -> None:
    path, (left, right) = measured.paths[0], measured.per_hemisphere
    lower = path.name.lower().replace("_", "").replace("-", "")
    if left != right:
        raise MeasurementError(
            f"{path}: has {left} vertices on the left and {right} on the right; expected one mesh. A subject's own "
            "surfaces need --subject (subject) and --subjects-dir"
        )
    if "fslr" in lower:
        raise MeasurementError(f"{path}: its name says that it lies on fsLR; {FSLR_HELP}")
    is_cifti = len(measured.paths) == 1
    if is_cifti and left == VERTICES_PER_HEMISPHERE["fsaverage7"] and "fsaverage" not in lower:
        raise MeasurementError(
            f"{path}: has {left} vertices a hemisphere, as fsLR-164k and fsaverage have; if it is fsaverage, say so in "
            f"its name (space-fsaverage); if fsLR, {FSLR_HELP}"
        )
    if left not in FSAVERAGE_NAMES:
        raise wrong_mesh(path, left)
    if left < VERTICES_PER_HEMISPHERE[mesh]:
        raise MeasurementError(
            f"{path}: lies on {FSAVERAGE_NAMES[left]}, which is coarser than {quoted(mesh)}; nothing is made up"
        )
