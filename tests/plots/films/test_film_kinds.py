"""Films of every kind of stimulus, of two predictions, of gaps; what is odd is said, what is wrong is refused."""

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.plots.films.made_runs import (
    N_VERTICES,
    as_json,
    beep_sound,
    ffmpeg,
    film_pixels,
    flash_film,
    probed,
    ramp,
    run_folder,
    shown,
    words,
)
from tribe_np.cli.main import main
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.errors import ConfigError, MediaError, OutputError, ShapeError, TribeError
from tribe_np.plots import film, plot_timesteps_mp4
from tribe_np.plots.films import film_encoder, film_making
from tribe_np.plots.stimulus.run_stimulus import RunStimulus
from tribe_np.timeline.events import Event
from tribe_np.timeline.segments import Segment

pytestmark = pytest.mark.extras
SIZE = (640, 360)
SHORT: dict[str, Any] = {"size": SIZE, "fps": 4.0, "views": ["left"], "stop": 1.0}
PLACES = {"picture": (slice(60, 160), slice(20, 240)), "words": (slice(190, 280), slice(10, 250))}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file of each kind."""
    folder = tmp_path_factory.mktemp("files")
    picture, text = folder / "picture.png", folder / "story.txt"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=160x120", "-frames:v", "1", str(picture))
    text.write_text("one two three")
    return {
        "film": flash_film(folder / "film.mp4"), "silent": flash_film(folder / "silent.mp4", sound=False),
        "music": beep_sound(folder / "music.wav"), "picture": picture, "text": text,
    }  # fmt: skip


def run_of(kind: str, files: dict[str, Path], folder: Path) -> Path:
    """A prediction of a stimulus of a kind."""
    said = words("one two three four five six")
    seen = shown(files["picture"], 0.0, ["Image"], 3.0) + shown(files["picture"], 4.0, ["Image"], 2.0)
    events, stimulus, told = {
        "film": ([*shown(files["film"]), *said], files["film"], "video"),
        "silent film": (shown(files["silent"], kinds=["Video"]), files["silent"], "video"),
        "music": (shown(files["music"], kinds=["Audio"]), files["music"], "audio"),
        "sound with words": ([*shown(files["music"], kinds=["Audio"]), *said], files["music"], "audio"),
        "text with speech": ([*shown(files["music"], kinds=["Audio"]), *said], files["text"], "text"),
        "words alone": (said, files["text"], "text"),
        "pictures": (seen, None, ""),
        "nothing": ([], None, ""),
    }[kind]
    return run_folder(folder, events, stimulus=stimulus, kind=told)


@pytest.mark.parametrize(
    ("kind", "is_seen", "is_heard", "is_said"),
    [
        ("film", True, True, True), ("silent film", True, False, False), ("music", True, True, False),
        ("sound with words", True, True, True), ("text with speech", True, True, True),
        ("words alone", False, False, True), ("pictures", True, False, False), ("nothing", False, False, False),
    ],
)  # fmt: skip
def test_a_film_of_every_kind_of_stimulus(
    kind: str, is_seen: bool, is_heard: bool, is_said: bool, files: dict[str, Path], tmp_path: Path
) -> None:
    made = film(run_of(kind, files, tmp_path / "run"), tmp_path / "a.mp4", **SHORT)
    said = probed(made.path)
    assert ("Audio: aac" in said) == is_heard == made.has_sound
    pixels = film_pixels(made.path, SIZE)
    night = pixels[2, 3, 3].astype(int)
    for place, is_there in (("picture", is_seen), ("words", is_said)):
        if kind in ("words alone", "nothing", "silent film", "music", "pictures") and place == "words":
            continue  # they, or what is seen, have all the room
        window = pixels[2][PLACES[place]].astype(int)
        if kind not in ("words alone", "nothing"):
            assert (np.abs(window - night).max() > 60 or kind in ("film", "silent film")) == is_there, place
    lost = [warning for warning in made.warnings if "no stimulus" in warning]
    assert bool(lost) == (kind == "nothing")


def test_the_word_that_is_heard_stands_out(files: dict[str, Path], tmp_path: Path) -> None:
    """In yellow; the film of words alone has only words on its left."""
    made = film(run_of("words alone", files, tmp_path / "run"), tmp_path / "a.mp4", **SHORT | {"stop": 3.0})
    left = film_pixels(made.path, SIZE)[:, 60:280, 12:245].astype(int)
    yellow = (left[..., 0] - left[..., 2] > 90).sum(axis=(1, 2))
    assert yellow[0] == 0
    assert min(yellow[2], yellow[6]) > 15
    where = [np.nonzero(left[number, ..., 0] - left[number, ..., 2] > 90)[1].mean() for number in (2, 6)]
    assert abs(where[0] - where[1]) > 20


def test_a_stimulus_that_is_gone_is_said(files: dict[str, Path], tmp_path: Path, capsys: Any) -> None:
    gone = tmp_path / "gone.mp4"
    run = run_folder(tmp_path / "run", [*shown(gone), *words("a b")], stimulus=gone)
    code = main(["film", str(run), "--out", str(tmp_path / "a.mp4"), "--size", "640x360", "--fps", "2", "--stop", "1"])
    out, err = capsys.readouterr()
    assert code == 0
    assert "without sound" in out
    assert err.count("warning") == 1
    assert "gone.mp4 is not there any more" in err
    back = film(run, tmp_path / "b.mp4", stimulus=files["film"], **SHORT)
    assert back.has_sound
    assert any("is not the file" in warning for warning in back.warnings)


def test_two_predictions_beside_each_other_and_their_difference(files: dict[str, Path], tmp_path: Path) -> None:
    one = run_of("silent film", files, tmp_path / "one")
    other = run_folder(tmp_path / "other", shown(files["film"]), stimulus=files["film"], values=-ramp())
    told = {"low": -2.0, "high": 2.0, "fade": None}
    beside = film(one, tmp_path / "beside.mp4", beside=other, **SHORT, **told)
    pixels = film_pixels(beside.path, SIZE)[0].astype(int)
    left, right = pixels[90:260, 200:410], pixels[90:260, 430:630]
    assert (left[..., 2] - left[..., 0] > 60).sum() > 1000  # -2 is blue
    assert (left[..., 0] - left[..., 2] > 60).sum() < 20
    assert (right[..., 0] - right[..., 2] > 60).sum() > 1000  # 2 is red
    assert beside.warnings == ("the stimulus shown is silent.mp4; the other prediction is of film.mp4",)
    minus = film(one, tmp_path / "minus.mp4", minus=one, **SHORT, **told)
    brain = film_pixels(minus.path, SIZE)[0][100:250, 300:600].astype(int)
    assert (np.ptp(brain, axis=2) > 60).sum() < 20  # all is 0: white in the middle of the map
    with pytest.raises(ConfigError, match="give one of the two"):
        film(one, tmp_path / "c.mp4", minus=other, beside=other)
    with pytest.raises(ConfigError, match="expected 2 names, one a map, got 1"):
        film(one, tmp_path / "c.mp4", beside=other, names=["a"])


def test_other_rows_or_another_mesh_are_refused(files: dict[str, Path], tmp_path: Path) -> None:
    one = run_of("silent film", files, tmp_path / "one")
    shorter = run_folder(tmp_path / "shorter", values=ramp(4))
    late = run_folder(tmp_path / "late", starts=[0.0, 1.0, 2.0, 3.5, 4.0, 5.0])
    small = run_folder(tmp_path / "small", values=np.zeros((6, 1284)), mesh="fsaverage3")
    slow = run_folder(tmp_path / "slow", tr=1.0, hemodynamic_offset=4.0)
    for other, message in (
        (shorter, r"one has 6 rows and .*shorter 4; expected the same rows"),
        (late, r"row 3 starts at 3 s in .*one and at 3.5 s in .*late"),
        (small, r"one lies on fsaverage5 and .*small on fsaverage3; .*tribe-np resample"),
        (slow, "an offset of 5 s.* 4 s; expected the same"),
    ):
        with pytest.raises(ShapeError, match=message):
            film(one, tmp_path / "a.mp4", beside=other)


def test_gaps_and_missing_values_are_bare_and_said(files: dict[str, Path], tmp_path: Path) -> None:
    values = ramp(4)
    values[3] = np.nan
    values[1, :100] = np.nan
    run = run_folder(
        tmp_path / "run", shown(files["silent"], kinds=["Video"]), stimulus=files["silent"], values=values,
        starts=[0.0, 1.0, 4.0, 5.0],
    )  # fmt: skip
    made = film(run, tmp_path / "a.mp4", **SHORT | {"stop": None, "fps": 2.0, "cmap": "bwr", "fade": None})
    brain = film_pixels(made.path, SIZE)[:, 150:220, 420:480].astype(int)
    colourful = np.ptp(brain, axis=3).mean(axis=(1, 2)) > 12
    assert not colourful[[5, 6, 7, 10, 11]].any()  # the gap from 2 to 4 s, the row of NaN at 5 s
    assert colourful[[0, 1]].all()
    assert "rows are missing in 1 gap, 2 s together" in made.warnings[0]
    assert "1 of 4 rows hold no number at any vertex" in made.warnings[1]
    assert "1 of 4 rows hold NaN or infinite values, at up to 100 of 20484 vertices" in made.warnings[2]


def test_a_constant_map_and_infinities_are_said(files: dict[str, Path], tmp_path: Path) -> None:
    values = np.full_like(ramp(2), 1.5)
    values[1, 7] = np.inf
    run = run_folder(tmp_path / "run", shown(files["silent"], kinds=["Video"]), stimulus=files["silent"], values=values)
    warnings = film(run, tmp_path / "a.mp4", **SHORT | {"fps": 2.0}).warnings
    assert "1 of 2 rows hold NaN or infinite values, at up to 1 of 20484 vertices" in warnings[1]
    assert warnings[2].endswith("every value is 1.5; the cortex has one colour")


def test_a_selection_of_vertices_is_shown_as_such(files: dict[str, Path], tmp_path: Path) -> None:
    chosen = list(range(0, 10242))
    run = run_folder(
        tmp_path / "run", shown(files["silent"], kinds=["Video"]), stimulus=files["silent"], values=ramp()[:, chosen],
        options={"vertices": chosen},
    )  # fmt: skip
    made = film(run, tmp_path / "a.mp4", **SHORT | {"views": ["left", "right"]})
    assert made.warnings == (f"{run}: 10242 of {N_VERTICES} vertices were computed; the others are bare",)


def test_borders_and_names_of_regions(tmp_path: Path) -> None:
    region_of = np.full(N_VERTICES, -1)
    region_of[:10242] = np.arange(10242) // 2600
    cut = Parcellation("quarters", ("a", "b", "c", "d"), region_of)
    plain = film(ramp(), tmp_path / "plain.mp4", **SHORT)
    lined = film(ramp(), tmp_path / "lined.mp4", parcellation=cut, labels=["a"], **SHORT | {"views": ["left"]})
    pixels = [film_pixels(made.path, SIZE)[0].astype(int) for made in (plain, lined)]
    assert (np.abs(pixels[0] - pixels[1]).max(axis=2) > 60).sum() > 100
    hidden = film(
        ramp(), tmp_path / "hidden.mp4", parcellation=cut, labels=["a"], **SHORT | {"views": ["lateral_right"]}
    )
    assert hidden.warnings == ("a: too little is seen in these views, so no name is written there",)


def test_words_in_any_script_are_drawn(files: dict[str, Path], tmp_path: Path) -> None:
    texts = ["مرحبا", "<script>alert(1)</script>", "日本語", "🎬🧠", "\x1b[31mred\x07", "x" * 300, "שלום"]
    said = [Event("Word", 0.3 * k, 0.25, text=text) for k, text in enumerate(texts)]
    run = run_folder(tmp_path / "run", said, stimulus=files["text"], kind="text")
    made = film(run, tmp_path / "a.mp4", **SHORT | {"stop": None})
    assert made.n_film_frames == 24
    lacking = [warning for warning in made.warnings if "without a font that is installed" in warning]
    assert len(lacking) <= 1  # a machine may have them


def test_time_steps_have_upstreams_arguments(tmp_path: Path) -> None:
    rows = ramp(3)
    plain = plot_timesteps_mp4(rows, tmp_path / "a.mp4", size=SIZE)
    assert (plain.n_film_frames, plain.fps, plain.duration) == (3, 1.0, 3.0)
    segments = [Segment(float(k), 1.0, "t", (Event("Word", k + 0.1, 0.5, text=f"word{k}"),)) for k in range(3)]
    smooth = plot_timesteps_mp4(
        rows, tmp_path / "b.mp4", segments=segments, suptitle="three", interpolated_fps=6, norm_percentile=99,
        views=["left", "right"], cmap="inferno", vmin=0, vmax=2, size=SIZE,
    )  # fmt: skip
    assert (smooth.n_film_frames, smooth.duration) == (18, 3.0)
    with pytest.raises(ShapeError, match="2 segments of 3 rows"):
        plot_timesteps_mp4(rows, tmp_path / "c.mp4", segments=segments[:2])
    with pytest.raises(ConfigError, match="no argument veiws; did you mean views"):
        plot_timesteps_mp4(rows, tmp_path / "c.mp4", veiws="left")


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"out": "a.avi"}, ConfigError, r"ends in .mp4 or .gif, got '.avi'"),
        ({"size": "12x9"}, ConfigError, "from 480x270 to 7680x4320, got 12x9"),
        ({"size": "big"}, ConfigError, "WIDTHxHEIGHT such as 1280x720, got 'big'"),
        ({"fps": 0.0}, ConfigError, "from 0.1 to 120 film frames a second, got 0"),
        ({"fps": float("nan")}, ConfigError, "film frames a second, got nan"),
        ({"views": ["laterall"]}, ConfigError, "did you mean lateral"),
        ({"align": "bald"}, ConfigError, "did you mean bold"),
        ({"start": 3.0, "stop": 2.0}, ConfigError, "3 s is not before --stop 2 s; the film goes from 0 to 6 s"),
        ({"start": 60.0, "stop": 61.0}, ConfigError, "the film goes from 0 to 6 s"),
        ({"timeline": "two"}, ConfigError, "has no timeline 'two'"),
        ({"cmap": "rainbows"}, ConfigError, "did you mean rainbow"),
        ({"low": 2.0, "high": 1.0}, ConfigError, "the lower limit of the colours must be below"),
        ({"percentile": 3.0}, ConfigError, "percentile"),
        ({"surface": "puffed"}, ConfigError, "surface 'puffed' is unknown"),
        ({"subjects_dir": "nowhere"}, ConfigError, "nowhere: no such folder"),
        ({"parcellation": "nowhere.annot"}, ConfigError, "nowhere.annot"),
        ({"stimulus": "nowhere.mp4"}, MediaError, "nowhere.mp4"),
    ],
)
def test_bad_wishes_are_refused_before_any_work(
    settings: dict[str, Any], error: type[TribeError], message: str, files: dict[str, Path], tmp_path: Path
) -> None:
    run = run_of("film", files, tmp_path / "run")
    out = tmp_path / settings.get("out", "a.mp4")
    with pytest.raises(error, match=message):
        film(run, out, **{"size": SIZE} | {name: value for name, value in settings.items() if name != "out"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_nothing_to_show_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^the array: there is nothing to draw: no value is a number"):
        film(np.full((3, N_VERTICES), np.nan), tmp_path / "a.mp4", **SHORT)
    with pytest.raises(OutputError, match="not a prediction folder"):
        film(tmp_path, tmp_path / "a.mp4")
    film(np.ones((2, N_VERTICES)), tmp_path / "constant.mp4", **SHORT)  # goes from 0 to 1


def test_a_file_of_someone_else_is_left_alone(files: dict[str, Path], tmp_path: Path) -> None:
    run, out = run_of("silent film", files, tmp_path / "run"), tmp_path / "a.mp4"
    out.write_text("mine")
    with pytest.raises(OutputError, match="exists and was changed, or was not written by tribe-np film"):
        film(run, out, **SHORT)
    assert out.read_text() == "mine"
    with pytest.raises(OutputError, match="is a folder, expected the name of a file"):
        film(run, (tmp_path / "b.mp4").mkdir() or tmp_path / "b.mp4", **SHORT)
    (tmp_path / "b.mp4").rmdir()
    again = tmp_path / "b.mp4"
    assert film(run, again, **SHORT).path == film(run, again, **SHORT).path == again


def test_a_film_that_is_the_stimulus_of_a_run_is_left_alone(tmp_path: Path) -> None:
    """Even one that this command made, and that has changed since."""
    clip = tmp_path / "clip.mp4"
    film(ramp(), clip, **SHORT)
    before = clip.read_bytes()
    run = run_folder(tmp_path / "run", shown(clip, length=1.0), stimulus=clip)
    with pytest.raises(OutputError, match="is or contains the stimulus"):
        film(run, clip, **SHORT)
    told = json.loads((run / "run.json").read_text())
    told["stimulus"]["sha256"] = "0" * 64
    (run / "run.json").write_text(json.dumps(told))
    with pytest.raises(OutputError, match="is or contains the stimulus"):
        film(run, clip, **SHORT)
    assert clip.read_bytes() == before


def test_a_full_folder_for_temporary_files_is_named(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Any, path: Path, rate: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(film_making, "encode_sound", full)
    with pytest.raises(OutputError, match=r"sound.mp4: the disk is full") as caught:
        film(run_of("film", files, tmp_path / "run"), tmp_path / "a.mp4", **SHORT)
    assert "a.mp4" not in str(caught.value)


@contextmanager
def stopping(n: int) -> Iterator[Any]:
    """Ctrl-C after n film frames."""
    done = 0

    def step(count: int) -> None:
        nonlocal done
        done += count
        if done >= n:
            raise KeyboardInterrupt

    yield step


def test_a_stopped_film_leaves_nothing(files: dict[str, Path], tmp_path: Path) -> None:
    run = run_of("film", files, tmp_path / "run")
    for name in ("a.mp4", "a.gif"):
        with pytest.raises(KeyboardInterrupt):
            film(run, tmp_path / name, stage=lambda *_: stopping(2), **SHORT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "head -c 10 > /dev/null; echo 'x: No space left on device' >&2; exit 1",
            "the disk is full; nothing was written",
        ),
        (
            "head -c 10 > /dev/null; echo 'Error: no such encoder' >&2; exit 1",
            "cannot be encoded: Error: no such encoder",
        ),
        ("kill -9 $$", "ffmpeg was killed"),
    ],
    ids=["full disk", "no encoder", "killed"],
)
def test_an_encoder_that_fails_gives_one_line(
    script: str, message: str, files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    os.chmod(program, stat.S_IRWXU)
    run = run_of("silent film", files, tmp_path / "run")
    monkeypatch.setattr(film_encoder, "ffmpeg_path", lambda: str(program))
    with pytest.raises(OutputError, match=message):
        film(run, tmp_path / "a.mp4", **SHORT)
    assert not [path for path in tmp_path.iterdir() if path.name not in ("run", "ffmpeg")]


def test_an_error_in_the_stimulus_is_not_told_as_one_of_the_disk(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(*_: Any, **__: Any) -> Iterator[np.ndarray]:
        raise MediaError("silent.mp4: the file is cut short")
        yield

    run = run_of("silent film", files, tmp_path / "run")
    monkeypatch.setattr(RunStimulus, "pictures_at", breaks_off)
    with pytest.raises(MediaError, match=r"^silent.mp4: the file is cut short$"):
        film(run, tmp_path / "a.mp4", **SHORT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_the_command_tells_what_it_made(files: dict[str, Path], tmp_path: Path, capsys: Any) -> None:
    run, out = run_of("film", files, tmp_path / "run"), tmp_path / "a.mp4"
    asked = ["film", str(run), "--out", str(out), "--size", "640x360", "--fps", "4", "--stop", "1", "--views", "left"]
    assert main([*asked, "--limits", "-1", "1", "--no-fade", "--threshold", "0.1"]) == 0
    said, progress = capsys.readouterr()
    assert said == f"wrote {out}: 1.0 s, 640 x 360, 4 film frames a second, with sound\n"
    assert "film: 4 film frames in" in progress
    assert main([*asked, "--json", "--quiet"]) == 0
    said, progress = capsys.readouterr()
    assert as_json(said)["n_film_frames"] == 4
    assert progress == ""
    assert main([*asked, "--start", "9"]) == 2
    assert "the film goes from 0 to 6 s" in capsys.readouterr().err
