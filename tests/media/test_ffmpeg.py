"""ffmpeg as a child: its output, its end, its reasons."""

import subprocess

import pytest

from tests.media.video_samples import make_video
from tribe_np.errors import MediaError
from tribe_np.media import ffmpeg


@pytest.mark.extras
def test_output_comes_back_whole(tmp_path):
    path = make_video(tmp_path / "a.mp4", n_frames=10)
    raw = ffmpeg.run_ffmpeg(["-i", ffmpeg.file_url(path), "-f", "rawvideo", "-"], path_for_errors=path)
    assert len(raw) == 10 * 128 * 16 * 3 // 2


@pytest.mark.extras
def test_a_failure_is_one_line_with_the_cause(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("not a film")
    with pytest.raises(MediaError, match=r"a\.mp4: cannot be decoded: moov atom not found$"):
        ffmpeg.run_ffmpeg(["-i", str(path), "-f", "rawvideo", "-"], path_for_errors=path)


@pytest.mark.extras
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_the_child_is_killed_when_the_block_is_left(monkeypatch, error):
    children = []
    real = subprocess.Popen

    def start(*args, **kwargs):
        children.append(real(*args, **kwargs))
        return children[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    endless = ["-f", "lavfi", "-i", "testsrc", "-f", "rawvideo", "-"]

    def read_some():
        with ffmpeg.open_ffmpeg(endless, path_for_errors="x") as stream:
            assert len(stream.read(1000)) == 1000
            raise error

    with pytest.raises(error):
        read_some()
    assert children[0].returncode is not None


@pytest.mark.extras
def test_leaving_early_is_no_error():
    endless = ["-f", "lavfi", "-i", "testsrc", "-f", "rawvideo", "-"]
    with ffmpeg.open_ffmpeg(endless, path_for_errors="x") as stream:
        stream.read(10)


@pytest.mark.extras
def test_another_binary_may_be_named(monkeypatch, tmp_path):
    other = tmp_path / "my-ffmpeg"
    other.write_text("#!/bin/sh\necho hello\n")
    other.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(other))
    assert ffmpeg.ffmpeg_path() == str(other)
    assert ffmpeg.run_ffmpeg([], path_for_errors="x") == b"hello\n"
    other.chmod(0o644)
    with pytest.raises(MediaError, match="cannot be started"):
        ffmpeg.run_ffmpeg([], path_for_errors="x")


@pytest.mark.extras
def test_no_binary_is_a_clear_error(monkeypatch):
    import imageio_ffmpeg

    def none():
        raise RuntimeError("No ffmpeg exe could be found")

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", none)
    with pytest.raises(MediaError, match="IMAGEIO_FFMPEG_EXE"):
        ffmpeg.ffmpeg_path()


@pytest.mark.extras
def test_a_path_is_never_an_option_or_a_protocol(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_video(tmp_path / "a.mp4", n_frames=3).rename(tmp_path / "-i:x.mp4")
    assert "Video:" in ffmpeg.describe("-i:x.mp4")


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("[in#0 @ 0x5f] moov atom not found\n[in#0 @ 0x60] Error opening input: x", "moov atom not found"),
        ("[a @ 0x1] [b @ 0x2] deep", "deep"),
        ("Error opening input: Invalid data\nError opening input files: x", "Error opening input: Invalid data"),
        ("a misdetection possible!\n\n", "ffmpeg gave no reason"),
    ],
)
def test_the_useful_line(log, line):
    assert ffmpeg.useful_line(log) == line


def test_files_are_checked_first(tmp_path):
    with pytest.raises(MediaError, match="no such file"):
        ffmpeg.check_file(tmp_path / "none.mp4")
    with pytest.raises(MediaError, match="is a folder"):
        ffmpeg.check_file(tmp_path)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(MediaError, match="is empty"):
        ffmpeg.check_file(tmp_path / "empty.mp4")
    with pytest.raises(MediaError, match="cannot be read"):
        ffmpeg.check_file("x" * 5000)
