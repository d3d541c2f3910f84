"""The figures of a contrast of many conditions with long names: all that is written stays in the picture."""

from pathlib import Path

import numpy as np
import pytest

from tests.analysis.contrasts.made_experiments import noise, write_experiment
from tests.cli.test_contrast import write_parcels
from tribe_np.analysis.contrasts.contrasting import contrast

NAMES = [f"a condition with a long name {number}" for number in range(9)]
FORMULA = f'"{NAMES[0]}"' + "".join(f' - 0.125*"{name}"' for name in NAMES[1:])


@pytest.mark.extras
def test_long_formulas_and_names_stay_inside(tmp_path: Path) -> None:
    from tribe_np.plots.figures.contrast_figure import contrast_figure, course_figure

    trials = [(2 + 3 * k, 2, NAMES[k % 9], "run-1", "") for k in range(18)]
    mesh = {"mesh": "fsaverage5", "space": {"kind": "surface", "mesh": "fsaverage5", "n_outputs": 20484}}
    made = write_experiment(tmp_path / "made", np.tile(noise(60), 16)[:, :20484], trials, run=mesh)
    parcels = str(write_parcels(tmp_path / "parcels.csv", 20484))
    result = contrast(made, FORMULA, fir=2, parcellation=parcels)
    for figure in (contrast_figure(result), course_figure(result)):
        figure.canvas.draw()
        places = [text.get_window_extent() for text in figure.texts]
        assert min(place.x0 for place in places) >= 0
        assert max(place.x1 for place in places) <= figure.bbox.width
        assert min(place.y0 for place in places) >= 0
    names = {text.get_text() for text in figure.texts}
    assert names >= {*NAMES[:7], *(f"{name} (dashed)" for name in NAMES[7:])}
