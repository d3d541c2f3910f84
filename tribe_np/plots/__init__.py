"""Pictures, films and a page of predictions on the cortex. They take predictions and arrays; no model is known here.

Public names are loaded on first use (PEP 562).
"""

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from typing import Any

_PUBLIC = {
    "PlotBrain": "tribe_np.plots.figures.plot_brain",
    "annotate_rois": "tribe_np.plots.figures.region_labels",
    "combine_mosaics": "tribe_np.plots.figures.mosaics",
    "film": "tribe_np.plots.films.film_making",
    "get_rainbow_brain": "tribe_np.plots.colours.rainbow",
    "page": "tribe_np.plots.pages.page_making",
    "plot": "tribe_np.plots.figures.figure_making",
    "plot_rgb_colorbar": "tribe_np.plots.figures.colour_bars",
    "plot_subcortical": "tribe_np.plots.figures.subcortex.subcortical",
    "plot_surf": "tribe_np.plots.figures.surface_maps",
    "plot_surf_rgb": "tribe_np.plots.figures.rgb_maps",
    "plot_timesteps": "tribe_np.plots.figures.timesteps.timesteps_figure",
    "plot_timesteps_mp4": "tribe_np.plots.films.timesteps_film",
    "robust_normalize": "tribe_np.plots.colours.normalising",
    "saturate_colors": "tribe_np.plots.colours.normalising",
}

__all__ = [
    "PlotBrain", "annotate_rois", "combine_mosaics", "film", "get_rainbow_brain", "page", "plot", "plot_rgb_colorbar",
    "plot_subcortical", "plot_surf", "plot_surf_rgb", "plot_timesteps", "plot_timesteps_mp4", "robust_normalize",
    "saturate_colors",
]  # fmt: skip


def __getattr__(name: str) -> "Any":
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tribe_np.plots' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
