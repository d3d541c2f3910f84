"""Files of figures: the same bytes for the same input, text that stays text, whole or not at all."""

import errno
import re
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.plots.figures.conftest import smooth
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.errors import ConfigError, OutputError
from tribe_np.plots import plot_rgb_colorbar, plot_surf
from tribe_np.plots.figures.figure_files import png_bytes, write_figure
from tribe_np.plots.figures.sheets import Look

pytestmark = pytest.mark.extras
TITLE = "$x$ is \\alpha, 脳 & <b>"


@pytest.fixture(scope="module")
def drawn(brain: Any) -> Any:
    """Two figures of the same map, made one after the other."""
    halves = Parcellation("halves", ("front", "back"), (brain.surface.coordinates[:, 1] < 0).astype(int))
    values = smooth(brain.surface.coordinates, 3)
    return [
        plot_surf(values, views="left", brain=brain, colorbar=True, colorbar_title="r", title=TITLE, outlines=halves,
                  annotated_rois=["front"], look=Look(50))
        for _ in range(2)
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_the_same_input_gives_the_same_bytes(drawn: Any, suffix: str, tmp_path: Path) -> None:
    for number, figure in enumerate(drawn):
        write_figure(figure, tmp_path / f"{number}{suffix}")
    one, other = ((tmp_path / f"{number}{suffix}").read_bytes() for number in range(2))
    assert one == other
    assert len(one) > 10_000
    assert not re.search(rb"20\d\d-\d\d-\d\d|Matplotlib|Creat", one.replace(b"/XObject", b""))


def test_text_and_outlines_are_vectors_in_svg(drawn: Any, tmp_path: Path) -> None:
    write_figure(drawn[0], tmp_path / "a.svg")
    svg = (tmp_path / "a.svg").read_text()
    assert re.search(r"<text[^>]*>front</text>", svg)
    assert "$x$ is \\alpha, 脳 &amp; &lt;b&gt;" in svg
    assert 'id="LineCollection_' in svg


def test_letters_that_no_font_has_bring_no_warning(drawn: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert png_bytes(drawn[0]).startswith(b"\x89PNG")


def test_a_notebook_shows_the_figure(drawn: Any) -> None:
    assert drawn[0]._repr_png_() == png_bytes(drawn[1])


def test_a_persons_settings_change_nothing(drawn: Any) -> None:
    import matplotlib

    with matplotlib.rc_context({"savefig.dpi": 50, "font.size": 30, "savefig.transparent": True, "text.usetex": True}):
        assert png_bytes(drawn[0]) == png_bytes(drawn[1])
        assert matplotlib.rcParams["font.size"] == 30


def test_a_full_disk_leaves_nothing(drawn: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(drawn[0], "savefig", full)
    with pytest.raises(OutputError, match="the disk is full"):
        write_figure(drawn[0], tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "said"), [("a.jpg", "ends in '.jpg'"), ("a", "no suffix")])
def test_another_suffix_is_refused(drawn: Any, name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{said}; a figure is one of .png, .svg, .pdf"):
        write_figure(drawn[0], tmp_path / name)


def test_a_figure_of_another_look(brain: Any) -> None:
    values = np.ones(brain.n_vertices)
    dark = plot_surf(values, views="left", brain=brain, title="a", look=Look(60, 100, "#102030"))
    assert dark.texts[0].get_color() == "#f2f2f2"
    assert round(dark.get_figwidth() * 25.4) == 60
    from matplotlib.image import imread

    clear = imread(BytesIO(png_bytes(plot_surf(values, views="left", brain=brain, look=Look(60, 100, "transparent")))))
    assert clear[0, 0, 3] == 0
    assert clear[clear.shape[0] // 2, clear.shape[1] // 2, 3] == 1
    for wrong in ({"width": 5}, {"dpi": 10}, {"background": "blak"}):
        with pytest.raises(ConfigError):
            Look(**wrong)


def test_the_cube_of_colours() -> None:
    assert [text.get_text() for text in plot_rgb_colorbar(3, labels=["a", "b", "c"]).axes[0].texts] == ["a", "b", "c"]
    with pytest.raises(ConfigError, match="3 labels"):
        plot_rgb_colorbar(labels=["a", "b"])
