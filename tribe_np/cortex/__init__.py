"""The cortical surface: meshes, parcellations, resampling, volumes to surfaces. Geometry; knows no model.

Public names are loaded on first use (PEP 562).
"""

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from typing import Any

_PUBLIC = {
    "OutputSpace": "tribe_np.cortex.output_space",
    "Parcellation": "tribe_np.cortex.parcellations.parcellation",
    "Projection": "tribe_np.cortex.measured.projection",
    "RegionTable": "tribe_np.cortex.regions.region_series",
    "Resampled": "tribe_np.cortex.meshes.resampling",
    "Surface": "tribe_np.cortex.meshes.surfaces",
    "SurfaceSeries": "tribe_np.cortex.series",
    "VoxelMask": "tribe_np.cortex.subcortex.voxel_mask",
    "VoxelSeries": "tribe_np.cortex.voxel_series",
    "as_series": "tribe_np.cortex.series",
    "as_voxel_series": "tribe_np.cortex.voxel_series",
    "get_hcp_labels": "tribe_np.cortex.regions.hcp_regions",
    "get_hcp_roi_indices": "tribe_np.cortex.regions.hcp_regions",
    "get_hcp_vertex_labels": "tribe_np.cortex.regions.hcp_regions",
    "get_subcortical_labels": "tribe_np.cortex.subcortex.subcortical_regions",
    "get_subcortical_mask": "tribe_np.cortex.subcortex.subcortical_regions",
    "get_subcortical_roi_indices": "tribe_np.cortex.subcortex.subcortical_regions",
    "get_topk_rois": "tribe_np.cortex.regions.hcp_regions",
    "load_mask": "tribe_np.cortex.subcortex.mask_files",
    "load_overlay": "tribe_np.cortex.meshes.surfaces",
    "load_parcellation": "tribe_np.cortex.parcellations.parcellation_files",
    "load_surface": "tribe_np.cortex.meshes.surfaces",
    "project": "tribe_np.cortex.measured.projection",
    "resample": "tribe_np.cortex.meshes.resampling",
    "roi": "tribe_np.cortex.regions.roi_tables",
    "summarize_by_roi": "tribe_np.cortex.regions.hcp_regions",
}

__all__ = [
    "OutputSpace", "Parcellation", "Projection", "RegionTable", "Resampled", "Surface", "SurfaceSeries", "VoxelMask",
    "VoxelSeries", "as_series", "as_voxel_series", "get_hcp_labels", "get_hcp_roi_indices", "get_hcp_vertex_labels",
    "get_subcortical_labels", "get_subcortical_mask", "get_subcortical_roi_indices", "get_topk_rois", "load_mask",
    "load_overlay", "load_parcellation", "load_surface", "project", "resample", "roi", "summarize_by_roi",
]  # fmt: skip


def __getattr__(name: str) -> "Any":
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tribe_np.cortex' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
