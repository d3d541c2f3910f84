"""The stimulus of a folder: every kind, files that are gone, changed or moved, several timelines."""

import json
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.plots.stimulus.made_runs import film, seal, sound, words, write_run
from tribe_np.errors import ConfigError, MediaError, OutputError
from tribe_np.plots.stimulus.run_stimulus import RunStimulus, stimulus_of_run
from tribe_np.timeline.events import Event

ODD_WORDS = ["<script>alert(1)</script>", "$x^2$", "日本語", "😀", "שלום", "a\u200bb", "&amp;", "\\n"]
HALVED = 0.354  # what ffmpeg makes of one channel of 0.5 in two: 3 dB less in each
extras = pytest.mark.extras


def film_rows(path: Path, heard: Path | None = None, seconds: float = 2.0) -> list[Event]:
    rows = [Event("Video", 0.0, seconds, "t", filepath=str(path), frequency=10.0)]
    if heard is not None:
        rows.append(Event("Audio", 0.0, seconds, "t", filepath=str(heard), frequency=44100.0))
    return [*rows, *words("Good", "evening,", "and")]


def sound_rows(path: Path, seconds: float = 2.0) -> list[Event]:
    return [Event("Audio", 0.0, seconds, "t", filepath=str(path), frequency=8000.0)]


def colour_at(stimulus: RunStimulus, seconds: float) -> str:
    red, _, blue = stimulus.picture_at(seconds, 8, 8).reshape(-1, 3).max(axis=0).astype(int)
    return "red" if red > blue + 100 else "blue" if blue > red + 100 else "none"


# -- kinds --------------------------------------------------------------------------------------------------------


@extras
def test_a_film_with_its_sound_and_words(tmp_path: Path) -> None:
    path = film(tmp_path / "clip.mkv")
    folder = write_run(tmp_path / "p", film_rows(path, tmp_path / "gone" / "sound-1.wav"), stimulus=path)
    found = stimulus_of_run(folder)
    assert (found.kind, found.path, found.sound, found.note) == ("video", path, path, "")
    assert (found.start, found.duration) == (0.0, 2.0)
    assert [colour_at(found, t) for t in (0.0, 0.95, 1.05, 1.99, 2.5)] == ["red", "red", "blue", "blue", "none"]
    loud = found.sound_envelope(0.0, 2.0, 4)
    assert loud[:2].max() < 0.01
    assert loud[2:] == pytest.approx(HALVED, abs=0.02)
    assert [word.text for word in found.words_between(0.0, 1.0)] == ["Good", "evening,"]


@extras
def test_pictures_stream_at_any_rate_and_keep_their_shape(tmp_path: Path) -> None:
    path = film(tmp_path / "clip.mkv")
    found = stimulus_of_run(write_run(tmp_path / "p", film_rows(path), stimulus=path))
    pictures = list(found.pictures(5, 32, 32, fill=(9, 9, 9)))
    assert [picture.shape for picture in pictures] == [(32, 32, 3)] * 10
    assert (pictures[0][:4] == 9).all()
    assert (pictures[0][4:28, :, 0] > 200).all(), "64 x 48 in 32 x 32 is 32 x 24"
    assert [bool(picture[16, 16, 2] > 200) for picture in pictures] == [False] * 5 + [True] * 5
    assert found.picture_size(320, 320) == (320, 240)
    assert len(list(found.pictures(10, 8, 8, start=1.5, stop=2.2))) == 7


@extras
def test_a_silent_film(tmp_path: Path) -> None:
    path = film(tmp_path / "clip.mkv", sound=False)
    found = stimulus_of_run(write_run(tmp_path / "p", film_rows(path), stimulus=path))
    assert (found.kind, found.sound, found.has_sound, found.note) == ("video", None, False, "")
    assert not found.sound_envelope(0, 2, 5).any()


def test_a_sound_with_or_without_words(tmp_path: Path) -> None:
    path = sound(tmp_path / "music.wav")
    found = stimulus_of_run(write_run(tmp_path / "p", sound_rows(path), stimulus=path, kind="audio"))
    assert (found.kind, found.path, found.sound, found.words, found.note) == ("audio", path, path, (), "")
    assert found.sound_envelope(-1.0, 3.0, 4) == pytest.approx([0, 0, 0.5, 0], abs=1e-3)
    assert not found.shows_picture(0.5)
    said = write_run(tmp_path / "q", [*sound_rows(path), *words("Good")], stimulus=path, kind="audio")
    assert [word.text for word in stimulus_of_run(said).words] == ["Good"]


def test_a_text_with_its_speech_in_the_cache_and_words_alone(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Good evening")
    speech = sound(tmp_path / "cache" / "speech-1.wav")
    rows = [*sound_rows(speech), *words("Good", "evening")]
    found = stimulus_of_run(write_run(tmp_path / "p", rows, stimulus=text, kind="text"))
    assert (found.kind, found.path, found.sound, found.note) == ("text", text, speech, "")
    direct = stimulus_of_run(write_run(tmp_path / "q", words("Good", "evening"), stimulus=text, kind="text"))
    assert (direct.kind, direct.path, direct.sound, direct.note) == ("text", text, None, "")
    assert direct.duration == pytest.approx(0.9)


@extras
def test_speech_that_is_gone_is_made_again_or_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Good evening")
    rows = [*sound_rows(tmp_path / "speech-1.wav"), *words("Good", "evening")]

    def spoken(said: str, wav: Path, *, language: str | None, engine: str) -> None:
        assert (said, language, engine) == ("Good evening", "english", "espeak-ng")
        sound(wav)

    monkeypatch.setattr("tribe_np.plots.stimulus.stimulus_parts.synthesise", spoken)
    run = {"speech_engine": "espeak-ng", "language": "english"}
    found = stimulus_of_run(write_run(tmp_path / "p", rows, stimulus=text, kind="text", run=run))
    assert "made again by espeak-ng" in found.note
    assert found.sound_envelope(0, 2, 2) == pytest.approx([0, 0.5], abs=1e-3)
    longer = [*sound_rows(tmp_path / "speech-1.wav", seconds=3.0), *words("Good")]
    for name, changed in (("q", {"speech_engine": "gtts"}), ("r", run)):
        other = stimulus_of_run(write_run(tmp_path / name, longer, stimulus=text, kind="text", run=changed))
        assert (other.kind, other.sound) == ("text", None)
        assert "speech-1.wav is not there any more: the sound is left out" in other.note


@extras
def test_pictures_one_after_the_other(tmp_path: Path) -> None:
    from PIL import Image

    for name, colour in (("red.png", (255, 0, 0)), ("blue.jpg", (0, 0, 255))):
        Image.new("RGB", (40, 20), colour).save(tmp_path / name)
    rows = [
        Event("Image", k * 2.0, 1.0, "t", filepath=str(tmp_path / name))
        for k, name in enumerate(("red.png", "blue.jpg"))
    ]
    found = stimulus_of_run(write_run(tmp_path / "p", rows))
    assert (found.kind, found.path, found.duration, found.note) == ("picture", tmp_path / "red.png", 3.0, "")
    assert [colour_at(found, t) for t in (0.5, 1.5, 2.5)] == ["red", "none", "blue"]
    assert found.picture_size(100, 100) == (100, 50)


@extras
def test_several_files_with_offsets_and_gaps(tmp_path: Path) -> None:
    one, other = film(tmp_path / "a.mkv"), film(tmp_path / "b.mkv", ["blue", "red", "blue"])
    rows = [
        Event("Video", 0.0, 1.0, "t", filepath=str(one), frequency=10.0, offset=1.0),
        Event("Video", 3.0, 1.0, "t", filepath=str(other), frequency=10.0, offset=1.0),
        Event("Audio", 3.0, 1.0, "t", filepath=str(other), frequency=8000.0, offset=1.0),
    ]
    found = stimulus_of_run(write_run(tmp_path / "p", rows))
    assert [colour_at(found, t) for t in (0.5, 2.0, 3.5)] == ["blue", "none", "red"]
    assert found.sound_envelope(0.0, 4.0, 4) == pytest.approx([0, 0, 0, HALVED], abs=0.02)
    assert [bool(p.any()) for p in found.pictures_at([0.5, 2.0, 3.5], 8, 8)] == [True, False, True]


def test_chunks_of_a_long_sound_are_one_piece(tmp_path: Path) -> None:
    path = sound(tmp_path / "long.wav", [0.1, 0.2, 0.3])
    rows = [Event("Audio", k, 1.0, "t", filepath=str(path), frequency=8000.0, offset=k) for k in (0.0, 1.0, 2.0)]
    found = stimulus_of_run(write_run(tmp_path / "p", rows, stimulus=path, kind="audio"))
    assert [(piece.start, piece.duration) for piece in found.heard] == [(0.0, 3.0)]
    assert found.sound_envelope(0, 3, 3) == pytest.approx([0.1, 0.2, 0.3], abs=1e-3)


def test_one_of_several_timelines(tmp_path: Path) -> None:
    rows = [*words("one", timeline="a"), *words("two", "three", timeline="b")]
    folder = write_run(tmp_path / "p", rows)
    assert [word.text for word in stimulus_of_run(folder, timeline="b").words] == ["two", "three"]
    with pytest.raises(ConfigError, match=r"2 timelines, .* --timeline must name one: a, b"):
        stimulus_of_run(folder)
    with pytest.raises(ConfigError, match="no timeline 'c'; its timelines: a, b"):
        stimulus_of_run(folder, timeline="c")


# -- files that are gone, changed or elsewhere ---------------------------------------------------------------------


@extras
def test_a_film_that_is_gone_is_said_and_its_sound_in_the_cache_still_heard(tmp_path: Path) -> None:
    path, kept = film(tmp_path / "clip.mkv"), seal(sound(tmp_path / "cache" / "sound-1.wav"))
    folder = write_run(tmp_path / "runs" / "p", film_rows(path, kept), stimulus=path)
    assert stimulus_of_run(folder).sound == kept
    path.unlink()
    found = stimulus_of_run(folder)
    assert (found.kind, found.path, found.sound) == ("audio", kept, kept)
    assert "clip.mkv is not there any more: its pictures are left out" in found.note
    assert "still in the cache" in found.note
    kept.unlink()
    found = stimulus_of_run(folder)
    assert (found.kind, found.path, found.sound) == ("text", None, None)
    assert "the sound of the film is not in the cache any more" in found.note


@extras
def test_a_changed_film_is_not_shown_unless_it_is_named(tmp_path: Path) -> None:
    path = film(tmp_path / "clip.mkv")
    folder = write_run(tmp_path / "p", film_rows(path), stimulus=path)
    film(path, ["blue", "red"])
    found = stimulus_of_run(folder)
    assert (found.kind, found.pictured) == ("text", ())
    assert "clip.mkv has changed since the prediction: its pictures are left out" in found.note
    named = stimulus_of_run(folder, stimulus=path)
    assert colour_at(named, 0.5) == "blue"
    assert "is not the file that the prediction was made from" in named.note


@extras
def test_a_changed_sound_in_the_cache_gives_way_to_the_films_own(tmp_path: Path) -> None:
    path, kept = film(tmp_path / "clip.mkv"), seal(sound(tmp_path / "sound-1.wav"))
    folder = write_run(tmp_path / "p", film_rows(path, kept), stimulus=path)
    sound(kept, [0.9, 0.9])
    found = stimulus_of_run(folder)
    assert (found.sound, found.note) == (path, "")


@extras
@pytest.mark.parametrize("place", ["beside", "inside"])
def test_a_folder_that_moved_finds_the_film_beside_it_or_in_it(tmp_path: Path, place: str) -> None:
    path = film(tmp_path / "clip.mkv", sound=False)
    folder = write_run(tmp_path / "p", film_rows(path), stimulus=path)
    moved = tmp_path / "elsewhere" / "p"
    shutil.copytree(folder, moved)
    there = (moved if place == "inside" else moved.parent) / "clip.mkv"
    path.rename(there)
    found = stimulus_of_run(moved)
    assert (found.kind, found.path, found.note) == ("video", there, "")
    film(there, ["green", "red"])
    assert "has changed" in stimulus_of_run(moved).note, "a namesake is not taken for it"


def test_what_was_resampled_finds_words_and_sound_where_it_came_from(tmp_path: Path) -> None:
    path = sound(tmp_path / "a" / "said.wav")
    folder = write_run(tmp_path / "a" / "p", [*sound_rows(Path("said.wav")), *words("Good")])
    run = {"resampled": {"source": {"path": str(folder)}}}
    coarse = write_run(tmp_path / "b" / "c" / "q", run=run)
    (coarse / "events.tsv").unlink()
    found = stimulus_of_run(coarse)
    assert (found.kind, found.sound, len(found.words)) == ("audio", path, 1)


def test_folders_without_a_stimulus(tmp_path: Path) -> None:
    measured = write_run(tmp_path / "bold", run={"kind": "measured"})
    (measured / "events.tsv").unlink()
    found = stimulus_of_run(measured)
    assert (found.kind, found.note) == ("none", "the folder names no stimulus (--stimulus FILE names one)")
    named = stimulus_of_run(measured, stimulus=sound(tmp_path / "said.wav"))
    assert (named.kind, named.duration) == ("audio", 2.0)
    assert "from second 0 on" in named.note
    for content in ("type\tstart\n", "type\tstart\ttimeline\nWord\tnow\tt\n", "\x00\xff"):
        (measured / "events.tsv").write_text(content)
        assert "events.tsv" in stimulus_of_run(measured).note


def test_without_a_table_the_stimulus_of_run_json_is_shown_whole(tmp_path: Path) -> None:
    path = sound(tmp_path / "said.wav")
    folder = write_run(tmp_path / "p", stimulus=path, kind="audio")
    (folder / "events.tsv").write_text("type\tstart\n")
    found = stimulus_of_run(folder)
    assert (found.kind, found.path, found.duration) == ("audio", path, 2.0)


def test_what_is_no_folder_or_no_stimulus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"run\.json is missing"):
        stimulus_of_run(tmp_path)
    folder = write_run(tmp_path / "p", words("Good"))
    with pytest.raises(MediaError):
        stimulus_of_run(folder, stimulus=folder / "run.json")
    with pytest.raises(MediaError, match="no such file"):
        stimulus_of_run(folder, stimulus=tmp_path / "gone.wav")
    for content in ("[]", "{", "\ud800".encode("utf-16-le", "surrogatepass").decode("latin-1")):
        (folder / "run.json").write_text(content)
        with pytest.raises(OutputError, match=r"run\.json"):
            stimulus_of_run(folder)


@extras
def test_a_file_that_is_too_short_is_not_the_one(tmp_path: Path) -> None:
    path = film(tmp_path / "clip.mkv")
    found = stimulus_of_run(write_run(tmp_path / "p", film_rows(path, path, seconds=5.0)))
    assert found.kind == "text"
    assert "lasts 2 s, but the prediction was made from 5 s of it" in found.note


@extras
def test_a_given_file_must_say_which_of_several_it_is(tmp_path: Path) -> None:
    one, other = film(tmp_path / "a.mkv"), film(tmp_path / "b.mkv")
    rows = [
        Event("Video", 3.0 * k, 2.0, "t", filepath=str(path), frequency=10.0) for k, path in enumerate((one, other))
    ]
    folder = write_run(tmp_path / "p", rows)
    with pytest.raises(ConfigError, match=r"made from 2 files \(a\.mkv, b\.mkv\)"):
        stimulus_of_run(folder, stimulus=film(tmp_path / "c.mkv"))
    (tmp_path / "new").mkdir()
    named = stimulus_of_run(folder, stimulus=film(tmp_path / "new" / "b.mkv", ["blue", "blue"]))
    assert [colour_at(named, t) for t in (0.5, 3.5)] == ["red", "blue"]


@extras
def test_a_film_whose_sound_was_not_heard_is_silent(tmp_path: Path) -> None:
    path = film(tmp_path / "clip.mkv")
    found = stimulus_of_run(write_run(tmp_path / "p", film_rows(path), stimulus=path))
    assert not found.has_sound
    assert found.note == "the sound of clip.mkv is no part of the prediction and is left out"


# -- sound and words ----------------------------------------------------------------------------------------------


def test_the_sound_as_a_file_stands_where_the_timeline_has_it(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.wav", [0.25, 0.5], n_channels=2)
    rows = [Event("Audio", 1.0, 1.0, "t", filepath=str(path), frequency=8000.0, offset=1.0)]
    found = stimulus_of_run(write_run(tmp_path / "p", rows))
    written = found.track.write_wav(tmp_path / "out.wav", 0.0, 3.0, rate=8000)
    with wave.open(str(written)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 8000, 24000)
        samples = np.frombuffer(file.readframes(24000), "<i2").reshape(3, 8000, 2)
    assert [round(float(np.abs(second).max()) / 32767, 3) for second in samples] == [0.0, 0.5, 0.0]
    with pytest.raises(OutputError, match="cannot be written"):
        found.track.write_wav(tmp_path / "gone" / "out.wav", 0.0, 1.0, rate=8000)


@extras
def test_the_sound_is_brought_to_another_rate(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.wav", [0.0, 0.5])
    found = stimulus_of_run(write_run(tmp_path / "p", sound_rows(path), stimulus=path, kind="audio"))
    samples = found.track.samples(0.0, 2.0)
    assert samples.shape == (88200, 2)
    assert np.abs(samples[:40000]).max() < 0.01
    assert np.abs(samples[46000:]).max() == pytest.approx(0.5, abs=0.2)  # the square wave's edges ring


def test_words_are_kept_to_the_letter_and_once(tmp_path: Path) -> None:
    twice = [*words(*ODD_WORDS), *words(*ODD_WORDS)]
    found = stimulus_of_run(write_run(tmp_path / "p", twice))
    assert [word.text for word in found.words] == ODD_WORDS
    assert (found.kind, found.note) == ("text", "")


def test_five_thousand_words_are_found_quickly_and_in_order(tmp_path: Path) -> None:
    rows = words(*(f"w{k}" for k in range(5000)), step=0.3)
    found = stimulus_of_run(write_run(tmp_path / "p", reversed(rows)))
    assert [word.text for word in found.words_between(300.0, 301.0)] == ["w1000", "w1001", "w1002", "w1003"]
    assert found.words_between(2000.0, 3000.0) == ()


def test_run_json_of_a_foreign_make_stops_nobody(tmp_path: Path) -> None:
    for number, stimulus in enumerate(("clip.mp4", None, {"path": 3}, {"path": "a\x00b", "sha256": "0"}, {"path": ""})):
        folder = write_run(tmp_path / str(number), words("Good"), run={"stimulus": stimulus})
        assert stimulus_of_run(folder).kind == "text"
        (folder / "run.json").write_text(json.dumps({"stimulus": stimulus, "resampled": {"source": {"path": "x"}}}))
        assert stimulus_of_run(folder).kind == "text"


@extras
def test_an_experiment_has_screens_grounds_and_volumes_and_no_notes(tmp_path: Path) -> None:
    from PIL import Image  # of the extras, as these tests are

    for name, colour in (("left", (255, 0, 0)), ("right", (0, 0, 255))):
        Image.new("RGB", (40, 40), colour).save(tmp_path / f"{name}.png")
    sound(tmp_path / "tone.wav", (0.4,))
    shown = {"filepath": str(tmp_path / "left.png"), "frequency": 25.0}
    rows = [
        Event("Video", 0.0, 1.0, "run-1", filepath="screen:black", frequency=25.0),
        Event("Video", 1.0, 1.0, "run-1", **shown, extra={"background": "white"}),
        Event("Video", 2.0, 1.0, "run-1", **shown,
              extra={"background": "grey", "beside": str(tmp_path / "right.png")}),
        Event("Audio", 1.0, 1.0, "run-1", filepath=str(tmp_path / "tone.wav"), frequency=8000.0, extra={"volume": 0.5}),
    ]  # fmt: skip
    design = tmp_path / "design.tsv"
    design.write_text("onset")
    seen = stimulus_of_run(write_run(tmp_path / "run", rows, stimulus=design, kind="experiment"))
    assert (seen.note, seen.title, seen.kind) == ("", "design.tsv, run-1", "picture")
    black, alone, both = seen.pictures_at([0.5, 1.5, 2.5], 96, 64)
    assert (black == 0).all()
    assert alone[32, 4].tolist() == [255, 255, 255]
    assert alone[32, 48].tolist() == [255, 0, 0]
    assert both[2, 2].tolist() == [128, 128, 128]
    assert both[32, 36].tolist() == [255, 0, 0]
    assert both[32, 60].tolist() == [0, 0, 255]
    assert seen.sound_envelope(1.0, 2.0, 1)[0] == pytest.approx(0.2, abs=0.01)
    (tmp_path / "right.png").unlink()
    assert "right.png is not there any more, which was shown beside left.png" in stimulus_of_run(tmp_path / "run").note
