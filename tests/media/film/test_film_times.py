"""Films of any time base: for each bin the picture that a player would show."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.media.film.video_samples import make_video, numbers
from tools.reference.odd_films import shown_numbers, timed_film
from tribe_np.errors import MediaError
from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.media.film import timed_frames
from tribe_np.media.film.probe import Habits, probe
from tribe_np.media.film.timed_frames import on_screen
from tribe_np.media.film.video import clip_frames, clip_times

pytestmark = pytest.mark.extras
STEPS = st.lists(st.one_of(st.integers(1, 90), st.integers(1, 2500)), min_size=2, max_size=30)
FORMS = [("mp4", 1000), ("mp4", 90000), ("mov", 600), ("mkv", 1000), ("webm", 1000)]


def pictures_shown(path, times, offset, duration):
    """(numbers that the clips show, numbers of the pictures whose time had come); times in seconds of the film."""
    clips = list(clip_frames(path, offset=offset, duration=duration, n_video_frames=8))
    moments = clip_times((offset + duration) - offset, n_video_frames=8) + offset
    wanted = np.searchsorted(times, moments + 1e-6, side="right") - 1
    return shown_numbers(np.array(clips).reshape(len(moments), 8, 16, 128, 3)), np.maximum(wanted, 0)


@pytest.mark.parametrize(("suffix", "tick"), FORMS)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, first=st.integers(0, 2000), part=st.floats(0.1, 0.8))
def test_each_bin_shows_what_a_player_would(tmp_path, suffix, tick, steps, first, part):
    times = np.array([first, *(first + np.cumsum(steps))]) * tick // 1000
    times = np.unique(times)
    path = timed_film(tmp_path / f"a{abs(hash(times.tobytes()))}.{suffix}", times.tolist(), tick=tick)
    info = probe(path)
    seconds = (times - times[0]) / tick
    end = seconds[-1] if info.is_constant else info.duration  # upstream's habit at the very end of a file
    assert info.duration == pytest.approx(seconds[-1] + info.video_stop - info.picture_times[-1], abs=0.011)
    for offset in (0.0, round(part * end, 3)):
        shown, wanted = pictures_shown(path, seconds, offset, end - offset)
        assert np.array_equal(shown, wanted)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
def test_pictures_that_come_after_the_sound(tmp_path, suffix):
    times = 1300 + np.cumsum([0, 40, 70, 900, 20, 500, 33, 40, 1100, 40])
    path = timed_film(tmp_path / f"a.{suffix}", times.tolist(), sound=5.0)
    info = probe(path)
    assert abs(info.start) < 0.03  # sound that older versions of ffmpeg count from before its first sample
    assert info.video_start == pytest.approx(1.3, abs=0.03)
    shown, wanted = pictures_shown(path, times / 1000 - info.start, 0.0, 4.5)
    assert np.array_equal(shown, wanted)
    assert np.all(shown[:2] == 0)  # a film shows its first picture until then


@pytest.mark.parametrize("bframes", ["0", "3"])
def test_a_film_that_was_cut_without_encoding_it_anew(tmp_path, bframes):
    steps = [40, 60, 33, 47] * 12
    whole = timed_film(tmp_path / "a.mp4", [0, *np.cumsum(steps).tolist()], options=("-g", "40", "-bf", bframes))
    path = tmp_path / "b.mp4"
    run_ffmpeg(["-ss", "0.7", "-i", str(whole), "-c", "copy", str(path)], path_for_errors=path)
    info = probe(path)  # its edit list leaves out the pictures between the last whole one and the cut
    first = 49 - len(info.picture_times)
    assert first > 10
    shown, wanted = pictures_shown(path, info.picture_times, 0.0, info.duration)
    assert np.array_equal(shown, wanted + first)


def test_a_rate_in_the_header_that_is_not_the_films(tmp_path):
    plain = make_video(tmp_path / "a.mp4", n_frames=100)
    path = tmp_path / "b.avi"
    run_ffmpeg(["-i", str(plain), "-c", "copy", str(path)], path_for_errors=path)
    assert probe(plain).is_constant
    assert not probe(path).is_constant  # 600 a second, says ffmpeg's AVI
    shown, wanted = pictures_shown(path, probe(path).picture_times, 0.0, 3.5)
    assert np.array_equal(shown, wanted)


def test_jitter_within_the_clock_is_no_variable_rate(tmp_path):
    plain = make_video(tmp_path / "a.mp4", n_frames=120, rate=24)
    path = tmp_path / "b.mkv"
    run_ffmpeg(["-i", str(plain), "-c", "copy", str(path)], path_for_errors=path)
    assert np.ptp(np.diff(probe(path).picture_times)) > 5e-4  # milliseconds
    assert probe(path).is_constant
    uneven = timed_film(tmp_path / "c.mkv", [40 * k + 4 * (k % 2) for k in range(60)])
    assert not probe(uneven).is_constant


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_a_film_whose_clock_does_not_begin_at_zero(tmp_path, suffix):
    whole = timed_film(tmp_path / "a.mp4", [*range(0, 2000, 50), 5000])
    path = tmp_path / f"b.{suffix}"
    run_ffmpeg(["-i", str(whole), "-c", "copy", "-output_ts_offset", "10", str(path)], path_for_errors=path)
    info = probe(path)
    assert (info.start, info.video_start) == (10.0, 0.0)
    assert info.duration == probe(whole).duration
    for offset in (0.0, 1.7):
        shown, wanted = pictures_shown(path, probe(whole).picture_times, offset, info.duration - offset)
        assert np.array_equal(shown, wanted)


def test_a_seek_that_goes_too_far_begins_again(tmp_path, monkeypatch):
    path = timed_film(tmp_path / "a.mkv", [*range(0, 2000, 50), 5000])
    info = probe(path)
    real, begun = timed_frames._decode, []

    def late(info, begin, habits):
        begun.append(begin)
        frames = real(info, begin, habits)
        return frames if begin is None else (frame for frame in frames if frame[0] > 1.5)

    monkeypatch.setattr(timed_frames, "_decode", late)
    shown = [int(numbers(frame)) for frame in on_screen(info, np.array([1.01, 1.2]), Habits())]
    assert shown == [20, 24]
    assert [begin is None for begin in begun] == [False, True]


def test_pictures_are_prepared_once_while_they_stay(tmp_path):
    path, seen = timed_film(tmp_path / "a.mp4", [0, 40, 2000, 2040]), []
    clips = clip_frames(path, offset=0.0, duration=2.0, prepare=lambda frame: seen.append(int(numbers(frame))) or frame)
    assert len(list(clips)) == 4
    assert seen == [0, 1, 2]


def test_a_variable_film_cut_short_is_an_error(tmp_path):
    times = np.cumsum([0, *[40, 900, 33, 70] * 20])
    whole = timed_film(tmp_path / "a.mkv", times.tolist()).read_bytes()
    path = tmp_path / "b.mkv"
    path.write_bytes(whole[: len(whole) * 7 // 10])
    with pytest.raises(MediaError, match="cut short"):
        probe(path)
