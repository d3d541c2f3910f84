"""The film of a run for the eyes: what is in its film frames and its sound, second by second."""

from pathlib import Path

import numpy as np
import pytest

from tests.plots.films.made_runs import ffmpeg, film_pixels, film_sound, run_folder
from tribe_np.errors import ConfigError, MediaError, OutputError, TribeError
from tribe_np.plots.films.run_preview import PreviewMade, check_preview, run_preview
from tribe_np.timeline.events import Event
from tribe_np.timeline.trials import TRIALS, Trial, Trials

pytestmark = pytest.mark.extras
SIZE, FPS, RATE = (160, 120), 20.0, 44100
GREY, RED, BLUE = (128, 128, 128), (255, 0, 0), (0, 0, 255)
RED_AT, WORDS_AT, FILM_AT, STOP = 1.0, 3.0, 5.5, 7.5
QUIET_AT, LOUD_AT = 1.5, 4.25


def picture(path: Path, colour: str) -> Path:
    ffmpeg("-f", "lavfi", "-i", f"color={colour}:s=70x70:r=1:d=1", "-frames:v", "1", str(path))
    return path


def tone(path: Path) -> Path:
    ffmpeg("-f", "lavfi", "-i", f"aevalsrc='0.8*sin(2*PI*880*t)':s={RATE}:d=0.5", str(path))
    return path


def seen(path: Path | str, start: float, duration: float, run: str, **extra: object) -> Event:
    return Event("Video", start, duration, run, filepath=str(path), frequency=25.0, extra=extra)


def rows(files: Path, run: str, first: str) -> list[Event]:
    """Grey, a picture with a quiet tone, words, a louder tone beside them, grey, a film of blue."""
    sound = str(files / "tone.wav")
    heard = [
        Event("Audio", QUIET_AT, 0.5, run, filepath=sound, frequency=RATE, extra={"volume": 0.25}),
        Event("Audio", LOUD_AT, 0.5, run, filepath=sound, frequency=RATE),
        Event("Word", QUIET_AT, 0.3, run, text="heard"),
    ]
    words = [Event("Word", WORDS_AT + 0.5 * k, 0.5, run, text=text) for k, text in enumerate(["WWWW", "i", "MMMM"])]
    screens = [
        seen("screen:grey", 0.0, RED_AT, run), seen("screen:grey", 3.0, FILM_AT - 3.0, run),
        seen(files / f"{first}.png", RED_AT, 2.0, run, background="white"), seen(files / "blue.mp4", FILM_AT, 2.0, run),
    ]  # fmt: skip
    return [*screens, *heard, *words]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = tmp_path_factory.mktemp("files")
    for colour in ("red", "green"):
        picture(files / f"{colour}.png", colour)
    tone(files / "tone.wav")
    ffmpeg("-f", "lavfi", "-i", "color=blue:s=160x120:r=25:d=2", "-c:v", "libx264", str(files / "blue.mp4"))
    made = run_folder(files / "run", [*rows(files, "run-1", "red"), *rows(files, "run-2", "green")])
    trials = [
        Trial(onset, duration, kind, run, stim_file=file, words=words)
        for run, first in (("run-1", "red"), ("run-2", "green"))
        for onset, duration, kind, file, words in (
            (RED_AT, 2.0, "pictures", f"{first}.png", ""),
            (QUIET_AT, 0.5, "sounds", "tone.wav", ""),
            (WORDS_AT, 1.5, "words", "", "WWWW i MMMM"),
            (FILM_AT, 2.0, "films", "blue.mp4", ""),
        )
    ]
    Trials(tuple(trials)).to_tsv(made / TRIALS)
    return made


@pytest.fixture(scope="module")
def made(folder: Path) -> PreviewMade:
    (found,) = run_preview(folder, folder.parent / "one.mp4", timeline="run-1", fps=FPS, size=SIZE)
    return found


@pytest.fixture(scope="module")
def pixels(made: PreviewMade) -> np.ndarray:
    return film_pixels(made.path, SIZE)


def is_colour(pixels: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Which film frames have a colour in their middle."""
    middle = pixels[:, 58:62, 78:82].mean(axis=(1, 2))
    return np.abs(middle - np.array(colour)).max(axis=1) < 12


def first_and_last(shown: np.ndarray) -> tuple[float, float]:
    """Seconds at which something comes up and goes."""
    numbers = np.flatnonzero(shown)
    assert len(numbers) == numbers[-1] - numbers[0] + 1, "it comes and goes"
    return numbers[0] / FPS, (numbers[-1] + 1) / FPS


def test_pictures_and_films_come_up_within_a_film_frame(made: PreviewMade, pixels: np.ndarray) -> None:
    assert (made.n_film_frames, made.duration, made.has_sound, made.warnings) == (150, STOP, True, ())
    assert len(pixels) == 150
    assert first_and_last(is_colour(pixels, RED)) == pytest.approx((RED_AT, 3.0), abs=1 / FPS)
    assert first_and_last(is_colour(pixels, BLUE)) == pytest.approx((FILM_AT, STOP), abs=1 / FPS)
    assert is_colour(pixels[: round(RED_AT * FPS)], GREY).all()


def test_the_ground_fills_the_screen_around_a_picture(pixels: np.ndarray) -> None:
    at = pixels[round(2.0 * FPS)].astype(int)
    assert np.abs(at[60, 4] - 255).max() < 12
    assert np.abs(at[4, 80] - 255).max() < 12
    assert np.abs(at[60, 80] - RED).max() < 12


def test_words_stand_one_at_a_time_in_the_middle(made: PreviewMade, pixels: np.ndarray) -> None:
    assert made.n_words == 3
    dark = (pixels.mean(axis=-1) < 60).sum(axis=(1, 2))
    dark[is_colour(pixels, BLUE) | is_colour(pixels, RED)] = 0
    assert first_and_last(dark > 3) == pytest.approx((WORDS_AT, WORDS_AT + 1.5), abs=1 / FPS)
    first, second, third = (dark[round((WORDS_AT + at) * FPS)] for at in (0.25, 0.75, 1.25))
    assert second < first / 4
    assert second < third / 4
    changes = np.flatnonzero(np.abs(np.diff(dark)) > 20) + 1
    assert (changes / FPS).tolist() == pytest.approx([3.0, 3.5, 4.0, 4.5], abs=1 / FPS)
    letters = np.argwhere(pixels[round((WORDS_AT + 0.25) * FPS)].mean(axis=-1) < 60)
    assert letters.mean(axis=0) == pytest.approx([60, 80], abs=3)


def test_sounds_begin_within_10_ms_in_their_volume(made: PreviewMade) -> None:
    heard = film_sound(made.path)
    both = np.sqrt(2)  # ffmpeg adds two equal channels by 0.71 each
    for onset, loudness in ((QUIET_AT, 0.2 * both), (LOUD_AT, 0.8 * both)):
        part = np.abs(heard[round((onset - 0.4) * RATE) : round((onset + 0.45) * RATE)])
        began = np.flatnonzero(part > loudness / 2)[0] / RATE + onset - 0.4
        assert began == pytest.approx(onset, abs=0.01)
        assert part[-RATE // 5 :].max() == pytest.approx(loudness, rel=0.15)


def test_each_of_several_runs_gets_a_film(folder: Path, tmp_path: Path) -> None:
    films = run_preview(folder, tmp_path / "all.mp4", fps=10, size=(64, 48))
    assert [(film.timeline, film.path.name) for film in films] == [
        ("run-1", "all_run-1.mp4"), ("run-2", "all_run-2.mp4"),
    ]  # fmt: skip
    green = film_pixels(films[1].path, (64, 48))[20, 24, 32].astype(int)
    assert green[1] > 100
    assert green[0] < 30


@pytest.mark.parametrize(
    ("settings", "kind", "said"),
    [
        ({"timeline": "run-3"}, ConfigError, "run-3"),
        ({"fps": 0.0}, ConfigError, "fps"),
        ({"size": (641, 480)}, ConfigError, "even"),
        ({"out": "run.gif"}, ConfigError, ".mp4"),
    ],
)
def test_bad_wishes_are_one_line_and_leave_nothing(
    folder: Path, tmp_path: Path, settings: dict[str, object], kind: type[TribeError], said: str
) -> None:
    out = tmp_path / str(settings.pop("out", "run.mp4"))
    with pytest.raises(kind, match=said) as raised:
        run_preview(folder, out, **settings)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_an_input_is_never_replaced_and_a_broken_one_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        run_preview(folder, folder.parent / "blue.mp4", timeline="run-1")
    broken = run_folder(tmp_path / "run", [Event("Audio", 0.0, 1.0, filepath=str(tmp_path / "gone.wav"))])
    with pytest.raises((ConfigError, MediaError), match=r"gone\.wav"):
        run_preview(broken, tmp_path / "film.mp4")
    assert not list(tmp_path.glob("film*"))


def test_places_are_checked_for_every_run_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "run_b.mp4").write_text("mine")
    with pytest.raises(OutputError, match=r"run_b\.mp4"):
        check_preview(tmp_path / "run.mp4", ["a", "b"])
    with pytest.raises(ConfigError, match="one name"):
        check_preview(tmp_path / "run.mp4", ["a/1", "a?1"])
