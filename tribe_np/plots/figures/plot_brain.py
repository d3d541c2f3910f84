"""Upstream's class of plots, as a record of settings whose methods are the functions of this room.

Source   tribev2 7239908 plotting.base.BasePlotBrain, plotting.cortical.PlotBrainNilearn
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.errors import ConfigError
from tribe_np.plots.figures.brains import Brain, Inflate, load_brain
from tribe_np.plots.figures.given_axes import shown_views, views_and_axes
from tribe_np.plots.figures.region_labels import annotate_rois
from tribe_np.plots.figures.rgb_maps import plot_surf_rgb
from tribe_np.plots.figures.surface_maps import plot_surf, values_on
from tribe_np.plots.views import VIEWS, View


@dataclass(frozen=True)
class PlotBrain:
    """Settings of a brain that several maps are drawn on; the methods take upstream's arguments and ours.

    A figure made here is returned; with `axes` a method returns what upstream's does. Atlases of voxels are not drawn:
    atlas_name, atlas_dim and vol_to_surf_kwargs must be None.
    Raises   ConfigError
    """

    mesh: str = "fsaverage5"
    inflate: Inflate = "half"
    bg_map: str = "sulcal"
    hemisphere_gap: float = 0
    atlas_name: str | None = None
    atlas_dim: int | None = None
    vol_to_surf_kwargs: Mapping[str, Any] | None = None
    subjects_dir: str | None = None

    VIEW_DICT: ClassVar[Mapping[str, tuple[float, float]]] = {
        name: (view.elevation, view.azimuth) for name, view in VIEWS.items()
    }

    def __post_init__(self) -> None:
        given = [name for name in ("atlas_name", "atlas_dim", "vol_to_surf_kwargs") if getattr(self, name) is not None]
        if given:
            raise ConfigError(
                f"{given[0]}: values of an atlas or volume are not drawn here; bring them onto the cortex first, with "
                "tribe-np project or nilearn.surface.vol_to_surf"
            )

    def plot_surf(self, signals: Any, norm_percentile: float | None = None, **kwargs: Any) -> Any:
        """`plot_surf` on this brain."""
        brain = self._brain(kwargs.get("views", "left"), kwargs.get("axes"))
        return plot_surf(
            signals, norm_percentile=norm_percentile, brain=brain, subjects_dir=self.subjects_dir, **kwargs
        )  # fmt: skip

    def plot_surf_rgb(self, signals: Sequence[Any], alpha_signals: Any = None, **kwargs: Any) -> Any:
        """`plot_surf_rgb` on this brain."""
        brain = self._brain(kwargs.get("views", "left"), kwargs.get("axes"))
        return plot_surf_rgb(
            signals, alpha_signals=alpha_signals, brain=brain, subjects_dir=self.subjects_dir, **kwargs
        )  # fmt: skip

    def annotate_rois(self, ax: Any, rois: Any, hemi: str | None = None, **kwargs: Any) -> None:
        """`annotate_rois` in axes that a method of this class drew in."""
        annotate_rois(ax, rois, hemi, **kwargs)

    def plot_timesteps(self, neuro: Any, segments: Any = None, **kwargs: Any) -> Any:
        """`plot_timesteps` on this brain."""
        from tribe_np.plots import plot_timesteps

        return plot_timesteps(neuro, segments, **self._own() | kwargs)

    def plot_timesteps_mp4(self, *args: Any, **kwargs: Any) -> Any:
        """`plot_timesteps_mp4` on this brain."""
        from tribe_np.plots import plot_timesteps_mp4

        return plot_timesteps_mp4(*args, **self._own() | kwargs)

    def get_mesh(self) -> dict[str, dict[str, np.ndarray]]:
        """Upstream's coords, faces and bg_map of "left", "right" and "both", hemispheres apart."""
        brain = self._brain("left", None)
        surface = brain.surface.apart(self.hemisphere_gap)
        folds = np.zeros(brain.n_vertices, np.float32) if brain.folds is None else brain.folds
        found = {}
        for side, bg_map in zip(HEMISPHERES, np.split(folds, 2), strict=True):
            coords, faces = surface.hemisphere(side)
            found[side] = {"coords": coords, "faces": faces, "bg_map": bg_map}
        found["both"] = {"coords": surface.coordinates, "faces": surface.faces, "bg_map": folds}
        return found

    def get_stat_map(self, data: Any) -> dict[str, np.ndarray]:
        """Values of "left", "right" and "both" on this mesh, brought onto it where they are of another."""
        whole = values_on(self._brain("left", None), data, self.subjects_dir)
        left, right = np.split(whole, 2)
        return {"left": left, "right": right, "both": whole}

    def _own(self) -> dict[str, Any]:
        names = ("mesh", "inflate", "bg_map", "hemisphere_gap", "subjects_dir")
        return {name: getattr(self, name) for name in names}

    def _brain(self, views: Any, axes: Any) -> Brain:
        shown = [view for view, _ in views_and_axes(views, axes, convert=False)] if axes is not None else None
        flat = tuple(view for view in (shown or shown_views(views)) if view.is_flat)
        return _loaded(self.mesh, self.inflate, self.bg_map, float(self.hemisphere_gap), self.subjects_dir, flat[:1])


@lru_cache(maxsize=4)
def _loaded(
    mesh: str, inflate: Inflate, bg_map: str, gap: float, subjects_dir: str | None, flat: tuple[View, ...]
) -> Brain:
    return load_brain(mesh, inflate, bg_map=bg_map, views=flat, gap=gap, subjects_dir=subjects_dir)
