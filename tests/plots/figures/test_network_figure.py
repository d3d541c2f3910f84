"""The figure of networks: what stands above a map is of that map alone, and stays on the sheet."""

from itertools import combinations

import numpy as np
import pytest

from tribe_np.analysis import networks
from tribe_np.analysis.decompositions.network_templates import NetworkTemplates
from tribe_np.plots.figures.network_figure import network_figure

V = 2 * 10242  # fsaverage5


@pytest.mark.extras
def test_titles_do_not_lie_over_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.backends.backend_agg import RendererAgg

    rng = np.random.default_rng(0)
    names = ("7Networks_LH_SalVentAttn_Med", "17Networks_RH_ContA_PFCmp")
    templates = NetworkTemplates("ours", names, rng.standard_normal((2, V)))
    monkeypatch.setattr("tribe_np.analysis.decompositions.decomposing.read_templates", lambda *_: (templates, ()))
    rows = rng.standard_normal((12, 5)) @ rng.exponential(size=(5, V)) ** 2
    made = networks(rows, components=5, restarts=0, templates="ours", spins=19)
    figure = network_figure(made)
    titles = [text for text in figure.texts if ": " in text.get_text() and "%" in text.get_text()]
    assert [title.get_text().split(":")[0] for title in titles] == ["1", "2", "3", "4", "5"]
    assert all("\nr = " in title.get_text() for title in titles)
    width, height = figure.canvas.get_width_height()
    boxes = [title.get_window_extent(RendererAgg(width, height, figure.dpi)) for title in titles]
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    assert all(box.x0 >= 0 and box.x1 <= width for box in boxes)
