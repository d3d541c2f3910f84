"""Time steps: the right row below each moment, what was seen, heard and said above it, for every kind of stimulus."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.plots.stimulus.made_runs import film, sound, words
from tests.prediction_folders import write_folder
from tribe_np.cortex.series import as_series
from tribe_np.errors import ConfigError, ShapeError
from tribe_np.plots import plot_timesteps
from tribe_np.plots.figures.panels import odd_of
from tribe_np.plots.figures.sheets import Look
from tribe_np.plots.figures.timesteps.timesteps_plan import MOST_STEPS, moment_text, ordinal, steps_of
from tribe_np.plots.stimulus.row_clock import RowClock
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.segments import Segment

pytestmark = pytest.mark.extras
N = 20484


def small() -> Look:
    """A figure that is quickly drawn; the extra checks its colour, so it is made when a test runs."""
    return Look(100.0, 72.0)


def rows_of(n: int, lit: int | None = None) -> np.ndarray:
    """n rows of 0; every vertex of the row `lit` is 1."""
    values = np.zeros((n, N), np.float32)
    if lit is not None:
        values[lit] = 1
    return values


def folder_of(folder: Path, values: np.ndarray, events: list[Event], **more: Any) -> Path:
    made = write_folder(folder, values, {"space": {"kind": "surface", "mesh": "fsaverage5", "n_outputs": N}}, **more)
    Events(events).to_tsv(made / "events.tsv")
    return made


def drawn(*sources: Any, **options: Any) -> Any:
    settings = {"look": small(), "vmin": 0.0, "vmax": 1.0, "cmap": "Reds", "alpha_cmap": None} | options
    return plot_timesteps(*sources, **settings)


def image_of(figure: Any) -> np.ndarray:
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[:, :, :3].astype(int)


def texts_of(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.texts]


def redness(figure: Any) -> list[float]:
    """How red each brain is, in the order in which they were drawn."""
    found = []
    for axes in figure.axes:
        if hasattr(axes, "drawn_view"):
            picture = np.asarray(axes.images[0].get_array(), int)
            seen = picture[:, :, 3] > 200
            found.append(float((picture[:, :, 0] - picture[:, :, 2])[seen].mean()))
    return found


# -- the right row at each step -----------------------------------------------------------------------------------


def test_the_row_of_each_step_is_below_it() -> None:
    red = redness(drawn(rows_of(5, lit=3)))
    assert int(np.argmax(red)) == 3
    assert red[3] > 80
    assert max(red[:3] + red[4:]) < 30


def test_under_the_bolds_time_rows_come_later_and_begin_bare(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "p", rows_of(4, lit=1), words("a", "b"))
    figure = drawn(folder, align="bold")
    red = redness(figure)
    assert len(red) == 9, "four rows, and five seconds until the last one's BOLD"
    assert int(np.argmax(red)) == 6
    said = " ".join(texts_of(figure))
    assert "answers to the stimulus 5 s before" in said
    assert "nothing is predicted at 5 of 9 steps" in said
    stimulus_time = " ".join(texts_of(drawn(folder)))
    assert "its BOLD comes 5 s later" in stimulus_time


def test_several_rows_of_brains_and_measured_ones_share_a_scale() -> None:
    views = {"one": "left", "two": "right", "measured": ["left", "right"]}
    figure = drawn({"one": rows_of(2, lit=0), "two": rows_of(2)}, trues=rows_of(2, lit=1), views=views)
    red = [value > 80 for value in redness(figure)]
    assert red == [True, False, False, False, False, True, False, True]
    assert {"one", "two", "measured"} <= set(texts_of(figure))


def test_steps_are_as_upstream_counts_them_or_as_few_as_stay_readable() -> None:
    clock = RowClock(np.arange(200.0))
    steps, every = steps_of(clock, None, None)
    assert (every, len(steps)) == (5, 40)
    assert len(steps) <= MOST_STEPS
    assert [step.at for step in steps_of(clock, 80, None)[0]] == [0.0, 80.0, 160.0]
    assert [step.duration for step in steps_of(clock, 80, None)[0]] == [80.0, 80.0, 80.0]
    assert [step.label for step in steps_of(clock, 80, ["a", 1.5, 75])[0]] == ["a", "1.5 s", "1:15"]
    with pytest.raises(ShapeError, match="one entry for each of 3 steps, got 2"):
        steps_of(clock, 80, [1, 2])
    for wrong in (0, -1, 1.5, True):
        with pytest.raises(ConfigError, match="whole number from 1 on"):
            steps_of(clock, wrong, None)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no rows"):
        steps_of(RowClock(np.empty(0)), None, None)


def test_thinning_and_gaps_are_said(tmp_path: Path) -> None:
    assert "every 2nd of 60 rows is drawn" in texts_of(drawn(rows_of(60)))
    folder = folder_of(tmp_path / "p", rows_of(4), [], starts=[0, 1, 5, 6])
    assert any("no rows from 2 s to 5 s" in text for text in texts_of(drawn(folder)))


def test_many_steps_wrap_into_bands() -> None:
    one, many = drawn(rows_of(4), steps_per_band=4), drawn(rows_of(14), steps_per_band=4)
    assert len(redness(many)) == 14
    assert one.get_figwidth() == pytest.approx(many.get_figwidth(), abs=0.2)
    assert many.get_figheight() > 2.5 * one.get_figheight()


def test_in_a_narrow_figure_what_is_said_stands_below_the_bar(tmp_path: Path) -> None:
    figure = drawn(folder_of(tmp_path / "p", rows_of(1), words("a")))
    said = [text.get_position()[1] for text in figure.texts if "brains:" in text.get_text()]
    bars = [axes for axes in figure.axes if not hasattr(axes, "drawn_view")]
    lowest = min(axes.get_position().y0 for axes in bars)
    assert max(said) < lowest


def test_vertices_without_a_value_are_bare_and_said() -> None:
    values = rows_of(3, lit=1)
    values[1, : N // 2] = np.nan
    figure = drawn(values)
    assert redness(figure)[1] < 30
    assert f"prediction: {N // 2} of {N} vertices have no value somewhere: bare there" in odd_of(figure)


def test_normalised_as_upstream() -> None:
    values = rows_of(3)
    values[2] = 5
    figure = plot_timesteps(values, norm_percentile=99, cmap="Reds", alpha_cmap=None, look=small())
    assert [value > 80 for value in redness(figure)] == [False, False, True]


# -- every kind of stimulus ---------------------------------------------------------------------------------------


def kinds(tmp_path: Path) -> dict[str, list[Event]]:
    from PIL import Image

    clip, silent, music = (
        film(tmp_path / "clip.mkv"),
        film(tmp_path / "silent.mkv", sound=False),
        sound(tmp_path / "m.wav"),
    )
    Image.new("RGB", (40, 30), (0, 0, 255)).save(tmp_path / "blue.png")
    paths = {"clip": clip, "silent": silent}
    video = {name: Event("Video", 0.0, 2.0, "t", filepath=str(path), frequency=10.0) for name, path in paths.items()}
    heard = Event("Audio", 0.0, 2.0, "t", filepath=str(music), frequency=8000.0)
    own = Event("Audio", 0.0, 2.0, "t", filepath=str(clip), frequency=8000.0)
    return {
        "film": [video["clip"], own, *words("Good", "evening")],
        "silent film": [video["silent"]],
        "music": [heard],
        "speech": [heard, *words("Good", "evening")],
        "words": words("Good", "evening"),
        "picture": [Event("Image", 1.0, 1.0, "t", filepath=str(tmp_path / "blue.png"))],
        "nothing": [],
    }


LABELS = {
    "film": {"picture", "sound", "words"}, "silent film": {"picture"}, "music": {"sound"},
    "speech": {"sound", "words"}, "words": {"words"}, "picture": {"picture"}, "nothing": set(),
}  # fmt: skip


@pytest.mark.parametrize("kind", LABELS)
def test_every_kind_of_stimulus_has_its_rows(tmp_path: Path, kind: str) -> None:
    folder = folder_of(tmp_path / "p", rows_of(2), kinds(tmp_path)[kind])
    figure = drawn(folder)
    said = set(texts_of(figure))
    assert said & {"picture", "sound", "words"} == LABELS[kind]
    if "words" in LABELS[kind]:
        assert {"Good evening"} <= said
    if kind == "nothing":
        assert odd_of(figure) == ("the folder names no stimulus (--stimulus FILE names one)",)
    pictures = [axes for axes in figure.axes if axes.images and not hasattr(axes, "drawn_view")][:2]
    if kind in ("film", "silent film"):
        means = [np.asarray(axes.images[0].get_array(), int).mean(axis=(0, 1)) for axes in pictures]
        assert means[0][0] > 200 > means[0][2]
        assert means[1][2] > 200 > means[1][0]
    if kind == "picture":
        means = [np.asarray(axes.images[0].get_array(), int).mean(axis=(0, 1)) for axes in pictures]
        assert means[0].min() > 200, "nothing is on screen at first"
        assert means[1][2] > 200 > means[1][0]


def test_the_wave_is_where_the_sound_is(tmp_path: Path) -> None:
    figure = drawn(folder_of(tmp_path / "p", rows_of(2), kinds(tmp_path)["music"]))
    first, second = (axes for axes in figure.axes if axes.collections and not hasattr(axes, "drawn_view"))
    heights = [np.ptp(axes.collections[0].get_paths()[0].vertices[:, 1]) for axes in (first, second)]
    assert heights[0] < 0.1
    assert heights[1] == pytest.approx(2.0, abs=0.1)


def test_words_of_any_script_are_drawn_and_counted_where_they_find_no_place(tmp_path: Path) -> None:
    odd = ["<b>x</b>", "$x^2$", "日本", "שלום", "\\n", "a\nb"]
    figure = drawn(folder_of(tmp_path / "p", rows_of(3), words(*odd)))
    image_of(figure)
    said = " ".join(texts_of(figure))
    for text in ("<b>x</b>", "$x^2$", "שלום", "a b"):
        assert text in said
    many = drawn(folder_of(tmp_path / "q", rows_of(2), words(*["word"] * 5000, step=0.0004)))
    (line,) = [text for text in odd_of(many) if "found no place" in text]
    n_shown = sum(
        text.split("+")[0].count("word")
        for text in texts_of(many)
        if "word" in text and text != "words" and text != line
    )
    assert line == f"+N: {5000 - n_shown} words found no place"


def test_what_is_missing_is_said_on_the_figure(tmp_path: Path) -> None:
    gone = Event("Video", 0.0, 2.0, "t", filepath=str(tmp_path / "gone.mp4"), frequency=10.0)
    figure = drawn(folder_of(tmp_path / "p", rows_of(2), [gone, *words("Good")]))
    assert any("gone.mp4 is not there any more: its pictures are left out" in text for text in odd_of(figure))
    written = " ".join(texts_of(figure))
    assert "gone.mp4 is not there any more" in " ".join(written.split())
    assert not any(hint in written for hint in ("--stimulus", tmp_path.name)), "a reader has no use for it"
    assert "Good" in texts_of(figure)
    named = drawn(tmp_path / "p", stimulus=film(tmp_path / "other.mkv"))
    assert "picture" in texts_of(named)


def test_one_of_several_timelines(tmp_path: Path) -> None:
    events = [*words("one", timeline="a"), *words("two", timeline="b")]
    folder = folder_of(tmp_path / "p", rows_of(4, lit=3), events, starts=[0, 1, 0, 1], timelines=["a", "a", "b", "b"])
    figure = drawn(folder, timeline="b")
    assert [value > 80 for value in redness(figure)] == [False, True]
    assert "two" in texts_of(figure)
    assert "one" not in texts_of(figure)
    with pytest.raises(ConfigError, match="--timeline must name one: a, b"):
        drawn(folder)


# -- segments, as predict returns them ----------------------------------------------------------------------------


def test_segments_of_predict_bring_their_stimulus() -> None:
    events = tuple(words("Good", "evening"))
    segments = [Segment(10.0 + k, 1.0, "t", tuple(e for e in events if k == 0)) for k in range(2)]
    figure = drawn(rows_of(2), segments, show_stimuli=True)
    assert {"10 s", "11 s", "words"} <= set(texts_of(figure))
    assert "words" not in texts_of(drawn(rows_of(2), segments))
    with pytest.raises(ShapeError, match="2 segments do not fit 3 rows"):
        drawn(rows_of(3), segments)


def test_segments_of_upstream_are_read_by_their_names() -> None:
    @dataclass(frozen=True)
    class Word:
        start: float
        duration: float
        text: str
        timeline: str = "t"

    @dataclass
    class UpstreamSegment:
        start: float
        duration: float
        ns_events: list[Any]

    segments = [UpstreamSegment(0.0, 1.0, [Word(0.2, 0.3, "Good")]), UpstreamSegment(1.0, 1.0, [])]
    assert "Good" in texts_of(drawn(rows_of(2), segments, show_stimuli=True))
    with pytest.raises(ConfigError, match="a segment must have ns_events"):
        drawn(rows_of(1), [Word(0.0, 1.0, "no segment")], show_stimuli=True)


# -- the figure itself --------------------------------------------------------------------------------------------


def test_the_same_input_gives_the_same_picture_and_no_global_figure(tmp_path: Path) -> None:
    from matplotlib._pylab_helpers import Gcf

    before = dict(Gcf.figs)
    folder = folder_of(tmp_path / "p", rows_of(3, lit=1), kinds(tmp_path)["film"])
    assert (image_of(drawn(folder)) == image_of(drawn(folder))).all()
    assert dict(Gcf.figs) == before


def test_words_of_neighbours_do_not_touch(tmp_path: Path) -> None:
    texts = ["Donaudampfschifffahrt", "extraordinarily", "incomprehensible", "words"]
    figure = drawn(folder_of(tmp_path / "p", rows_of(4), words(*texts, step=1.0)))
    image_of(figure)
    boxes = sorted(
        (text.get_window_extent().bounds for text in figure.texts if text.get_text() in texts), key=lambda b: b[0]
    )
    assert len(boxes) >= 2
    assert all(one[0] + one[2] < other[0] for one, other in pairwise(boxes))


def test_what_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    coarse = as_series(np.zeros((2, 5124)))
    calls: list[tuple[tuple[Any, ...], dict[str, Any], type[Exception], str]] = [
        (({},), {}, ConfigError, "empty mapping"),
        (({"a": rows_of(2), "b": rows_of(3)},), {}, ShapeError, "b has 3 rows, but a has 2"),
        (({"a": rows_of(2), "b": coarse},), {}, ShapeError, "b is on fsaverage4, but a is on fsaverage5"),
        ((rows_of(2),), {"colour_map": "hot"}, ConfigError, "no argument colour_map"),
        ((rows_of(2),), {"views": {"other": "left"}}, ConfigError, "prediction has none"),
        ((rows_of(2),), {"show_stimuli": True}, ConfigError, "got an array alone"),
        ((rows_of(2),), {"steps_per_band": 0}, ConfigError, "steps_per_band"),
        ((rows_of(2),), {"align": "bolt"}, ConfigError, "did you mean bold"),
        ((np.full((2, N), np.nan),), {"vmin": None, "vmax": None}, ConfigError, "all are NaN"),
    ]
    for arguments, options, kind, message in calls:
        with pytest.raises(kind, match=message):
            drawn(*arguments, **options)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1e-6, "0 s"), (7.45, "7.45 s"), (59.0, "59 s"), (75.0, "1:15"), (3723.0, "1:02:03"), (60.5, "60.5 s")],
)
def test_a_moment_in_words(seconds: float, text: str) -> None:
    assert moment_text(seconds) == text


def test_numbers_in_order() -> None:
    assert [ordinal(n) for n in (2, 3, 4, 11, 12, 21, 22, 112)] == [
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "21st",
        "22nd",
        "112th",
    ]
