"""The RGB figure of modalities: one limit in all panels, bare where nothing is, what it means said below."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tribe_np.cortex.output_space import OutputSpace
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import VoxelSeries
from tribe_np.errors import ConfigError
from tribe_np.plots.figures import modality_figure as room
from tribe_np.plots.figures.modality_figure import colours_of, modality_figure
from tribe_np.plots.figures.panels import Panel

N = 2 * 10242  # vertices of fsaverage5
FOUR = ["text", "audio", "video", "image"]
SERIES = SurfaceSeries(np.zeros((1, N), np.float32), "fsaverage5", np.zeros(1))


def maps_of(names: list[str]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {m: rng.uniform(size=N) for m in names}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[list[Panel], Any]]:
    """What would be drawn: the panels, and what stands around them."""

    def draw(*args: Any, **options: Any) -> tuple[list[Panel], Any]:
        seen: list[Any] = []
        monkeypatch.setattr(room, "draw_panels", lambda *given, **_: seen.append(given))
        modality_figure(*args, **options)
        ((_, panels, _, _, around),) = seen
        return panels, around

    return draw


@pytest.mark.extras
def test_all_panels_share_their_limits(drawn: Callable[..., tuple[list[Panel], Any]]) -> None:
    maps = maps_of(FOUR[:3])
    maps["text"][0], maps["audio"][1] = -1, 0.8
    panels, around = drawn(SERIES, maps, 0.5, title="t", note="n")
    assert [panel.title for panel in panels] == ["all together", "text", "audio", "video"]
    shares = panels[0].overlay.shares  # type: ignore[union-attr]
    np.testing.assert_allclose(shares, np.clip(np.stack(list(maps.values()), 1) / 0.5, 0, 1), rtol=1e-6)
    assert shares[0, 0] == 0, "less than nothing has no colour"
    assert shares[1, 1] == 1
    for k, panel in enumerate(panels[1:]):
        np.testing.assert_array_equal(panel.overlay.shares[:, 0], shares[:, k])  # type: ignore[union-attr]
        assert panel.overlay.palette.tolist() == [np.eye(3)[k].tolist()]  # type: ignore[union-attr]
    assert around.note.startswith("Strength of the colours: none at 0 and below, full at 0.5 and above (z-scored BOLD")
    maps["text"][0] = 0
    assert "none at 0, full" in drawn(SERIES, maps, 0.5, title="t", note="n")[1].note
    assert "the same in all panels\nn" in around.note


@pytest.mark.extras
def test_columns_that_were_not_computed_are_bare(drawn: Callable[..., tuple[list[Panel], Any]]) -> None:
    columns = np.array([3, 12000])
    some = SurfaceSeries(np.zeros((1, 2)), "fsaverage5", np.zeros(1), vertices=columns)
    panels, _ = drawn(some, {m: np.ones(2) for m in FOUR[:2]}, 2.0, title="t", note="n")
    shares = panels[0].overlay.shares  # type: ignore[union-attr]
    assert np.flatnonzero(np.isfinite(shares).all(axis=1)).tolist() == [3, 12000]


def test_up_to_three_are_red_green_and_blue() -> None:
    assert colours_of(FOUR[:3]) == {"text": "red", "audio": "green", "video": "blue"}
    assert colours_of(FOUR[1:3]) == {"audio": "red", "video": "green"}


@pytest.mark.extras
def test_of_four_the_strongest_is_shown(drawn: Callable[..., tuple[list[Panel], Any]]) -> None:
    panels, _ = drawn(SERIES, maps_of(FOUR), 0.5, title="t", note="n")
    assert panels[0].title == "the strongest"
    assert panels[0].overlay.shows_strongest  # type: ignore[union-attr]
    assert len(set(colours_of(FOUR).values())) == 4


@pytest.mark.extras
def test_one_alone_has_a_panel_and_a_swatch() -> None:
    figure = modality_figure(SERIES, maps_of(["audio"]), 0.5, title="t", note="n")
    assert [text.get_text() for text in figure.texts].count("audio") == 2


def test_what_cannot_be_drawn_is_said() -> None:
    space = OutputSpace("mask", 4, "subcortical", 2)
    with pytest.raises(ConfigError, match="contributions to voxels have no figure"):
        modality_figure(VoxelSeries(np.zeros((1, 4)), space, np.zeros(1)), {}, 1.0, title="", note="")
    with pytest.raises(ConfigError, match="no contribution is above 0"):
        modality_figure(SERIES, maps_of(FOUR[:3]), None, title="", note="")
