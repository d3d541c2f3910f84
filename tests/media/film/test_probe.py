"""What a file holds, by moviepy's reading of ffmpeg's text, and files that hold nothing usable."""

import numpy as np
import pytest

from tests.media.film.video_samples import make_video, numbers
from tools.reference.odd_films import timed_film, two_films, wide_pixels, with_subtitles
from tribe_np.errors import MediaError
from tribe_np.media.ffmpeg import decodable_codecs, run_ffmpeg
from tribe_np.media.film import probe as module
from tribe_np.media.film.header import (
    parse_channels,
    parse_fps,
    parse_length,
    parse_pixel_aspect,
    parse_rotate_tag,
    parse_rotation,
    parse_size,
    parse_streams,
    parse_tbr,
)  # fmt: skip
from tribe_np.media.film.packets import Packets
from tribe_np.media.film.probe import MediaInfo, probe
from tribe_np.media.film.video import clip_frames


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
    monkeypatch.setattr(module, "printed_about", lambda path: text)
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
        ("30 tbr", 30.0), ("1k fps, 25 tbr", 1000.0), ("49.95 fps", 50 * 1000 / 1001), ("nothing", 0.0),
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


ROTATIONS = {
    "4.2, mp4": ("      rotate          : 270\n    Side data:\n      displaymatrix: rotation of 90.00 degrees\n", 90.0),
    "5.1": ("      handler_name    : x\n    Side data:\n      displaymatrix: rotation of -90.00 degrees\n", -90.0),
    "7.0": ("        displaymatrix: rotation of -180.00 degrees", -180.0),
    "9.0": ("      Display Matrix: rotation of 90.00 degrees", 90.0),
    "none": ("      handler_name    : VideoHandler\n", 0.0),
}


@pytest.mark.parametrize("version", ROTATIONS)
def test_every_spelling_of_a_rotation(version):
    text, degrees = ROTATIONS[version]
    assert parse_rotation(text) == degrees
    assert parse_rotate_tag(text) == 0


def test_a_tag_alone_counts_clockwise():
    assert parse_rotate_tag("      ROTATE          : 90\n      ENCODER : x") == -90
    assert parse_rotate_tag("      rotate          : 0") == 0


def test_streams_carry_their_own_rotation_and_codec():
    text = (
        "Input #0, mov\n  Duration: N/A, start: 0.100000, bitrate: N/A\n"
        "    Stream #0:0(und): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, mono (default)\n"
        "    Stream #0:1[0x2](eng): Video: h264, yuv420p, 8x6 [SAR 64:45 DAR 4:3], SAR 4:3 DAR 16:9, 25 fps, 50 tbr\n"
        "      displaymatrix: rotation of 90.00 degrees\n"
        "    Stream #0:2: Video: mjpeg, yuvj420p(pc), 9x9, 90k tbr (attached pic)\n"
        "    Stream #0:3: Audio: none (apac / 0x63617061), 44100 Hz, quad\n"
    )
    streams = parse_streams(text)
    assert [(s.index, s.kind, s.codec) for s in streams] == [
        (0, "Audio", "aac"), (1, "Video", "h264"), (2, "Video", "mjpeg"), (3, "Audio", "none")
    ]  # fmt: skip
    assert [s.is_default for s in streams] == [True, False, False, False]
    assert [s.is_cover for s in streams] == [False, False, True, False]
    assert [parse_rotation(s.below) for s in streams] == [0, 90, 0, 0]
    assert parse_pixel_aspect(streams[1].line) == 4 / 3
    assert parse_tbr(streams[1].line) == 50
    assert parse_length(text) == (None, 0.1)


@pytest.mark.extras
def test_the_film_ends_with_its_last_picture_or_sound(tmp_path):
    info = probe(with_subtitles(tmp_path / "a.mkv"))
    assert (info.duration, info.header_duration) == (3.0, 30.0)
    assert (info.video_start, info.video_stop) == (0.0, 3.0)


@pytest.mark.extras
@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mov"])
def test_chapters_and_data_do_not_lengthen_a_film(tmp_path, suffix):
    chapters = tmp_path / "chapters.txt"
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=40\ntitle=one\n")
    plain, path = make_video(tmp_path / "a.mp4", n_frames=50), tmp_path / f"b.{suffix}"
    args = ["-i", str(plain), "-i", str(chapters), "-map_metadata", "1", "-map_chapters", "1", "-c", "copy", str(path)]
    run_ffmpeg(args, path_for_errors=path)
    assert probe(path).duration == 2.0


@pytest.mark.extras
def test_a_film_without_a_length_in_its_header_is_measured(tmp_path):
    path = tmp_path / "a.mkv"  # as browsers record: written to a pipe, no index, no length
    plain = make_video(tmp_path / "a.mp4", n_frames=50, sound=2.0)
    path.write_bytes(run_ffmpeg(["-i", str(plain), "-c", "copy", "-f", "matroska", "-"], path_for_errors=path))
    info = probe(path)
    assert info.header_duration is None
    assert info.duration == pytest.approx(2.0, abs=0.03)


@pytest.mark.extras
def test_the_stream_that_was_probed_is_read(tmp_path):
    path = two_films(tmp_path / "a.mkv")
    info = probe(path)
    assert (info.video_stream, info.fps, info.width) == (0, 10.0, 64)
    assert info.notes == ("a.mkv holds 2 streams of pictures; stream 0 (h264) is used",)
    (clip,) = clip_frames(path, offset=5.0, duration=0.5, n_video_frames=2)
    assert numbers(clip).tolist() == [50, 55]


@pytest.mark.extras
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_cover_is_not_the_film(tmp_path, suffix):
    plain, cover = make_video(tmp_path / "a.mp4", n_frames=25), tmp_path / "cover.png"
    run_ffmpeg(["-f", "lavfi", "-i", "color=red:size=640x640", "-frames:v", "1", str(cover)], path_for_errors=cover)
    path = tmp_path / f"b.{suffix}"
    attached = ["-attach", str(cover), "-metadata:s:t", "mimetype=image/png", "-map", "0", "-c", "copy"]
    stream = ["-i", str(cover), "-map", "1", "-map", "0", "-c", "copy", "-disposition:v:0", "attached_pic"]
    run_ffmpeg(["-i", str(plain), *(attached if suffix == "mkv" else stream), str(path)], path_for_errors=path)
    info = probe(path)
    assert (info.width, info.fps, info.n_films, info.duration) == (128, 25.0, 1, 1.0)
    (clip,) = clip_frames(path, offset=0.0, duration=0.5, n_video_frames=2, clip_duration=0.5)
    assert numbers(clip).tolist() == [6, 12]


@pytest.mark.extras
def test_the_first_sound_that_can_be_decoded(tmp_path, monkeypatch):
    path = tmp_path / "b.mov"
    plain = make_video(tmp_path / "a.mp4", n_frames=25, sound=1.0)
    args = ["-i", str(plain), "-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy", "-c:a:0", "pcm_s16le"]
    run_ffmpeg([*args, str(path)], path_for_errors=path)
    assert probe(path).audio_stream == 1
    known = decodable_codecs()
    monkeypatch.setattr(module, "decodable_codecs", lambda: known - {"pcm_s16le"})
    module._probe.cache_clear()
    info = probe(path)
    assert info.audio_stream == 2
    assert info.notes == (
        "b.mov holds 2 streams of sound; stream 2 (aac) is used, and stream 1 (pcm_s16le) cannot be decoded",
    )
    monkeypatch.setattr(module, "decodable_codecs", lambda: {"h264"})
    module._probe.cache_clear()
    with pytest.raises(MediaError, match=r"its sound \(pcm_s16le\) cannot be decoded by ffmpeg \S+; convert it"):
        probe(path)
    module._probe.cache_clear()


@pytest.mark.extras
def test_pixels_that_are_not_square(tmp_path):
    info = probe(wide_pixels(tmp_path / "a.mp4"))
    assert (info.width, info.height, info.pixel_aspect, info.seen_size) == (128, 16, 2.0, (256, 16))
    tall = MediaInfo(info.path, 1.0, width=720, height=576, pixel_aspect=0.5, rotation=90)
    assert tall.seen_size == (1152, 720)


@pytest.mark.extras
@pytest.mark.parametrize(("aspect", "taken"), [("1281/1280", 1.0), ("16/15", 16 / 15), ("8/9", 8 / 9), ("12/1", 1.0)])
def test_pixels_that_only_round_a_size_are_square_and_nonsense_is_told(tmp_path, aspect, taken):
    path = make_video(tmp_path / "a.mp4", n_frames=5, options=("-vf", f"setsar={aspect}"))
    info = probe(path)
    assert info.pixel_aspect == pytest.approx(taken, abs=1e-4)
    assert any("are implausible" in note for note in info.notes) == (aspect == "12/1")


@pytest.mark.extras
def test_a_tag_turns_a_film_that_has_no_display_matrix(tmp_path):
    plain, path = make_video(tmp_path / "a.mp4", n_frames=25), tmp_path / "b.mkv"
    run_ffmpeg(["-i", str(plain), "-c", "copy", "-metadata:s:v:0", "ROTATE=90", str(path)], path_for_errors=path)
    info = probe(path)
    assert (info.rotation, info.is_turned_by_tag, info.seen_size) == (-90, True, (16, 128))
    (clip,) = clip_frames(path, offset=0.0, duration=0.5, n_video_frames=2)
    (upright,) = clip_frames(plain, offset=0.0, duration=0.5, n_video_frames=2)
    assert np.array_equal(np.rot90(clip, 1, (1, 2)), upright)


@pytest.mark.extras
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm", "avi", "mov"])
def test_a_film_cut_short_is_an_error_whatever_the_container(tmp_path, suffix):
    whole = tmp_path / f"a.{suffix}"
    options = ("-c:v", "libvpx") if suffix == "webm" else ("-movflags", "+faststart") if suffix == "mp4" else ()
    data = make_video(whole, options=options).read_bytes()
    assert probe(whole).duration == 4.0
    for part in (0.4, 0.7, 0.9):  # further on, only an index is lost
        path = tmp_path / f"b{part}.{suffix}"
        path.write_bytes(data[: int(len(data) * part)])
        with pytest.raises(MediaError, match="cut short"):
            probe(path)


@pytest.mark.extras
def test_a_changed_file_is_probed_anew(tmp_path):
    path = make_video(tmp_path / "a.mp4", n_frames=25)
    assert probe(path).duration == 1.0
    timed_film(path, [0, 100, 5000])
    assert probe(path).duration > 5


@pytest.mark.parametrize(
    ("printed", "start", "times", "is_even", "is_constant"),
    [
        ("25 fps, 25 tbr", 0.0, np.arange(100) / 25, True, True),
        ("25 fps, 50 tbr", 0.0, np.arange(100) / 25, True, False),  # ffmpeg would put each out twice
        ("25 fps, 25 tbr", 5.0, np.arange(100) / 25, True, False),  # and count from where another stream begins
        ("30 fps, 30 tbr", 0.0, np.arange(100) / 25, False, False),
        ("14.99 fps, 14.99 tbr", 0.0, np.arange(900) * 1001 / 15000, False, False),  # 14.985: a picture off by 90 s
        ("29.97 fps, 29.97 tbr", 0.0, np.arange(900) * 1001 / 30000, True, True),
        ("25 fps, 25 tbr", 0.0, np.delete(np.arange(100), 50) / 25, False, False),
        ("25 fps, 25 tbr", 0.0, np.round(np.arange(100) / 25 + 0.0009 * (np.arange(100) % 2), 3), True, True),
        ("25 fps, 25 tbr", 0.0, np.zeros(1), True, True),
    ],
)
def test_which_films_are_read_by_counting(tmp_path, monkeypatch, printed, start, times, is_even, is_constant):
    (tmp_path / "a.mp4").write_text("x")
    text = TEXT.format(f"Video: h264, yuv420p, 4x3, {printed}, 1k tbn").replace("start", f"start: {start:.6f}")
    say(monkeypatch, text)
    packets = Packets(times, times[-1] + 0.04, 0.04, 0.001)
    monkeypatch.setattr(module, "read_packets", lambda path, streams: {0: packets})
    info = probe(tmp_path / "a.mp4")
    assert (info.is_even, info.is_constant) == (is_even, is_constant)
    assert info.duration == round(times[-1] + 0.04, 2)
    assert (info.start, info.video_start) == (0.0, 0.0)
