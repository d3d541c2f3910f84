"""`plot`: from what a person gives to a figure."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.plots.figures.conftest import pixels, redness
from tests.prediction_folders import write_folder
from tribe_np.errors import ConfigError, OutputError, ShapeError, TribeError
from tribe_np.plots import plot
from tribe_np.plots.figures.figure_making import make_figure
from tribe_np.plots.figures.figure_options import FigureOptions
from tribe_np.plots.figures.map_sources import mean_of_rows

pytestmark = pytest.mark.extras
N = 1284
RUN = {"options": {"vertices": None}, "shape": [6, N], "mesh": "fsaverage3"}


@pytest.fixture
def rows() -> np.ndarray:
    """Six rows: the left hemisphere rises, the right one falls."""
    side = np.where(np.arange(N) < N // 2, 1.0, -1.0)
    return (np.arange(1, 7)[:, None] * side).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path, rows: np.ndarray) -> Path:
    """A prediction folder with rows at 0, 1, 2 and 5, 6, 7 s."""
    return write_folder(tmp_path / "run" / "predictions", rows, RUN, starts=[0, 1, 2, 5, 6, 7])


def made(sources: Any, subjects_dir: Path, **options: Any) -> Any:
    """The figure of options, small."""
    chosen = {"surface": "inflated", "dpi": 100, "subjects_dir": subjects_dir} | options
    return make_figure(sources if isinstance(sources, list) else [sources], FigureOptions.of(chosen))


def written(figure: Any) -> list[str]:
    """All that is written on a figure."""
    return [text.get_text() for text in figure.texts]


def test_the_mean_over_time_is_drawn_and_said(folder: Path, subjects_dir: Path) -> None:
    found = made(folder, subjects_dir, views=["left", "right"], title="A title")
    assert {"A title", "z-scored BOLD", "Mean over 6 rows", "0", "−3.5", "3.5"} <= set(written(found.figure))
    picture = pixels(made(folder, subjects_dir, views=["left", "right"], colour_bar=False).figure)
    half = picture.shape[1] // 2
    assert redness(picture[:, :half]).max() > 0.15
    assert redness(picture[:, half + 5 :]).max() < 0.1
    assert found.warnings == ()


def test_moments_share_one_scale_and_tell_whose_clock(folder: Path, subjects_dir: Path) -> None:
    found = made(folder, subjects_dir, at=[0, 0.5, 4, 7], views="left")
    texts = written(found.figure)
    assert {"0 s", "0.5 s", "4 s", "7 s", "−6", "6", "Times of the stimulus; its BOLD follows 5 s later"} <= set(texts)
    assert found.warnings == (f"{folder}: nothing is predicted at 4 s; drawn bare",)
    shown = [axes.get_images()[0].get_array() for axes in found.figure.axes[:4]]
    red = [redness(picture[..., :3] / 255.0).max() for picture in shown]
    assert red[2] < 0.02 < red[0] < red[1] < red[3]
    bold = made(folder, subjects_dir, at=[5, 12], align="bold", views="left")
    assert "Times of the BOLD, which follows the stimulus by 5 s" in written(bold.figure)
    same = bold.figure.axes[0].get_images()[0].get_array()
    assert np.array_equal(
        np.asarray(same),
        np.asarray(made(folder, subjects_dir, at=[0, 7], views="left").figure.axes[0].get_images()[0].get_array()),
    )


@pytest.mark.parametrize(("align", "moment"), [("stimulus", 8.5), ("stimulus", -1), ("bold", 1), ("bold", 14)])
def test_a_moment_outside_of_the_run_is_refused(folder: Path, subjects_dir: Path, align: str, moment: float) -> None:
    with pytest.raises(ConfigError, match=f"--at {moment:g}: rows of .* are shown from . s to 1?. s"):
        made(folder, subjects_dir, at=[moment], align=align)


def test_several_predictions_stand_beside_each_other(folder: Path, rows: np.ndarray, subjects_dir: Path) -> None:
    other = write_folder(folder.parent.parent / "other" / "predictions", rows * 2, RUN)
    found = made([folder, other], subjects_dir, views="left")
    assert {"run/predictions", "other/predictions", "−7", "7"} <= set(written(found.figure))
    named = made([folder, other], subjects_dir, views="left", names=["one", "two"])
    assert {"one", "two"} <= set(written(named.figure))
    coarse = np.zeros((1, 5124))
    with pytest.raises(ShapeError, match="different meshes: fsaverage3, fsaverage4"):
        made([folder, coarse], subjects_dir)


def test_random_weights_are_said(folder: Path, rows: np.ndarray, subjects_dir: Path) -> None:
    demo = write_folder(folder.parent.parent / "demo" / "predictions", rows, RUN | {"command": "demo --seconds 4"})
    (said,) = made(demo, subjects_dir, views="left").warnings
    assert said == f"{demo}: random weights: the numbers mean nothing about any brain"
    assert made(folder, subjects_dir, views="left").warnings == ()


def test_a_difference_is_of_the_same_rows(folder: Path, rows: np.ndarray, subjects_dir: Path) -> None:
    other = write_folder(folder.parent.parent / "other" / "predictions", rows * 3, RUN, starts=[0, 1, 2, 5, 6, 7])
    found = made(folder, subjects_dir, minus=other, views="left")
    assert "Difference in z-scored BOLD" in written(found.figure)
    assert "run/predictions − other/predictions; mean over 6 rows" in written(found.figure)
    later = write_folder(folder.parent.parent / "later" / "predictions", rows, RUN)
    with pytest.raises(ShapeError, match="expected the same rows"):
        made(folder, subjects_dir, minus=later)


def test_three_maps_are_colours_of_one_brain(rows: np.ndarray, subjects_dir: Path) -> None:
    found = made(rows[:3], subjects_dir, rgb=True, names=["Text", "Audio", "Video"], views="left")
    assert {"Text", "Audio", "Video"} <= set(written(found.figure))
    with pytest.raises(ShapeError, match="2 or 3 rows, not 6"):
        made(rows, subjects_dir, rgb=True)


def test_what_is_odd_is_counted(rows: np.ndarray, folder: Path, subjects_dir: Path) -> None:
    holes = rows.copy()
    holes[:, :7] = np.nan
    assert made(holes, subjects_dir, views="left").warnings == (f"7 of {N} vertices hold no number (NaN); drawn bare",)
    constant = made(np.full(N, 0.5), subjects_dir, views="left")
    assert constant.warnings == ("the array: every value is 0.5; the map has one colour",)
    some = write_folder(folder.parent / "some", rows[:, 640:644], RUN | {"options": {"vertices": [0, 5, 9, 700]}})
    assert made(some, subjects_dir, views="left").warnings == (
        f"{some}: {N - 4} of {N} vertices were not computed; drawn bare",
    )
    blank = rows.copy()
    blank[2] = np.nan
    assert "every value at 2 s is NaN" in made(blank, subjects_dir, at=[0, 2], views="left").warnings[0]
    with pytest.raises(ConfigError, match="nothing to draw: every value is NaN"):
        made(rows * np.nan, subjects_dir)


def test_a_mean_leaves_nan_out(rows: np.ndarray) -> None:
    holes = np.repeat(rows, 100, axis=0)
    holes[0, 0] = np.nan
    holes[:, 1] = np.nan
    found = mean_of_rows(holes)
    assert found[0] == pytest.approx(np.nanmean(holes[:, 0]))
    assert np.isnan(found[1])
    np.testing.assert_allclose(found[2:], holes[:, 2:].mean(axis=0), rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"view": "left"}, "no option 'view'; did you mean views"),
        ({"views": ["latral"]}, "did you mean lateral"),
        ({"at": [1], "timesteps": True}, "--at and --timesteps are different figures"),
        ({"limits": (2, 1)}, "the lower one comes first"),
        ({"rgb": "hsv"}, "--rgb must be one of"),
        ({"align": "scan"}, "stimulus, bold"),
        ({"every": 2}, "goes with --timesteps"),
        ({"names": ["a", "b"]}, "2 names are given for 1 maps"),
        ({"cmap": "hott"}, "did you mean hot"),
        ({"surface": "flat"}, "a flat map is a view"),
        ({"surface": "pail"}, "did you mean pial"),
        ({"background": "blak"}, "is no colour"),
        ({"size": 3}, "10 to 1000 mm wide"),
        ({"columns": 0}, "--columns"),
        ({"limits": (0, float("inf"))}, "--limits: two numbers"),
        ({"threshold": float("nan"), "rgb": True}, "--threshold must be a number"),
        ({"align": "bold"}, "--align goes with --at or --timesteps"),
        ({"timeline": "a"}, "--timeline goes with --at or --timesteps"),
        ({"stimulus": "a.mp4"}, "--stimulus goes with --timesteps"),
        ({"title": "a", "timesteps": True}, "--title goes with every figure but --timesteps"),
        ({"names": ["a"], "timesteps": True}, "--names goes with several predictions"),
        ({"mask": "a.nii.gz"}, "--mask is for a prediction of the subcortex"),
    ],
)
def test_what_contradicts_itself_is_refused(
    rows: np.ndarray, subjects_dir: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(TribeError, match=message):
        made(rows, subjects_dir, **options)


def test_what_is_no_prediction_is_refused(tmp_path: Path, subjects_dir: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"no array")
    (tmp_path / "a.txt").write_text("no array")
    np.save(tmp_path / "size.npy", np.zeros((2, 100)))
    np.save(tmp_path / "none.npy", np.zeros((0, N)))
    for name, message in {
        "a.npy": "is no .npy file of numbers", "a.txt": "no folder and no .npy file", "b": "is not there",
        "size.npy": "size.npy: has 100 vertices", "none.npy": "has no rows",
    }.items():  # fmt: skip
        with pytest.raises((OutputError, ShapeError), match=message):
            made(tmp_path / name, subjects_dir)
    with pytest.raises(ConfigError, match="nothing to plot"):
        make_figure([], FigureOptions())


def test_the_library_says_what_is_odd_and_writes(rows: np.ndarray, subjects_dir: Path, tmp_path: Path) -> None:
    rows[:, 0] = np.nan
    out = tmp_path / "a.png"
    with pytest.warns(UserWarning, match="1 of 1284 vertices hold no number"):
        figure = plot(rows, out=out, surface="pial", subjects_dir=subjects_dir, dpi=60)
    assert out.read_bytes().startswith(b"\x89PNG")
    assert figure.axes


def test_the_command_needs_no_display_and_repeats_itself(rows: np.ndarray, subjects_dir: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", rows)
    program = (
        "import sys; from tribe_np.cli.main import main; code = main(sys.argv[1:]); "
        "assert 'matplotlib.pyplot' not in sys.modules; sys.exit(code)"
    )
    clean = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")}
    import matplotlib

    clean["MPLCONFIGDIR"] = matplotlib.get_cachedir()  # where its list of fonts is: making one takes seconds
    found = []
    for seed in ("1", "2"):
        out = tmp_path / f"{seed}.svg"
        command = [sys.executable, "-c", program, "plot", str(tmp_path / "a.npy"), "--out", str(out), "--at", "0", "3"]
        command += ["--surface", "pial", "--dpi", "60", "--subjects-dir", str(subjects_dir)]
        env = clean | {"PYTHONHASHSEED": seed, "HOME": str(tmp_path), "MPLBACKEND": "qtagg"}
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"wrote {out}: 180 x 78 mm")
        assert done.stderr == ""
        found.append(out.read_bytes())
    assert found[0] == found[1]


def test_where_mixed_maps_are_weak_the_folds_are_seen(subjects_dir: Path) -> None:
    """`plot` lets strength come out of the grey; without fading the weak is dark, as upstream paints it."""
    maps = np.zeros((2, N), np.float32)
    maps[0, : N // 4], maps[1, N // 4 : N // 2] = 2.0, -2.0
    faded = made(maps, subjects_dir, rgb=True, views="left", colour_bar=False)
    picture = pixels(faded.figure)
    is_red = picture[:, :, 0] - picture[:, :, 1] > 0.4
    is_grey = (np.ptp(picture, axis=2) < 0.02) & (picture.min(axis=2) < 0.95)
    assert is_red.any()
    assert is_grey.sum() > 1000
    assert picture[is_grey].min() > 0.2, "nothing is black"
    assert "Strength of the colours: none at 0, full at 2" in written(faded.figure)
    dark = pixels(made(maps, subjects_dir, rgb=True, views="left", colour_bar=False, fade=None).figure)
    assert (dark.max(axis=2) < 0.05).sum() > 1000
    half = made(maps, subjects_dir, rgb=True, views="left", limits=(0, 4), threshold=3)
    assert "Strength of the colours: none at 0, full at 4" in written(half.figure)
    assert (np.ptp(pixels(half.figure), axis=2) < 0.02).mean() > 0.9, "all lies below the threshold"
    with pytest.raises(ConfigError, match="no value is above 0"):
        made(-np.abs(maps), subjects_dir, rgb=True)
    with pytest.raises(ConfigError, match="--cmap does not go with --rgb"):
        made(maps, subjects_dir, rgb=True, cmap="hot")


def test_what_a_mean_and_a_threshold_leave_out_is_said(rows: np.ndarray, subjects_dir: Path, tmp_path: Path) -> None:
    odd = rows.copy()
    odd[1], odd[2, 5] = np.nan, np.inf
    np.save(tmp_path / "odd.npy", odd)
    (said,) = made(tmp_path / "odd.npy", subjects_dir, views="left").warnings
    assert said == (
        f"{tmp_path / 'odd.npy'}: 1 of 6 rows hold no number and 1 values of other rows are not finite; left out of "
        "the mean"
    )
    (said,) = made(rows, subjects_dir, views="left", threshold=1e6).warnings
    assert said == "--threshold 1e+06: every value is nearer to 0; nothing is coloured"
    np.save(tmp_path / "empty.npy", rows[:0])
    with pytest.raises(ShapeError, match=r"empty\.npy: has no rows"):
        made(tmp_path / "empty.npy", subjects_dir)
