"""The stimulus of a page: what browsers play, as long as it was, upright, and within the room."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.plots.pages.conftest import MakeRun, make_film
from tests.plots.pages.unpacked import ReadPage, read_page
from tribe_np.media.ffmpeg import printed_about
from tribe_np.media.film.header import parse_size
from tribe_np.media.film.probe import probe
from tribe_np.plots import page
from tribe_np.plots.pages.page_media import MediaInput, page_media

pytestmark = pytest.mark.extras


@pytest.fixture
def sound(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Six seconds of noise."""
    path = tmp_path / "sound.wav"
    soundfile.write(path, rng.normal(0, 0.1, (6 * 44100, 2)), 44100)
    return path


def played(read: ReadPage, tmp_path: Path, number: int = 0) -> Path:
    """The media file of a stimulus, as a browser gets it."""
    path = tmp_path / "played.mp4"
    path.write_bytes(read.blobs[read.facts["stimuli"][number]["blob"]])
    return path


def test_a_film_keeps_its_length_and_its_sound(make_run: MakeRun, film: Path, subjects: Path, tmp_path: Path) -> None:
    page(make_run(media=film), tmp_path / "page.html", subjects_dir=subjects)
    read = read_page(tmp_path / "page.html")
    facts = read.facts["stimuli"][0]
    assert (facts["kind"], facts["mime"], facts["start"], facts["duration"]) == ("video", "video/mp4", 0, 6)
    found = probe(played(read, tmp_path))
    assert found.duration == pytest.approx(6, abs=0.1)
    printed = printed_about(played(read, tmp_path))
    assert "Video: h264" in printed
    assert "yuv420p" in printed
    assert "Audio: aac" in printed
    assert parse_size(printed) == (64, 48)


def test_a_part_of_a_film_is_that_part(make_run: MakeRun, film: Path, subjects: Path, tmp_path: Path) -> None:
    page(make_run(media=film), tmp_path / "page.html", subjects_dir=subjects, start=2, stop=4)
    read = read_page(tmp_path / "page.html")
    assert (read.facts["stimuli"][0]["start"], read.facts["stimuli"][0]["duration"]) == (0, 2)
    from tribe_np.plots.stimulus.picture_reading import film_pictures

    shown = next(film_pictures(played(read, tmp_path), [0.5], 64, 48))
    original = next(film_pictures(film, [2.5], 64, 48))
    other = next(film_pictures(film, [0.5], 64, 48))
    difference = np.abs(shown.astype(int) - original).mean()
    assert difference < np.abs(other.astype(int) - original).mean() / 2


def test_large_films_become_480p_upright(tmp_path: Path) -> None:
    film = make_film(tmp_path / "large.mp4", size="1280x720", sound=False, extra=("-t", "1"))
    turned = tmp_path / "turned.mp4"
    import subprocess

    from tribe_np.media.ffmpeg import ffmpeg_path

    start, copied = [ffmpeg_path(), "-y", "-v", "error"], ["-i", str(film), "-c", "copy"]
    if subprocess.run([*start, "-display_rotation", "90", *copied, str(turned)], check=False).returncode:
        subprocess.run([*start, *copied, "-metadata:s:v:0", "rotate=90", str(turned)], check=True)  # ffmpeg 4.2
    for path, size in ((film, (854, 480)), (turned, (480, 854))):
        made = page_media(MediaInput(1, film=path), 5e6, "film")
        (tmp_path / "out.mp4").write_bytes(made.content)
        assert parse_size(printed_about(tmp_path / "out.mp4")) == size


def test_less_room_leaves_sound_then_a_still_then_nothing(tmp_path: Path, sound: Path) -> None:
    film = make_film(tmp_path / "film.mp4", size="640x360")
    given = MediaInput(6, film=film, sound=sound)
    found = {room: page_media(given, room, "film.mp4") for room in (5e6, 200_000, 75_000, 15_000, 500)}
    assert [media.kind for media in found.values()] == ["video", "video", "audio", "picture", "none"]
    assert all(len(media.content) <= room for room, media in found.items())
    assert "left out" in found[75_000].note
    assert "one picture stands for it" in found[15_000].note
    assert "--max-mb" in found[500].note


def test_the_whole_page_keeps_to_its_megabytes(make_run: MakeRun, film: Path, subjects: Path, tmp_path: Path) -> None:
    folder = make_run(media=film)
    whole = page(folder, tmp_path / "page.html", subjects_dir=subjects)
    bare = page(folder, tmp_path / "page.html", subjects_dir=subjects, with_stimulus=False)
    assert bare.stimuli == ("none",)
    little = (bare.n_bytes + 70_000) / 1e6
    small = page(folder, tmp_path / "page.html", subjects_dir=subjects, max_mb=little)
    assert bare.n_bytes < small.n_bytes <= little * 1e6 < whole.n_bytes
    assert small.stimuli == ("audio",)
    assert any("film.mp4: its pictures do not fit" in note for note in small.notes)


@pytest.mark.parametrize("name", ["</script><script>alert(1)</script>.mp4", 'a "quoted" & odd\u2028 name.mp4'])
def test_markup_in_the_name_of_a_film_stays_text(
    make_run: MakeRun, film: Path, subjects: Path, tmp_path: Path, name: str
) -> None:
    odd = tmp_path / name.replace("/", "\u2215")
    film.rename(odd)
    page(make_run(media=odd), tmp_path / "page.html", subjects_dir=subjects)
    read = read_page(tmp_path / "page.html")
    assert read.facts["title"] == odd.name
    assert "<script>alert" not in read.text
    assert read.facts["stimuli"][0]["kind"] == "video"


def test_a_sound_is_played_as_sound(make_run: MakeRun, sound: Path, subjects: Path, tmp_path: Path) -> None:
    page(make_run(media=sound, kind="audio"), tmp_path / "page.html", subjects_dir=subjects)
    read = read_page(tmp_path / "page.html")
    assert (read.facts["stimuli"][0]["kind"], read.facts["stimuli"][0]["mime"]) == ("audio", "audio/mp4")
    assert probe(played(read, tmp_path)).duration == pytest.approx(6, abs=0.1)


def test_a_silent_film_is_a_film(make_run: MakeRun, subjects: Path, tmp_path: Path) -> None:
    film = make_film(tmp_path / "silent.mp4", sound=False)
    page(make_run(media=film), tmp_path / "page.html", subjects_dir=subjects)
    read = read_page(tmp_path / "page.html")
    assert read.facts["stimuli"][0]["kind"] == "video"
    assert "Audio" not in printed_about(played(read, tmp_path))


def test_a_picture_is_a_picture(make_run: MakeRun, subjects: Path, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (2000, 1000), "red").save(tmp_path / "seen.png")
    folder = make_run(media=tmp_path / "seen.png", kind="picture", words=())
    page(folder, tmp_path / "page.html", subjects_dir=subjects)
    read = read_page(tmp_path / "page.html")
    assert (read.facts["stimuli"][0]["kind"], read.facts["stimuli"][0]["mime"]) == ("picture", "image/jpeg")
    (tmp_path / "out.jpg").write_bytes(read.blobs["media-0"])
    width, height = Image.open(tmp_path / "out.jpg").size
    assert (width, abs(height - 427) <= 1) == (854, True)


def test_a_stimulus_that_is_gone_is_said_and_its_words_stay(
    make_run: MakeRun, film: Path, subjects: Path, tmp_path: Path
) -> None:
    folder = make_run(media=film)
    film.unlink()
    made = page(folder, tmp_path / "page.html", subjects_dir=subjects)
    read = read_page(tmp_path / "page.html")
    facts = read.facts["stimuli"][0]
    assert facts["kind"] == "text"
    assert facts["blob"] is None
    assert [word["text"] for word in facts["words"]] == ["one", "two"]
    assert "not there any more" in facts["note"]
    assert any("not there any more" in note for note in made.notes)


def test_a_page_tells_nobody_the_folders_of_its_maker(
    tmp_path: Path, film: Path, make_run: MakeRun, subjects: Path
) -> None:
    run = make_run("a", film)
    film.unlink()
    written = page(run, tmp_path / "page.html", subjects_dir=subjects)
    assert any(str(tmp_path) in note for note in written.notes), "who makes it is told where the file was"
    assert str(tmp_path) not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_two_pictures_one_after_the_other_become_a_film(make_run: MakeRun, subjects: Path, tmp_path: Path) -> None:
    from PIL import Image

    from tribe_np.plots.stimulus.picture_reading import film_pictures
    from tribe_np.timeline.events import Event, Events

    folder = make_run(media=tmp_path / "red.png", kind="picture")
    events = []
    for number, colour in enumerate(("red", "blue")):
        Image.new("RGB", (64, 64), colour).save(tmp_path / f"{colour}.png")
        events.append(Event("Image", 3.0 * number, 3.0, filepath=str(tmp_path / f"{colour}.png"), frequency=1.0))
    Events(events).to_tsv(folder / "events.tsv")
    page(folder, tmp_path / "page.html", subjects_dir=subjects)
    read = read_page(tmp_path / "page.html")
    assert read.facts["stimuli"][0]["kind"] == "video"
    seen = [picture.mean(axis=(0, 1)) for picture in film_pictures(played(read, tmp_path), [1, 4], 64, 64)]
    assert [int(picture.argmax()) for picture in seen] == [0, 2]
