"""The pictures of a fit that can be drawn, and why others cannot."""

import logging
from collections.abc import Mapping

import numpy as np

from tribe_np.cortex.random_weights import RANDOM
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import AnySeries
from tribe_np.errors import MeshError, MissingDependencyError
from tribe_np.pipeline.fitting.person_fit import PersonFit
from tribe_np.pipeline.fitting.person_rows import PersonRows
from tribe_np.plots.figures.figure_files import png_bytes
from tribe_np.plots.figures.fit_figure import fit_maps_figure, fit_scores_figure

MAPS_FILE, SCORES_FILE = "figure.png", "scores.png"


def fit_pictures(
    series: AnySeries, fit: PersonFit, rows: PersonRows, titles: Mapping[str, str], *, is_random: bool
) -> tuple[dict[str, bytes], list[str]]:
    """Files by name; `titles` of the models, in the order of `fit.r`."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # which tells of its font cache
    r = {titles.get(name, name).capitalize(): np.asarray(values) for name, values in fit.r.items()}
    note = f"{fit.person.name}; fitted on {rows.n_trained:,} rows, r of {rows.n_kept_out:,} others"
    note += f"\n{RANDOM[0].upper()}{RANDOM[1:]}" if is_random else ""
    pictures, said = {}, []
    try:
        head = fit.fit
        pictures[SCORES_FILE] = png_bytes(fit_scores_figure(r, head.penalties, head.cv_scores, head.score_name, note))
        if isinstance(series, SurfaceSeries):
            pictures[MAPS_FILE] = png_bytes(fit_maps_figure(series, r, note))
    except (MeshError, MissingDependencyError) as error:
        said.append(f"no {SCORES_FILE if SCORES_FILE not in pictures else MAPS_FILE}: {error}")
    return pictures, said
