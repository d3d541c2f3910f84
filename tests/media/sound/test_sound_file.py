"""Sound files whose headers promise nothing, too little or too much, and files that are not what their names say."""

import os
import subprocess
import sys
import wave
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.sound.sound_samples import FORMATS, RATE, cut, noise, without_count, write
from tribe_np.errors import MediaError
from tribe_np.media.sound.audio import audio_info, read_audio
from tribe_np.media.sound.quiet_stderr import quiet_stderr

LOSSY = ("vorbis", "opus", "mp3")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("n_channels", [1, 2])
def test_whole_files_have_the_length_and_samples_that_libsndfile_reads(
    tmp_path: Path, kind: str, n_channels: int
) -> None:
    path = write(tmp_path, kind, noise(1.3, n_channels))
    info, (samples, rate) = audio_info(path), read_audio(path)
    expected, _ = soundfile.read(path, dtype="float64", always_2d=True)
    assert (info.rate, info.n_channels, info.notes) == (rate, n_channels, ())
    assert info.duration == len(expected) / rate
    assert np.array_equal(samples, expected.astype(np.float32))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
@pytest.mark.parametrize("kind", FORMATS)
def test_every_kind_cut_short_is_an_error(tmp_path: Path, kind: str, share: float) -> None:
    path = cut(write(tmp_path, kind, noise(1.5)), share)
    for call in (audio_info, read_audio):
        if call is read_audio and kind == "flac":
            continue  # seen when the end is decoded
        with pytest.raises(MediaError, match="cut short") as error:
            call(path)
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)


def test_mp3_without_a_count_is_as_long_as_its_frames(tmp_path: Path) -> None:
    path = without_count(write(tmp_path, "mp3", noise(6.0)))
    assert soundfile.info(path).duration < 5, "what libsndfile guesses"
    info = audio_info(path)
    assert 6.0 < info.duration < 6.2
    samples, _ = read_audio(path)
    assert len(samples) == round(info.duration * RATE)
    assert np.std(samples[-RATE:]) > 0.05, "the loud end is there"


def test_a_piece_of_mp3_equals_that_piece_of_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "low.mp3"  # frames of a low bit rate borrow from those before
    soundfile.write(path, noise(6.0), RATE, bitrate_mode="CONSTANT", compression_level=0.99)
    for file in (path, without_count(write(tmp_path, "mp3", noise(6.0)))):
        whole, _ = read_audio(file)
        for start in (0.5, 1.7, 3.33, 5.2):
            first = round(start * RATE)
            np.testing.assert_allclose(read_audio(file, start, 0.4)[0], whole[first : first + 6400], atol=1e-6)


def test_joined_mp3_is_read_to_its_end_with_a_note(tmp_path: Path) -> None:
    one = write(tmp_path, "mp3", noise(2.0))
    path = tmp_path / "joined.mp3"
    path.write_bytes(one.read_bytes() * 2)
    info = audio_info(path)
    assert 4.0 <= info.duration < 4.3
    assert "joined" in info.notes[0]


def test_damage_inside_mp3(tmp_path: Path) -> None:
    path = write(tmp_path, "mp3", noise(3.0))
    content = path.read_bytes()
    middle = len(content) * 2 // 3
    path.write_bytes(content[:middle] + content[middle + 40 :])
    info = audio_info(path)
    assert "damaged" in info.notes[0]
    assert 2.8 < info.duration < 3.0
    path.write_bytes(content[:middle] + bytes(5000) + content[middle:])
    with pytest.raises(MediaError, match="cannot be decoded to the end"):
        audio_info(path)


@pytest.mark.parametrize("tag", [b"TAG" + bytes(125), b"APETAGEX" + bytes(64), bytes(5000)])
def test_tags_around_mp3_change_nothing(tmp_path: Path, tag: bytes) -> None:
    path = write(tmp_path, "mp3", noise(1.0))
    expected = audio_info(path)
    picture = 70000
    size = bytes(picture >> shift & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\x04\0\0" + size + bytes([0xFF, 0xFB]) * (picture // 2) + path.read_bytes() + tag)
    assert audio_info(path) == expected


def test_mp3_whose_end_was_never_downloaded_has_a_note(tmp_path: Path) -> None:
    path = without_count(write(tmp_path, "mp3", noise(2.0)))
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(5000))
    assert audio_info(path).notes == ()
    path.write_bytes(whole + bytes(50_000))
    (note,) = audio_info(path).notes
    assert "has 50000 bytes after its last MP3 frame that hold no sound; it is complete only if it lasts 2.1 s" in note


def test_mp3_that_ends_within_a_frame_has_a_note(tmp_path: Path) -> None:
    path = without_count(write(tmp_path, "mp3", noise(2.0)))
    path.write_bytes(path.read_bytes()[:-10])
    (note,) = audio_info(path).notes
    assert "ends in the middle of an MP3 frame" in note


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFF000, 0x80000000])
@pytest.mark.parametrize("riff", [0, 0xFFFFFFFF, None])
def test_wav_of_a_live_recorder_is_as_long_as_what_is_there(tmp_path: Path, size: int, riff: int | None) -> None:
    samples = noise(1.0, 2)
    path = write(tmp_path, "wav", samples)
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = size.to_bytes(4, "little")
    if riff is not None:
        content[4:8] = riff.to_bytes(4, "little")
    expected, _ = read_audio(path)
    path.write_bytes(content)
    info = audio_info(path)
    assert info.duration == 1.0
    assert "does not say how long" in info.notes[0]
    assert np.array_equal(read_audio(path)[0], expected)
    assert np.array_equal(read_audio(path, 0.5, 0.25)[0], expected[8000:12000])


def test_wav_that_is_truly_empty_stays_an_error(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
    path.write_bytes(path.read_bytes() + b"LIST\x04\0\0\0INFO")
    with pytest.raises(MediaError, match="no samples"):
        audio_info(path)


@pytest.mark.parametrize("n_samples", [100, 4096, 33333])
def test_flac_without_a_total_is_as_long_as_its_frames(tmp_path: Path, n_samples: int) -> None:
    path = write(tmp_path, "flac", noise(3.0)[:n_samples])
    expected, _ = read_audio(path)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    info = audio_info(path)
    assert (info.duration, info.notes) == (n_samples / RATE, ())
    assert np.array_equal(read_audio(path)[0], expected)
    path.write_bytes(content[:-5])
    if n_samples > 4096:
        info = audio_info(path)
        assert "ends in the middle of a FLAC frame" in info.notes[0]
        assert np.array_equal(read_audio(path)[0], expected[: n_samples // 4096 * 4096])


def last_page(content: bytes) -> int:
    return content.rindex(b"OggS")


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_ogg_without_its_last_page_has_a_note(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, noise(5.0))
    whole, content = audio_info(path), path.read_bytes()
    path.write_bytes(content[: last_page(content)])
    info = audio_info(path)
    assert "lacks the last page" in info.notes[0]
    assert 0 < info.duration < whole.duration
    assert len(read_audio(path)[0]) == round(info.duration * info.rate)


def test_ogg_of_two_sounds_in_a_row_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "vorbis", noise(1.0))
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(MediaError, match="holds 2 sounds in a row"):
        audio_info(path)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("suffix", ["wav", "mp3", "flac", "ogg"])
def test_sound_is_read_whatever_suffix_it_has(tmp_path: Path, kind: str, suffix: str) -> None:
    path = write(tmp_path, kind, noise(0.5))
    expected = audio_info(path)
    renamed = path.rename(tmp_path / f"renamed.{suffix}")
    assert audio_info(renamed) == expected


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\0\0\0\x1cftypM4A \0\0\0\0" + bytes(500), "an MP4 file .* ffmpeg -i"),
        (b"\x1aE\xdf\xa3" + bytes(500), "Matroska or WebM .* ffmpeg -i"),
        (b"RIFF\x40\0\0\0AVI " + bytes(500), "an AVI film; .* ffmpeg -i"),
        (bytes.fromhex("fff15080"), "an AAC file; .* ffmpeg -i"),
        (bytes.fromhex("3026b2758e66cf11"), "Windows Media"),
        (b"OggS\0\x02" + bytes(22) + b"\x01\x08Speex   ", "cut short|Ogg file with Speex"),
        (b"MThd\0\0\0\x06", "MIDI"),
        (b"<!DOCTYPE html><html>not found</html>", "a web page"),
        ("Ein Text, der gesprochen würde.".encode(), "text, not sound"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "Git LFS"),
        (b"#EXTM3U\nhttp://example.org/a.mp3", "playlist"),
        (bytes(5000), "zero bytes"),
        (b"PK\x03\x04" + bytes(100), "zip archive"),
    ],
)
@pytest.mark.parametrize("suffix", ["mp3", "wav"])
def test_files_that_are_no_sound_are_named_for_what_they_are(
    tmp_path: Path, content: bytes, what: str, suffix: str
) -> None:
    path = tmp_path / f"wrong.{suffix}"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=what) as error:
        audio_info(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_libmpg123_writes_nothing_to_the_terminal(tmp_path: Path) -> None:
    path = write(tmp_path, "mp3", noise(1.0))
    content = path.read_bytes()
    path.write_bytes(content[:600] + bytes(30) + content[600:] + bytes(3000))
    code = "import sys; from tribe_np.media.sound.audio import *; audio_info(sys.argv[1]); read_audio(sys.argv[1])"
    plain = "import sys, soundfile; soundfile.read(sys.argv[1])"
    quiet, loud = (
        subprocess.run([sys.executable, "-c", c, str(path)], capture_output=True, text=True, check=False).stderr
        for c in (code, plain)
    )
    assert "Note:" in loud or "Warning:" in loud
    assert quiet == ""


def test_quiet_stderr_gives_the_terminal_back(capfd: pytest.CaptureFixture[str]) -> None:
    os.write(2, b"before ")
    with suppress(ValueError), quiet_stderr():
        os.write(2, b"hidden ")
        with quiet_stderr():
            os.write(2, b"hidden ")
        os.write(2, b"hidden ")
        raise ValueError
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"


def test_a_closed_stderr_is_left_closed() -> None:
    code = "import os; os.close(2); from tribe_np.media.sound.quiet_stderr import *\nwith quiet_stderr(): print(1)"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1\n")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_sound_are_named_with_their_time(tmp_path: Path, value: float) -> None:
    samples = noise(1.0, 2)
    samples[4000, 1] = value
    soundfile.write(tmp_path / "bad.wav", samples, RATE, subtype="FLOAT")
    with pytest.raises(MediaError, match=r"NaN or infinite samples, the first at 0\.250 s"):
        read_audio(tmp_path / "bad.wav")
    with pytest.raises(MediaError, match=r"the first at 0\.250 s"):
        read_audio(tmp_path / "bad.wav", 0.2, 0.5)


def test_sound_behind_the_end_that_a_wav_header_tells_has_a_note(tmp_path: Path) -> None:
    path = write(tmp_path, "wav", noise(9.0))
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = (2 * RATE).to_bytes(4, "little")
    path.write_bytes(content)
    info = audio_info(path)
    assert info.duration == 1.0
    assert "promises less sound than there is" in info.notes[0]
    tail = b"LIST" + (len(content) - at - 12 - 2 * RATE).to_bytes(4, "little")
    path.write_bytes(content[: at + 4 + 2 * RATE] + tail + content[at + 12 + 2 * RATE :])
    assert audio_info(path).notes == ()


@pytest.mark.parametrize("name", ["tag.mp3", "frame.mp3"])
def test_mp3_too_short_to_hold_sound_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"ID3\x04\0\0\0\0\0\x05hello" if name == "tag.mp3" else bytes.fromhex("fffb9000") + bytes(40))
    with pytest.raises(MediaError, match="an MP3 file without a whole frame") as error:
        audio_info(path)
    assert str(path) in str(error.value)


@settings(max_examples=150)
@given(st.sampled_from(["wav", "rf64", "w64", "aiff", "au", "flac", "vorbis", "mp3"]), st.data())
def test_damaged_files_of_every_kind_raise_only_media_errors(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "damaged"
    folder.mkdir(exist_ok=True)
    path = write(folder, kind, noise(0.3))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, min(len(content) - 1, 300)))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    with suppress(MediaError):
        info = audio_info(path)
        assert info.duration > 0
        assert len(read_audio(path, 0.0, info.duration)[0]) > 0


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_ogg_that_lacks_pages_inside_has_a_note_or_is_an_error(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, noise(8.0))
    content = path.read_bytes()
    pages = [at for at in range(len(content)) if content[at : at + 4] == b"OggS"]
    path.write_bytes(content[: pages[-4]] + content[pages[-2] :])
    try:
        info = audio_info(path)
    except MediaError as error:
        assert "damaged" in str(error)  # noqa: PT017 (libvorbis leaves the gap out, libopus fills it)
    else:
        assert "2 Ogg pages are missing" in info.notes[0]
        assert len(read_audio(path)[0]) == round(info.duration * info.rate)
