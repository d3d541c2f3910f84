"""ffmpeg as a child: its output, its end, its reasons."""

import subprocess

import pytest

from tests.media.film.video_samples import make_video, numbers
from tribe_np.errors import MediaError, MissingDependencyError, MissingFileError
from tribe_np.media import ffmpeg
from tribe_np.media.film.packets import read_packets
from tribe_np.media.film.probe import probe
from tribe_np.media.film.video import read_frames


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
    with pytest.raises(MissingDependencyError, match="cannot be started"):
        ffmpeg.run_ffmpeg([], path_for_errors="x")


@pytest.mark.extras
def test_no_binary_is_a_clear_error(monkeypatch):
    import imageio_ffmpeg

    def none():
        raise RuntimeError("No ffmpeg exe could be found")

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", none)
    with pytest.raises(MissingDependencyError, match="IMAGEIO_FFMPEG_EXE"):
        ffmpeg.ffmpeg_path()


@pytest.mark.extras
def test_a_path_is_never_an_option_or_a_protocol(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_video(tmp_path / "a.mp4", n_frames=3).rename(tmp_path / "-i:x.mp4")
    assert "Video:" in ffmpeg.printed_about("-i:x.mp4")


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
    with pytest.raises(MissingFileError, match="no such file"):
        ffmpeg.check_file(tmp_path / "none.mp4")
    with pytest.raises(MediaError, match="is a folder"):
        ffmpeg.check_file(tmp_path)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(MediaError, match="is empty"):
        ffmpeg.check_file(tmp_path / "empty.mp4")
    with pytest.raises(MediaError, match="cannot be read"):
        ffmpeg.check_file("x" * 5000)


LISTS = {
    "an HLS playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{film}\n#EXT-X-ENDLIST\n",
    "a DASH manifest": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash"><BaseURL>{film}</BaseURL></MPD>\n',
    "a list of files for ffmpeg": "ffconcat version 1.0\nfile {film}\n",
    "a web page": "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n",
    "a Git LFS pointer": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
}


@pytest.mark.parametrize("what", LISTS)
def test_a_list_of_other_files_is_named(tmp_path, what):
    path = tmp_path / "a.mp4"
    path.write_text("\ufeff" + LISTS[what].format(film=tmp_path / "secret.mp4"))
    with pytest.raises(MediaError, match=rf"a\.mp4: is {what}.*not a film or sound; \w"):
        ffmpeg.check_file(path)


@pytest.mark.extras
@pytest.mark.parametrize("what", [*LISTS, "unmarked"])
def test_ffmpeg_opens_no_file_that_another_names(tmp_path, what):
    """Without our own look at the first bytes: ffmpeg is held to containers."""
    film = make_video(tmp_path / "secret.mp4", n_frames=3)
    path = tmp_path / "a.mp4"
    # ffmpeg knows a list by any line that begins so
    path.write_text(LISTS.get(what, "# a comment\nffconcat version 1.0\nfile {film}\n").format(film=film))
    assert "Video:" not in ffmpeg.printed_about(path)
    with pytest.raises(MediaError, match="cannot be decoded: "):
        ffmpeg.run_ffmpeg([*ffmpeg.input_args(path), "-f", "rawvideo", "-"], path_for_errors=path)


@pytest.mark.extras
def test_a_format_that_is_no_container_is_said(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("ffconcat version 1.0\nfile x\n")
    with pytest.raises(MediaError, match=r"its format is not one of those that are read \(mov, matroska, "):
        ffmpeg.run_ffmpeg([*ffmpeg.input_args(path), "-f", "null", "-"], path_for_errors=path)


@pytest.mark.extras
@pytest.mark.parametrize(
    "name", ["-i.mp4", "a:b.mp4", "%03d.mp4", "concat:a|b.mp4", "a b'c\".mp4", "[0:v].mp4", "*?.mp4"]
)
def test_odd_names_are_names(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    make_video(tmp_path / "plain.mp4", n_frames=3).rename(tmp_path / name)
    info = probe(name)
    assert (info.has_video, info.video_stop) == (True, 0.12)
    assert [int(numbers(frame)) for frame in read_frames(info, 0)] == [0, 1, 2]


@pytest.mark.extras
@pytest.mark.parametrize("spelled", ["5.1.9-0+deb12u1", "n9.0.2-17-g2a571b6068-20260930", "4.2.2-static"])
def test_the_version_is_the_programs_own_word(tmp_path, monkeypatch, spelled):
    other = tmp_path / "ffmpeg"
    other.write_text(f"#!/bin/sh\necho 'ffmpeg version {spelled} Copyright (c) 2000-2026'\necho built with gcc\n")
    other.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(other))
    assert ffmpeg.ffmpeg_version() == spelled
    assert ffmpeg.decodable_codecs() == frozenset()
    assert ffmpeg.passthrough_args() == ["-vsync", "0"]


@pytest.mark.extras
def test_what_can_be_decoded():
    assert {"h264", "aac", "mp3", "vp9"} < ffmpeg.decodable_codecs()
    assert "none" not in ffmpeg.decodable_codecs()


@pytest.mark.extras
@pytest.mark.parametrize("listing", [True, False])
def test_a_killed_ffmpeg_is_one_line(tmp_path, monkeypatch, listing):
    """Killed in the middle of a line about packets, or of a picture."""
    path = make_video(tmp_path / "a.mp4", n_frames=3)
    info = probe(path)
    other = tmp_path / "ffmpeg"
    other.write_text("#!/bin/sh\nprintf '#tb 0: 1/25\\n0, 0, 0, 1, 9, 0x0\\n0, 1'\nkill -9 $$\n")
    other.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "ffmpeg_path", lambda: str(other))
    with pytest.raises(MediaError, match=r"a\.mp4: cannot be decoded: ffmpeg was killed \(signal 9\)$"):
        list(read_packets(path, [0])) if listing else list(read_frames(info, 0))
