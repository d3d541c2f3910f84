"""Films by what is in them: the flash and the beep of the stimulus at their times, the colours of the data."""

import re
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.plots.films.made_runs import (
    FLASH,
    LENGTH,
    beep_sound,
    film_pixels,
    film_sound,
    flash_film,
    moov_comes_first,
    probed,
    run_folder,
    shown,
    words,
)
from tribe_np.plots.films.film_making import FilmMade, film
from tribe_np.plots.films.film_planning import planned
from tribe_np.plots.films.film_wishes import film_form

pytestmark = pytest.mark.extras
SIZE, FPS = (640, 360), 24.0
PART: dict[str, Any] = {"size": SIZE, "fps": FPS, "views": ["left"], "stop": 3.0}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    clip = flash_film(folder / "clip.mp4")
    return run_folder(folder / "predictions", [*shown(clip), *words("one two three four")], stimulus=clip)


@pytest.fixture(scope="module")
def whole(run: Path) -> FilmMade:
    return film(run, run.parent / "whole.mp4", **PART)


def picture_light(made: FilmMade) -> np.ndarray:
    """How bright the middle of the stimulus is in each film frame."""
    y, x = round(0.3 * SIZE[1]), round(0.2 * SIZE[0])
    return film_pixels(made.path, SIZE)[:, y - 4 : y + 4, x - 4 : x + 4].mean(axis=(1, 2, 3))


def flash_at(made: FilmMade) -> float:
    """Seconds of the film at which the picture turns white."""
    return float(np.flatnonzero(picture_light(made) > 128)[0] / made.fps)


def beep_at(made: FilmMade) -> float:
    """Seconds of the film at which the beep is first heard."""
    return float(np.flatnonzero(np.abs(film_sound(made.path)) > 0.2)[0] / 44100)


def test_a_film_plays_everywhere(whole: FilmMade) -> None:
    said = probed(whole.path)
    assert "Video: h264" in said
    assert "yuv420p(tv, bt709" in said
    assert "640x360" in said
    assert "24 fps" in said
    assert "Audio: aac" in said
    # ffmpeg 4.2 counts all of the last packet of sound
    assert re.search(r"Duration: 00:00:03\.0[0-2], start: 0\.000000", said)
    assert moov_comes_first(whole.path)
    assert (whole.n_film_frames, whole.duration, whole.has_sound, whole.warnings) == (72, 3.0, True, ())
    assert len(film_pixels(whole.path, SIZE)) == 72
    assert len(film_sound(whole.path)) == pytest.approx(3 * 44100, abs=1024)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, FLASH), ({"start": 1.3}, FLASH - 1.3), ({"align": "bold"}, FLASH), ({"fps": 10.0}, FLASH)],
    ids=["whole", "from 1.3 s on", "bold", "10 a second"],
)
def test_flash_and_beep_come_at_their_time(run: Path, settings: dict[str, Any], expected: float) -> None:
    made = film(run, run.parent / "part.mp4", **PART | settings)
    assert flash_at(made) == pytest.approx(expected, abs=1 / made.fps + 1e-6)
    assert beep_at(made) == pytest.approx(expected, abs=0.03)


def test_a_stimulus_that_begins_late_keeps_its_time(tmp_path: Path) -> None:
    clip = flash_film(tmp_path / "clip.mp4")
    starts = [10.0 + row for row in range(6)]
    late = run_folder(tmp_path / "late", shown(clip, 10.0), stimulus=clip, starts=starts)
    made = film(late, tmp_path / "a.mp4", **PART | {"stop": 13.0})
    assert (made.start, made.duration) == (10.0, 3.0)
    assert flash_at(made) == pytest.approx(FLASH, abs=1 / FPS + 1e-6)
    assert beep_at(made) == pytest.approx(FLASH, abs=0.03)


def test_sound_that_begins_after_the_film_does(tmp_path: Path) -> None:
    sound = beep_sound(tmp_path / "beep.wav")
    run = run_folder(tmp_path / "run", shown(sound, 0.5, ["Audio"]), stimulus=sound, kind="audio")
    made = film(run, tmp_path / "a.mp4", **PART)
    assert beep_at(made) == pytest.approx(FLASH + 0.5, abs=0.03)
    assert made.has_sound


@pytest.mark.parametrize(("align", "late"), [("stimulus", 0.0), ("bold", 5.0)])
def test_colours_are_those_of_the_data_in_between(run: Path, align: str, late: float) -> None:
    """All vertices hold t - 2 at second t; light takes some of each colour and changes none."""
    settings = {"align": align, "start": late, "stop": late + 3.0, "low": -4.0, "high": 4.0, "fade": None}
    made = film(run, run.parent / "colours.mp4", **PART | settings)
    plan = plan_of(run, made, settings)
    pixels = film_pixels(made.path, SIZE)
    inside = inner_pixels(plan)
    for number in (0, 12, 30, 54, 71):
        value = number / FPS - 2
        colour = plan.scene.brain.scale.rgba(np.array([value]))[0, :3] * 255
        seen = np.median(pixels[number][inside].astype(float), axis=0)
        share = float(seen @ colour / (colour @ colour))
        assert 0.6 < share <= 1.01, number
        assert np.abs(seen - share * colour).max() < 5, (number, seen, colour)


def test_what_is_encoded_is_what_was_painted(run: Path, whole: FilmMade) -> None:
    plan = plan_of(run, whole, {"stop": 3.0})
    found = film_pixels(whole.path, SIZE)[41].astype(float)
    inside = inner_pixels(plan)
    painted = plan.scene.at(plan.moments[41], None)[inside].astype(float)
    assert np.abs(found[inside] - painted).mean() < 3


def test_rows_move_with_the_alignment(run: Path) -> None:
    """Before the first BOLD comes nothing is predicted: the cortex is bare, grey."""
    made = film(run, run.parent / "bold.mp4", **PART | {"align": "bold", "stop": 7.0, "fps": 2.0, "fade": None})
    plan = plan_of(run, made, {"align": "bold", "stop": 7.0})
    inside = inner_pixels(plan)
    colourful = np.ptp(film_pixels(made.path, SIZE)[:, inside[0], inside[1]].astype(float), axis=2).mean(axis=1)
    assert (colourful[:10] < 8).all()
    assert (colourful[10:] > 20).all()


def test_a_gif_moves_and_repeats(run: Path) -> None:
    from PIL import Image

    made = film(run, run.parent / "a.gif", size=(480, 270), start=1.5, stop=3.0, views=["left", "right"])
    with Image.open(made.path) as picture:
        assert picture.size == (480, 270)
        assert getattr(picture, "n_frames", 1) == 15
        assert picture.info["loop"] == 0
        times = []
        for number in range(15):
            picture.seek(number)
            times.append(picture.info["duration"])
        picture.seek(6)
        light = np.asarray(picture.convert("RGB"))[60:80, 80:100].mean()
    assert times == [100] * 15
    assert light > 200
    assert made.warnings == ("a GIF has no sound; an .mp4 has",)


def test_nothing_is_kept_of_what_was_shown(run: Path) -> None:
    """Of the same six seconds, ten times the film frames (0.4 MB each) take no more memory."""
    peaks = []

    @contextmanager
    def watched(*_: object) -> Iterator[Callable[[int], None]]:
        tracemalloc.start()
        try:
            yield lambda n: None
            peaks.append(tracemalloc.get_traced_memory()[1] / 1e6)
        finally:
            tracemalloc.stop()

    for fps in (4.0, 40.0):
        film(run, run.parent / "long.mp4", size=(480, 270), fps=fps, views=["left"], stage=watched)
    assert peaks[1] - peaks[0] < 8, f"{peaks} MB; 216 film frames more would be 84"


def test_odd_sizes_are_made_even_and_said(run: Path) -> None:
    made = film(run, run.parent / "odd.mp4", **PART | {"size": "641x361", "stop": 0.2})
    assert made.size == (640, 360)
    assert made.warnings == ("size 641x361: H.264 takes even numbers of pixels, so it is 640x360",)
    assert "640x360" in probed(made.path)


def test_a_film_is_as_long_as_its_stimulus(run: Path) -> None:
    plain, bold = (film(run, run.parent / f"{a}.mp4", size=SIZE, fps=1.0, align=a) for a in ("stimulus", "bold"))
    assert (plain.start, plain.duration) == (0.0, LENGTH)
    assert (bold.start, bold.duration) == (0.0, LENGTH + 5)


def plan_of(run: Path, made: FilmMade, settings: dict[str, Any]) -> Any:
    """The plan of a film that was made with PART and these settings."""
    colours = {name: settings[name] for name in ("low", "high", "fade") if name in settings}
    given = {"align": "stimulus", "start": None, "stop": None} | settings
    return planned(
        run, film_form(made.path, made.size, made.fps), views=["left"], align=given["align"], start=given["start"],
        stop=given["stop"], timeline=None, stimulus=None, beside=None, minus=None, names=None, parcellation=None,
        labels=None, surface="half", subjects_dir=None, title=None, colours=colours,
    )  # fmt: skip


def inner_pixels(plan: Any) -> tuple[np.ndarray, np.ndarray]:
    """y and x of pixels well inside of the brain, bright in each film frame."""
    canvas, box = plan.scene.brain.canvas, plan.scene.brain.boxes[0]
    y, x = np.divmod(canvas.pixels, canvas.width)
    middle = np.hypot(y - canvas.height / 2, x - canvas.width / 2) < canvas.height / 6
    return y[middle] + box.y, x[middle] + box.x
