"""TRIBE v2 in NumPy: a film, a sound or a text in, predicted activity of 20,484 cortical vertices out.

Public names are loaded on first use (PEP 562), so that ``import tribe_np`` costs nothing and imports nothing.
"""

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "TribeModel": "tribe_np.pipeline.model",
    "FmriEncoder": "tribe_np.encoder.model",
    "Events": "tribe_np.timeline.events",
    "trace": "tribe_np.oracle.recording",
    "Recording": "tribe_np.oracle.recording",
    "TribeError": "tribe_np.errors",
    "PlotBrain": "tribe_np.plots.figures.plot_brain",
    "annotate_rois": "tribe_np.plots.figures.region_labels",
    "combine_mosaics": "tribe_np.plots.figures.mosaics",
    "get_audio_and_text_events": "tribe_np.pipeline.stimuli.complete",
    "get_hcp_labels": "tribe_np.cortex.regions.hcp_regions",
    "get_hcp_roi_indices": "tribe_np.cortex.regions.hcp_regions",
    "get_hcp_vertex_labels": "tribe_np.cortex.regions.hcp_regions",
    "get_rainbow_brain": "tribe_np.plots.colours.rainbow",
    "get_subcortical_labels": "tribe_np.cortex.subcortex.subcortical_regions",
    "get_subcortical_mask": "tribe_np.cortex.subcortex.subcortical_regions",
    "get_subcortical_roi_indices": "tribe_np.cortex.subcortex.subcortical_regions",
    "get_topk_rois": "tribe_np.cortex.regions.hcp_regions",
    "plot_rgb_colorbar": "tribe_np.plots.figures.colour_bars",
    "plot_subcortical": "tribe_np.plots.figures.subcortex.subcortical",
    "plot_surf": "tribe_np.plots.figures.surface_maps",
    "plot_surf_rgb": "tribe_np.plots.figures.rgb_maps",
    "plot_timesteps": "tribe_np.plots.figures.timesteps.timesteps_figure",
    "plot_timesteps_mp4": "tribe_np.plots.films.timesteps_film",
    "robust_normalize": "tribe_np.plots.colours.normalising",
    "saturate_colors": "tribe_np.plots.colours.normalising",
    "summarize_by_roi": "tribe_np.cortex.regions.hcp_regions",
}

__all__ = [
    "Events", "FmriEncoder", "PlotBrain", "Recording", "TribeError", "TribeModel", "__version__", "annotate_rois",
    "combine_mosaics", "get_audio_and_text_events", "get_hcp_labels", "get_hcp_roi_indices",
    "get_hcp_vertex_labels", "get_rainbow_brain", "get_subcortical_labels", "get_subcortical_mask",
    "get_subcortical_roi_indices", "get_topk_rois", "plot_rgb_colorbar", "plot_subcortical", "plot_surf",
    "plot_surf_rgb", "plot_timesteps", "plot_timesteps_mp4", "robust_normalize", "saturate_colors",
    "summarize_by_roi", "trace",
]  # fmt: skip


def __getattr__(name: str) -> "Any":
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tribe_np' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
