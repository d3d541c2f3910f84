"""Which frames make up a clip: against moviepy's recorded choices, and read from real files that carry numbers."""

import json
import weakref
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.film.video_samples import make_video, numbers
from tribe_np.errors import MediaError
from tribe_np.formats.safetensors import read_header
from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.media.film import video
from tribe_np.media.film.probe import Habits, probe
from tribe_np.media.film.video import clip_frames, clip_times, frame_indices, frame_number, still_frames, still_indices

ENTRIES, METADATA = read_header(Path(__file__).parents[2] / "golden" / "video_frame_indices.safetensors")
CASES = json.loads(METADATA["about"])["cases"]


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_frames_moviepy_shows(name):
    case = CASES[name]
    found = frame_indices(case["fps"], case["n_frames"], case["offset"], case["duration"])
    assert np.array_equal(found, ENTRIES[name].read())


def test_golden_cases_reach_past_the_end():
    plain = [frame_indices(c["fps"], np.inf, c["offset"], c["duration"]) for c in CASES.values()]
    past = [found.max() >= case["n_frames"] for found, case in zip(plain, CASES.values(), strict=True)]
    assert any(past)
    assert not all(past)


def test_first_clips_repeat_the_first_frame_of_the_chunk():
    found = frame_indices(25, 1000, 10.0, 8.0)
    assert found.shape == (16, 64)
    assert [np.sum(row == 250) for row in found[:2]] == [56, 48]
    assert np.all(found >= 250)
    assert found[15, -1] == 450


@given(st.integers(8, 60), st.floats(0.5, 30), st.floats(0, 20), st.integers(1, 80))
def test_frames_exist_and_only_the_end_differs(fps, duration, offset, n_frames):
    found, endless = (frame_indices(fps, n, offset, duration) for n in (n_frames, np.inf))
    assert found.max(initial=0) < n_frames
    inside = endless < n_frames
    assert np.array_equal(found[inside], endless[inside])


def test_zero_seconds_hold_no_clip():
    assert frame_indices(25, 10, 0.0, 0.0).shape == (0, 64)
    assert still_indices(25, 0.0, 0.0).shape == (0,)


def test_times_have_the_right_spacing():
    times = clip_times(10.0, n_video_frames=16, clip_duration=2.0, frequency=1.0)
    assert times.shape == (10, 16)
    assert np.allclose(np.diff(times[5]), 1 / 8)
    assert times[-1, -1] == 10.0


def test_truncation_is_forgiving():
    assert [frame_number(30000 / 1001, k * 1001 / 30000) for k in range(0, 3000, 7)] == list(range(0, 3000, 7))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_video(tmp_path_factory.mktemp("film") / "a.mp4", n_frames=200)


@pytest.mark.extras
@pytest.mark.parametrize(("offset", "duration"), [(0.0, 8.0), (1.3, 2.5), (5.0, 3.0), (7.6, 0.4)])
def test_clips_hold_the_frames_of_the_plan(film, offset, duration):
    clips = list(clip_frames(film, offset=offset, duration=duration))
    assert {clip.shape for clip in clips} == {(64, 16, 128, 3)}
    assert np.array_equal(numbers(np.array(clips)), frame_indices(25.0, 200, offset, duration))


@pytest.mark.extras
def test_one_pass_prepares_each_frame_once_and_holds_few(film):
    seen = []

    def prepare(frame):
        seen.append(int(numbers(frame)))
        return frame[:2, :2]

    assert next(clip_frames(film, offset=2.0, duration=5.0, prepare=prepare)).shape == (64, 2, 2, 3)
    seen.clear()
    list(clip_frames(film, offset=2.0, duration=5.0, prepare=prepare))
    assert seen == sorted(set(seen))
    assert len(seen) <= 5 * 25 + 1


@pytest.mark.extras
@pytest.mark.parametrize("bins", [None, np.array([0, 3, 7, 11, 12])])
def test_a_frame_is_decoded_and_prepared_once_and_kept_for_the_length_of_a_clip(film, monkeypatch, bins):
    decoded, prepared, alive, most = [], [], weakref.WeakSet(), 0
    read = video.read_frames

    def counted(*args, **kwargs):
        for frame in read(*args, **kwargs):
            decoded.append(int(numbers(frame)))
            yield frame

    class Kept(np.ndarray):
        """An array that a WeakSet can hold."""

        __hash__ = object.__hash__
        __eq__ = object.__eq__

    def prepare(frame):
        prepared.append(int(numbers(frame)))
        small = frame[:2, :2].copy().view(Kept)
        alive.add(small)
        return small

    monkeypatch.setattr(video, "read_frames", counted)
    clips = clip_frames(film, offset=1.3, duration=6.5, prepare=prepare, bins=bins)
    for _ in clips:
        most = max(most, len(alive))
    plan = frame_indices(25.0, 200, 1.3, 6.5)
    assert decoded == [*range(max(decoded) + 1)]
    assert prepared == sorted(set(plan.ravel().tolist()))
    # a clip's 4 s at 25 per second; of the whole chunk it would be more
    assert most <= 101 < len(prepared)


@pytest.mark.extras
@pytest.mark.parametrize("duration", [6.7, 8.0])
def test_chosen_clips_are_those_among_all(film, duration):
    offset = 8.0 - duration
    whole = numbers(np.array(list(clip_frames(film, offset=offset, duration=duration))))
    for bins in ([0, 2, 5, 7], [len(whole) - 1], []):
        some = [numbers(clip) for clip in clip_frames(film, offset=offset, duration=duration, bins=np.array(bins, int))]
        assert np.array_equal(np.array(some).reshape(len(bins), 64), whole[bins])


@pytest.mark.extras
def test_other_clip_settings(film):
    clips = list(clip_frames(film, offset=0.0, duration=4.0, n_video_frames=8, clip_duration=1.0, frequency=1.0))
    assert np.array_equal(numbers(clips[-1]), [78, 81, 84, 87, 90, 93, 96, 100])


@pytest.mark.extras
def test_pictures_shorter_than_the_sound_stay(tmp_path):
    path = make_video(tmp_path / "a.mp4", n_frames=150, sound=9.0)
    length = probe(path).duration
    clips = np.array(list(clip_frames(path, offset=0.0, duration=length)))
    assert np.array_equal(numbers(clips), frame_indices(25.0, 150, 0.0, length))
    beyond = numbers(np.array(list(clip_frames(path, offset=7.0, duration=2.0))))
    assert np.array_equal(beyond, frame_indices(25.0, 150, 7.0, 2.0))
    stills = numbers(np.array(list(still_frames(path, offset=7.0, duration=2.0))))
    assert np.all(stills == 149)


@pytest.mark.extras
def test_stills_run_from_first_to_last(film):
    assert numbers(np.array(list(still_frames(film, offset=0.0, duration=8.0))))[[0, 1, -1]].tolist() == [0, 13, 199]
    assert numbers(np.array(list(still_frames(film, offset=1.0, duration=2.0)))).tolist() == [25, 41, 58, 75]


@pytest.mark.extras
def test_rotation_is_applied_or_squeezed(film, tmp_path):
    path = tmp_path / "turned.mp4"
    run_ffmpeg(["-display_rotation", "90", "-i", str(film), "-c", "copy", str(path)], path_for_errors=path)
    (turned,) = clip_frames(path, offset=0.0, duration=0.5, n_video_frames=2)
    assert turned.shape == (2, 128, 16, 3)
    (plain,) = clip_frames(film, offset=0.0, duration=0.5, n_video_frames=2)
    assert np.array_equal(np.rot90(turned, -1, (1, 2)), plain)
    (squeezed,) = clip_frames(path, offset=0.0, duration=0.5, n_video_frames=2, habits=Habits(ignore_rotation=True))
    assert squeezed.shape == (2, 16, 128, 3)


@pytest.mark.extras
def test_bad_requests(film, tmp_path):
    for offset, duration in ((-1.0, 2.0), (7.0, 2.0), (0.0, -1.0)):
        with pytest.raises(MediaError, match="it lasts 8 s"):
            list(clip_frames(film, offset=offset, duration=duration))
    sound = tmp_path / "a.wav"
    run_ffmpeg(["-f", "lavfi", "-i", "sine=duration=1", str(sound)], path_for_errors=sound)
    with pytest.raises(MediaError, match="no pictures"):
        list(clip_frames(sound, offset=0.0, duration=1.0))


@pytest.mark.extras
@pytest.mark.parametrize(("suffix", "options"), [("mp4", ("-movflags", "+faststart")), ("mkv", ())])
def test_a_file_cut_short_is_an_error_not_repeated_frames(tmp_path, suffix, options):
    whole = make_video(tmp_path / f"a.{suffix}", n_frames=200, options=options).read_bytes()
    path = tmp_path / f"b.{suffix}"
    path.write_bytes(whole[: len(whole) * 7 // 10])
    with pytest.raises(MediaError, match="cut short"):
        list(clip_frames(path, offset=0.0, duration=8.0))


@pytest.mark.extras
def test_no_frame_at_all(film, monkeypatch):
    monkeypatch.setattr(video, "read_frames", lambda *args, **kwargs: (frame for frame in ()))
    with pytest.raises(MediaError, match="no frame can be decoded"):
        list(clip_frames(film, offset=0.0, duration=1.0))
