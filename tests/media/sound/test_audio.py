"""Sound files and sound tracks."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.errors import MediaError, OutputError
from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.media.sound import audio, sound_file
from tribe_np.media.sound.audio import TrackHabits, audio_info, extract_audio, limit_track, read_audio

RATE = 8192  # a power of two: halves of a sample are exact


@pytest.fixture
def samples(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(-32768, 32768, (RATE * 2 + 3, 2)).astype(np.int16)


@pytest.fixture
def wav(tmp_path: Path, samples: np.ndarray) -> Path:
    soundfile.write(tmp_path / "sound.wav", samples, RATE, subtype="PCM_16")
    return tmp_path / "sound.wav"


def test_info_and_whole_file(wav: Path, samples: np.ndarray) -> None:
    assert audio_info(wav) == (RATE, len(samples) / RATE, 2, ())
    read, rate = read_audio(wav)
    assert rate == RATE
    assert read.dtype == np.float32
    assert np.array_equal(read, samples / np.float32(32768))


@pytest.mark.parametrize(
    ("offset", "duration", "start", "count"),
    [
        (0.25, 0.5, 2048, 4096),
        (2.5 / RATE, 8.5 / RATE, 2, 8),  # halves to even
        (3.5 / RATE, 1.5 / RATE, 4, 2),
        (1.9, 5.0, 15565, 822),  # shorter than asked
    ],
)
def test_a_piece(wav: Path, samples: np.ndarray, offset: float, duration: float, start: int, count: int) -> None:
    read, _ = read_audio(wav, offset, duration)
    assert np.array_equal(read, samples[start : start + count] / np.float32(32768))


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_blocks_equal_one_read(wav: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    whole, _ = read_audio(wav, 0.1, 0.2)
    monkeypatch.setattr(sound_file, "BLOCK_SAMPLES", block)
    assert np.array_equal(read_audio(wav, 0.1, 0.2)[0], whole)


@pytest.mark.parametrize(
    ("suffix", "subtype", "bound"),
    [("wav", "FLOAT", 1e-7), ("wav", "PCM_24", 2e-7), ("flac", "PCM_16", 4e-5), ("ogg", "VORBIS", 0.3),
     ("mp3", "MPEG_LAYER_III", 0.3)],
)  # fmt: skip
def test_other_containers(tmp_path: Path, suffix: str, subtype: str, bound: float) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, tone, 16000, subtype=subtype)
    rate, duration, n_channels, _ = audio_info(path)
    read, _ = read_audio(path, 0.0, duration)
    assert (rate, n_channels, read.shape[1]) == (16000, 1, 1)
    assert np.max(np.abs(read[1000:15000, 0] - tone[1000:15000])) <= bound


def assert_one_line(error: pytest.ExceptionInfo[Exception]) -> None:
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.wav", b"", "the file is empty"),
        ("text.wav", b"this is not sound at all\n" * 20, "not a readable sound file"),
        ("text.mp3", b"this is not sound at all\n" * 20, "not a readable sound file|no samples"),
        ("header.wav", b"RIFF\xff\xff\xff\xffWAVE", "not a readable sound file"),
        ("samples.raw", b"\x00\x01" * 100, "not a readable sound file"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for call in (audio_info, read_audio):
        with pytest.raises(MediaError, match=reason) as error:
            call(path)
        assert str(path) in str(error.value)
        assert_one_line(error)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such file"):
        read_audio(tmp_path / "absent.wav")
    with pytest.raises(MediaError, match="folder"):
        audio_info(tmp_path)


def test_zero_length_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "zero.wav", np.zeros((0, 1)), RATE)
    with pytest.raises(MediaError, match="no samples"):
        audio_info(tmp_path / "zero.wav")


@pytest.mark.parametrize(("offset", "duration"), [(5.0, 1.0), (5.0, None), (0.0, 0.0), (-1.0, 1.0), (0.0, 1e-6)])
def test_a_piece_without_samples(wav: Path, offset: float, duration: float | None) -> None:
    with pytest.raises(MediaError, match="no samples from") as error:
        read_audio(wav, offset, duration)
    assert_one_line(error)


def test_samples_that_are_not_finite(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "nan.wav", np.array([0.0, np.nan, 0.5]), RATE, subtype="FLOAT")
    with pytest.raises(MediaError, match="NaN"):
        read_audio(tmp_path / "nan.wav")


@given(st.integers(0, 400), st.integers(0, 255))
def test_damaged_headers_raise_only_media_errors(tmp_path_factory: pytest.TempPathFactory, at: int, byte: int) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.wav"
    soundfile.write(path, np.arange(-150, 150, dtype=np.int16), RATE)
    content = bytearray(path.read_bytes())
    if at < 60:
        content[at] = byte
    else:
        content = content[: at - 60]
    path.write_bytes(bytes(content))
    with suppress(MediaError):
        assert len(read_audio(path)[0]) > 0


def test_a_decoder_that_fails_midway_or_gives_nothing(wav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise soundfile.LibsndfileError(4)

    monkeypatch.setattr(sound_file.OpenSound, "read", fail)
    with pytest.raises(MediaError, match="cannot be decoded") as error:
        read_audio(wav)
    assert_one_line(error)
    monkeypatch.setattr(sound_file.OpenSound, "read", lambda *_: np.empty((0, 2), np.float32))
    with pytest.raises(MediaError, match="no samples could be decoded"):
        read_audio(wav)


def make_video(tmp_path: Path, sound: np.ndarray | None, seconds: float = 1.0) -> Path:
    video = tmp_path / "clip.mov"
    inputs = ["-f", "lavfi", "-i", f"testsrc=size=32x32:rate=10:duration={seconds}"]
    if sound is not None:
        soundfile.write(tmp_path / "in.wav", sound, 44100, subtype="PCM_16")
        inputs += ["-i", str(tmp_path / "in.wav"), "-c:a", "pcm_s16le"]
    options = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-y", str(video)]
    run_ffmpeg([*inputs, *options], path_for_errors=video)
    return video


@pytest.mark.extras
@pytest.mark.parametrize("n_sound", [30000, 44100, 60000])
def test_the_track_is_limited_and_as_long_as_the_container(tmp_path: Path, n_sound: int) -> None:
    sound = np.random.default_rng(0).integers(-32768, 32768, (n_sound, 2)).astype(np.int16)
    video, track = make_video(tmp_path, sound), tmp_path / "cache" / "track.wav"
    assert extract_audio(video, track)
    written, rate = soundfile.read(track, dtype="int16")
    seconds = np.floor(max(1.0, n_sound / 44100) * 100) / 100  # ffmpeg prints two decimals
    expected = np.clip(sound, -32440, 32440)
    expected = np.concatenate([expected, np.zeros((60000, 2), np.int16)])[: len(written)]
    assert rate == 44100
    assert abs(len(written) - 44100 * seconds) <= 442
    assert np.array_equal(written, expected)
    assert [path.name for path in track.parent.iterdir()] == ["track.wav"]


BEEP = "aevalsrc='if(lt(mod(t,1),0.05),0.5*sin(3000*t),0)':s=48000:d=3"
PLACES = {  # how the streams are put together -> second of the first beep, after the film's own beginning
    "late.mp4": (["-i", "whole.mp4", "-itsoffset", "2", "-i", "whole.mp4", "-map", "0:v", "-map", "1:a"], 2.0),
    "late.mkv": (["-i", "whole.mp4", "-itsoffset", "2", "-i", "whole.mp4", "-map", "0:v", "-map", "1:a"], 2.0),
    "late.ts": (["-i", "whole.mp4", "-itsoffset", "2", "-i", "whole.mp4", "-map", "0:v", "-map", "1:a"], 2.0),
    "early.mp4": (["-itsoffset", "1.5", "-i", "whole.mp4", "-i", "whole.mp4", "-map", "0:v", "-map", "1:a"], 0.0),
    "both.mkv": (["-itsoffset", "1.5", "-i", "whole.mp4", "-map", "0"], 0.0),
    "edited.mp4": (["-ss", "0.3", "-i", "whole.mp4", "-map", "0"], 0.7),
}


@pytest.fixture(scope="module")
def beeping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a film that beeps at every full second."""
    folder = tmp_path_factory.mktemp("beeping")
    inputs = ["-f", "lavfi", "-i", "testsrc=size=32x32:rate=25:duration=3", "-f", "lavfi", "-i", BEEP]
    run_ffmpeg([*inputs, "-c:v", "libx264", "-c:a", "aac", str(folder / "whole.mp4")], path_for_errors=folder)
    return folder


def first_loud(video: Path, track: Path, habits: TrackHabits | None = None) -> float:
    assert extract_audio(video, track, habits)
    samples, rate = read_audio(track)
    return float(np.flatnonzero(np.abs(samples[:, 0]) > 0.05)[0]) / rate


@pytest.mark.extras
@pytest.mark.parametrize("name", PLACES)
def test_sound_begins_where_the_film_says(beeping: Path, tmp_path: Path, name: str) -> None:
    how, expected = PLACES[name]
    how = [str(beeping / part) if part == "whole.mp4" else part for part in how]
    run_ffmpeg([*how, "-c", "copy", str(tmp_path / name)], path_for_errors=name)
    assert first_loud(tmp_path / name, tmp_path / "track.wav") == pytest.approx(expected, abs=0.03)
    upstream = first_loud(tmp_path / name, tmp_path / "track.wav", TrackHabits(sound_from_start=True))
    assert upstream == pytest.approx(0.7 if name == "edited.mp4" else 0.0, abs=0.03)


@pytest.mark.extras
def test_gaps_in_the_sound_are_silence(tmp_path: Path) -> None:
    sound = ["-f", "lavfi", "-i", "sine=d=3", "-af", "asetpts='PTS+if(gt(T,1),2/TB,0)'", "-c:a", "pcm_s16le"]
    run_ffmpeg([*sound, str(tmp_path / "gap.mkv")], path_for_errors=tmp_path)
    film = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=32x32:rate=10:duration=5",
        "-i",
        str(tmp_path / "gap.mkv"),
        "-c:a",
        "copy",
    ]
    run_ffmpeg([*film, "-c:v", "libx264", str(tmp_path / "film.mkv")], path_for_errors=tmp_path)
    extract_audio(tmp_path / "film.mkv", tmp_path / "track.wav")
    samples, rate = read_audio(tmp_path / "track.wav")
    loud = np.abs(samples[:, 0]).reshape(-1, rate // 10).max(axis=1) > 0.01
    assert len(samples) == 5 * rate
    assert not loud[12:28].any()
    assert loud[:9].all()
    assert loud[32:49].all()


@pytest.mark.extras
def test_small_blocks_write_the_same_track(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_video(tmp_path, np.random.default_rng(0).integers(-32768, 32768, (40000, 1)).astype(np.int16))
    extract_audio(video, tmp_path / "a.wav")
    monkeypatch.setattr(audio, "BLOCK_SAMPLES", 999)
    extract_audio(video, tmp_path / "b.wav")
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


@pytest.mark.extras
def test_a_video_without_sound_writes_nothing(tmp_path: Path) -> None:
    assert extract_audio(make_video(tmp_path, None), tmp_path / "track.wav") is False
    assert not (tmp_path / "track.wav").exists()


@pytest.mark.extras
def test_videos_that_cannot_be_read(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a video\n" * 50)
    for path in (text, tmp_path / "absent.mp4"):
        with pytest.raises(MediaError) as error:
            extract_audio(path, tmp_path / "track.wav")
        assert_one_line(error)
    assert not (tmp_path / "track.wav").exists()


@pytest.mark.extras
def test_places_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_video(tmp_path, np.zeros((44100, 1), np.int16))
    with pytest.raises(OutputError, match="cannot be written"):
        extract_audio(video, video / "track.wav")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(audio, "limit_track", full)
    with pytest.raises(OutputError, match="the disk is full"):
        extract_audio(video, tmp_path / "out" / "track.wav")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_limit_is_moviepys_arithmetic() -> None:
    values = np.arange(-32768, 32768, dtype=np.int16)
    moviepy = (2**15 * np.maximum(-0.99, np.minimum(0.99, values / 2**15))).astype(np.int16)
    assert np.array_equal(limit_track(values), moviepy)
