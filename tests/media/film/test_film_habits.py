"""Films that upstream's reader shows wrongly: moviepy's own recorded pictures with the switch, a player's without."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from tests.media.film.video_samples import make_video
from tools.reference.films import PARTS
from tools.reference.odd_films import screen_recording, shown_numbers, two_films, wide_pixels, with_subtitles
from tribe_np.formats.safetensors import read_header
from tribe_np.media.film.probe import Habits, probe
from tribe_np.media.film.video import clip_frames, clip_times, still_frames
from tribe_np.pipeline.options import Compat, PipelineConfig
from tribe_np.pipeline.progress import Silent
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.event_builder import EventBuilder
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus

RECORDED, _ = read_header(Path(__file__).parents[2] / "golden" / "films.safetensors")
UPSTREAM = Habits(**{f.name: True for f in fields(Habits)})
pytestmark = pytest.mark.extras


def clip_numbers(path, part, habits=None):
    """(numbers shown in every clip of a part of a film, its moments, what is known of it)."""
    info = probe(path)
    offset, duration = PARTS[part]
    duration = info.duration if duration is None else duration
    settings = {} if habits is None else {"habits": habits}
    clips = list(clip_frames(path, offset=offset, duration=duration, n_video_frames=16, **settings))
    times = clip_times((offset + duration) - offset, n_video_frames=16) + offset
    return shown_numbers(np.array(clips)), times, info


def film_row(path, **flags):
    """The Video row of a film, and the run's record."""
    record = RunRecord()
    config = PipelineConfig.from_dict({"compat": Compat(**flags)})
    words = WordSource(speech=False)
    events = EventBuilder(path.parent, config, words, record, Silent()).build(open_stimulus(path))
    return events.of_type("Video")[0], record


@pytest.mark.parametrize("part", PARTS)
def test_ignore_picture_times(tmp_path, part):
    path = screen_recording(tmp_path / "a.mp4")
    upstream, _, _ = clip_numbers(path, part, Habits(ignore_picture_times=True))
    assert np.array_equal(upstream, RECORDED[f"ignore_picture_times {part}"].read())
    right, times, info = clip_numbers(path, part)
    on_screen = np.searchsorted(info.picture_times, times + 1e-6, side="right") - 1
    assert np.array_equal(right, on_screen)
    late = np.abs(info.picture_times[upstream] - info.picture_times[right]).max()
    assert late > 1  # seconds: the case is worth the switch


def test_single_pictures_of_a_variable_rate(tmp_path):
    path = screen_recording(tmp_path / "a.mp4")
    info = probe(path)
    stills = shown_numbers(np.array(list(still_frames(path, offset=2.0, duration=10.0))))
    on_screen = np.searchsorted(info.picture_times, np.linspace(2, 12, 20) + 1e-6, side="right") - 1
    assert np.array_equal(stills, on_screen)


@pytest.mark.parametrize("part", PARTS)
def test_ffmpeg_picks_stream(tmp_path, part):
    path = two_films(tmp_path / "a.mkv")
    upstream, _, _ = clip_numbers(path, part, UPSTREAM)
    assert np.array_equal(upstream, RECORDED[f"ffmpeg_picks_stream {part}"].read())
    right, times, _ = clip_numbers(path, part)
    inside = times < 7.9
    assert np.array_equal(right[inside], (10 * times[inside] + 1e-5).astype(int))


def test_ignore_pixel_aspect(tmp_path):
    path = wide_pixels(tmp_path / "a.mp4")
    options = {"offset": 0.0, "duration": 0.6, "n_video_frames": 2}
    upstream = next(clip_frames(path, **options, habits=Habits(ignore_pixel_aspect=True)))
    assert np.array_equal(upstream, RECORDED["ignore_pixel_aspect"].read())
    right = next(clip_frames(path, **options))
    assert right.shape == (2, 16, 256, 3)
    assert np.array_equal(shown_numbers(right), shown_numbers(upstream))


def test_container_duration(tmp_path):
    path = with_subtitles(tmp_path / "a.mkv")
    row, record = film_row(path)
    assert row.duration == 3.0
    assert any("its header says 30 s, but its content lasts 3 s" in note for note in record.warnings)
    row, _ = film_row(path, container_duration=True)
    assert row.duration == RECORDED["container_duration"].read()[0] == 30.0


def test_what_was_done_with_an_odd_film_is_said(tmp_path):
    path = screen_recording(tmp_path / "a.mp4")
    _, record = film_row(path)
    (note,) = [note for note in record.warnings if "constant" in note]
    assert note.startswith("a.mp4: its 92 pictures do not come at a constant ")
    assert note.endswith(" per second, the longest shown for 3 s; each is shown at its own time")
    assert record.facts["film"]["is_constant_rate"] is False
    _, record = film_row(path, ignore_picture_times=True)
    assert any(note.endswith("as upstream does") for note in record.warnings)


@pytest.mark.parametrize(
    ("n_frames", "sound", "said"),
    [
        (50, 5.0, "a.mp4: its pictures end after 2.0 s and its sound after 5.0 s; an earlier one is shown until then"),
        (100, 1.0, "a.mp4: its pictures end after 4.0 s and its sound after 1.0 s; the rest is silent"),
        (50, 2.6, None),
    ],
)
def test_sound_and_pictures_that_end_far_apart(tmp_path, n_frames, sound, said):
    _, record = film_row(make_video(tmp_path / "a.mp4", n_frames=n_frames, sound=sound))
    found = [note for note in record.warnings if "end after" in note]
    assert [note[: len(said or "")] for note in found] == ([] if said is None else [said])
