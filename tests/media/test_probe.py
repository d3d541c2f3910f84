"""What a file holds, by moviepy's reading of ffmpeg's text, and files that hold nothing usable."""

import pytest

from tests.media.video_samples import make_video
from tribe_np.errors import MediaError
from tribe_np.media import probe as module
from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.media.header import parse_channels, parse_fps, parse_rotation, parse_size
from tribe_np.media.probe import MediaInfo, probe


@pytest.mark.extras
def test_a_film_with_sound(tmp_path):
    info = probe(make_video(tmp_path / "a.mp4", n_frames=50, sound=2.5))
    assert (info.duration, info.fps, info.width, info.height) == (2.5, 25.0, 128, 16)
    assert (info.has_video, info.has_audio, info.audio_rate, info.n_audio_channels) == (True, True, 44100, 1)
    assert info.rotation == 0
    assert info.displayed_size == (128, 16)


@pytest.mark.extras
def test_a_silent_film(tmp_path):
    info = probe(str(make_video(tmp_path / "a.mp4")))
    assert (info.has_video, info.has_audio, info.audio_rate, info.n_audio_channels) == (True, False, 0, 0)


@pytest.mark.extras
def test_sound_alone(tmp_path):
    path = tmp_path / "a.flac"
    run_ffmpeg(["-f", "lavfi", "-i", "sine=duration=1:sample_rate=8000", "-ac", "6", str(path)], path_for_errors=path)
    info = probe(path)
    assert (info.has_video, info.fps, info.width) == (False, 0.0, 0)
    assert (info.audio_rate, info.n_audio_channels, info.duration) == (8000, 6, 1.0)


@pytest.mark.extras
def test_a_turned_film_swaps_its_sides(tmp_path):
    path = tmp_path / "b.mp4"
    plain = make_video(tmp_path / "a.mp4", n_frames=5)
    run_ffmpeg(["-display_rotation", "-90", "-i", str(plain), "-c", "copy", str(path)], path_for_errors=path)
    info = probe(path)
    assert info.rotation == -90
    assert info.displayed_size == (16, 128)
    assert MediaInfo(path, 1.0, width=4, height=3, rotation=180).displayed_size == (4, 3)


def broken(tmp_path, kind):
    path = tmp_path / "b.mp4"
    if kind == "truncated":
        whole = make_video(tmp_path / "a.mp4").read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "text":
        path.write_text("Once upon a time. " * 200)
    elif kind == "bytes":
        path.write_bytes(bytes(range(256)) * 100)
    else:
        path.touch()
    return path


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        pytest.param("truncated", "cut short: moov", marks=pytest.mark.extras),
        pytest.param("text", "not a media file", marks=pytest.mark.extras),
        pytest.param("bytes", "not a media", marks=pytest.mark.extras),
        ("empty", "is empty"),
    ],
)
def test_files_that_are_no_media(tmp_path, kind, reason):
    with pytest.raises(MediaError, match=reason) as caught:
        probe(broken(tmp_path, kind))
    assert "\n" not in str(caught.value)


def say(monkeypatch, text):
    """ffmpeg prints `text` about any file, and lists no packets."""
    monkeypatch.setattr(module, "describe", lambda path: text)
    monkeypatch.setattr(module, "decodable_codecs", lambda: {"h264", "aac", "subrip"})
    monkeypatch.setattr(module, "read_packets", lambda path, streams: {})


TEXT = "Input #0, x\n  Duration: 01:02:03.50, start\n  Stream #0:0: {}\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TEXT.format("Subtitle: subrip"), "neither video nor sound"),
        (TEXT.format("Video: h264, none, 25 fps"), "size of its pictures"),
        (TEXT.format("Video: h264, yuv420p, 4x3, 12800 tbn"), "frame rate is unknown"),
        (TEXT.format("Audio: aac, 8000 Hz, mono").replace("01:02:03.50", "N/A"), "how long it is"),
        (TEXT.format("Audio: aac, 8000 Hz, mono").replace("01:02:03.50", "00:00:00.00"), "duration is zero"),
        (TEXT.format("Video: mjpeg, yuvj420p, 4x3, 25 fps (attached pic)"), "neither video nor sound"),
    ],
)
def test_unusable_streams(tmp_path, monkeypatch, text, reason):
    (tmp_path / "a.mp4").write_text("x")
    say(monkeypatch, text)
    with pytest.raises(MediaError, match=reason):
        probe(tmp_path / "a.mp4")


def test_the_default_stream_wins(tmp_path, monkeypatch):
    (tmp_path / "a.mp4").write_text("x")
    two = "Video: h264, yuv420p, 4x3, 25 fps\n  Stream #0:1[0x2](eng): Video: h264, yuv420p, 8x6, 30 fps (default)"
    say(monkeypatch, TEXT.format(two))
    info = probe(tmp_path / "a.mp4")
    assert (info.width, info.fps, info.duration) == (8, 30.0, 3723.5)


@pytest.mark.parametrize(
    ("printed", "fps"),
    [
        ("29.97 fps", 30 * 1000 / 1001), ("23.98 fps", 24 * 1000 / 1001), ("23.976 fps", 24 * 1000 / 1001),
        ("59.94 fps", 59.94), ("25 fps", 25.0), ("24 fps", 24.0), ("12.50 fps", 12.5), ("12k tbr", 12000.0),
        ("30 tbr", 30.0), ("49.95 fps", 50 * 1000 / 1001), ("nothing", 0.0),
    ],
)  # fmt: skip
def test_frame_rates(printed, fps):
    assert parse_fps(f"Stream #0:0: Video: h264, 4x3, {printed}, 90k tbn") == fps


@pytest.mark.parametrize(
    ("layout", "n"),
    [("mono", 1), ("stereo", 2), ("5.1(side)", 6), ("7.1.4", 12), ("quad(side)", 4), ("3 channels", 3), ("odd", 0)],
)
def test_channel_layouts(layout, n):
    assert parse_channels(f"Audio: aac, 44100 Hz, {layout}, fltp") == n


def test_sizes_and_rotation():
    assert parse_size("Video: h264 (avc1 / 0x31637661), yuv420p, 1920x1080 [SAR 1:1], 25 fps") == (1920, 1080)
    assert parse_size("Video: h264") == (0, 0)
    assert parse_rotation("      Display Matrix: rotation of -90.00 degrees") == -90
    assert parse_rotation("") == 0
