"""`roi` for any prediction: regions of the cortex on a mesh, structures of the subcortex in a mask."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tribe_np.cortex.regions.region_series import RegionTable, regions_of
from tribe_np.cortex.regions.structure_series import structures_of
from tribe_np.cortex.voxel_series import is_voxel_folder
from tribe_np.errors import ConfigError


def roi(
    source: Any,
    parcellation: Any = None,
    *,
    hemisphere: str = "both",
    top: int | None = None,
    networks: bool | str | Path = False,
    regions: Sequence[str] | None = None,
) -> RegionTable:
    """The time courses of regions or structures, their means over time, and the ranks of these.

    `source` is a predictions folder or an array. On a mesh everything is as `region_series.regions_of` says. In a mask
    `parcellation` is its file (`mask_files.load_mask`; None: the mask that the checkpoint was made with), and `regions`
    names structures: `Left Thalamus`, or `Thalamus` for both sides.
    Raises   ConfigError, ParcellationError, ShapeError, OutputError as those
    """
    if not is_voxel_folder(source):
        return regions_of(source, parcellation, hemisphere=hemisphere, top=top, networks=networks, regions=regions)
    if networks:
        raise ConfigError(f"{source}: networks are of the cortical surface; this prediction holds structures of a mask")
    return structures_of(source, parcellation, hemisphere=hemisphere, top=top, structures=regions)
