"""The mask of an output space: of a file that the user gives, or the one that config.yaml names.

Source   neuralset 0.0.2 extractors.neuro.MaskProjector.get_mask
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.output_space import SUBCORTICAL, OutputSpace
from tribe_np.cortex.parcellations.parcellation import ParcellationFile
from tribe_np.cortex.subcortex.harvard_oxford import (
    atlas_of,
    load_atlas,
    names_near,
    subcortical_mask,
    volume_in,
)
from tribe_np.cortex.subcortex.voxel_mask import NO_STRUCTURE, VoxelMask
from tribe_np.errors import ConfigError, OutputError, ParcellationError
from tribe_np.files.sha256 import sha256_of
from tribe_np.formats.label_volume import Volume, canonical, read_volume
from tribe_np.optional import require

NILEARNS_SPACE = "MNI152NLin2009aSym"  # of its masks of the brain and its tissues
MaskSource = str | Path | Sequence[str | Path] | VoxelMask


def load_mask(space: OutputSpace, source: MaskSource | None = None) -> VoxelMask:
    """The mask whose voxels are the columns of `space`.

    `source` is a NIfTI file, with the names of its labels beside it or as a second file, or a folder as FSL's
    data/atlases; None is what config.yaml named.
    Raises   ParcellationError for a mask that is missing, damaged or of another number of voxels; OutputError for a
             space that is no mask; MissingDependencyError
    """
    if space.kind != "mask":
        raise OutputError(f"a mask was asked for, but the columns are {space}")
    if isinstance(source, VoxelMask):
        return source.check_fits(space.n_outputs)
    if source is not None:
        mask = _given(source, space)
    elif space.name == SUBCORTICAL:
        mask = subcortical_mask(load_atlas(space.resolution or 2))
    else:
        mask = _of_nilearn(space)
    if space.name != SUBCORTICAL:
        mask = replace(mask, space=NILEARNS_SPACE)
    size = np.diag(mask.affine)[:3]
    if space.resolution is not None and not np.allclose(size, space.resolution, atol=1e-3):
        shown = " x ".join(f"{step:g}" for step in size)
        raise ParcellationError(
            f"{mask.origin}: has voxels of {shown} mm, but the checkpoint was made with {space.resolution} mm"
        )
    if not mask.structures and mask.n_voxels != space.n_outputs and space.name == SUBCORTICAL:
        raise ParcellationError(
            f"{mask.origin}: a mask of the wrong length: {mask.n_voxels} voxels are not 0, but the prediction has "
            f"{space.n_outputs}; a labelled volume needs the names of its labels, in a table or XML beside it"
        )
    return mask.check_fits(space.n_outputs)


def _given(source: str | Path | Sequence[str | Path], space: OutputSpace) -> VoxelMask:
    files = [Path(source)] if isinstance(source, (str, Path)) else [Path(part) for part in source]
    if not 1 <= len(files) <= 2:
        raise ConfigError(f"a mask is one NIfTI file, or one and the names of its labels; got {len(files)} files")
    path = files[0]
    if path.is_dir():
        path = volume_in(path, space.resolution or 2)
    names = files[1] if len(files) == 2 else names_near(path)
    if names is None:
        return plain_mask(
            path.name, read_volume(path), (ParcellationFile(path, sha256_of(path, error=ParcellationError)),)
        )
    return subcortical_mask(atlas_of(path, names))


def plain_mask(name: str, volume: Volume, files: tuple[ParcellationFile, ...] = ()) -> VoxelMask:
    """The voxels above 0, without names.

    Raises   ParcellationError where there is none
    """
    inside = volume.values > 0
    if not inside.any():
        raise ParcellationError(f"{volume.origin}: holds no voxel above 0")
    nothing = np.full(int(inside.sum()), NO_STRUCTURE)
    return VoxelMask(name, inside, volume.affine, (), nothing, volume.origin, files=files)


def _of_nilearn(space: OutputSpace) -> VoxelMask:
    datasets: Any = require("nilearn.datasets", extra="plot", why=f"the mask {space.name}")
    image = getattr(datasets, f"load_{space.name}_mask")(resolution=space.resolution)
    return plain_mask(space.name, canonical(image, f"nilearn's {space.name} mask"))
