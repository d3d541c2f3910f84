"""Other versions of ffmpeg than the bundled one read films alike: the system's, and those in TRIBE_NP_FFMPEGS.

`tox -e ffmpegs` brings the oldest that imageio-ffmpeg 0.5 has, 4.2, whose words for rotation and streams differ.
"""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.media.film.video_samples import make_video
from tools.reference.odd_films import screen_recording, two_films, wide_pixels, with_subtitles
from tribe_np.errors import MediaError
from tribe_np.media import ffmpeg
from tribe_np.media.film import probe
from tribe_np.media.film.video import clip_frames

pytestmark = pytest.mark.extras
TURNED = Path(__file__).parents[1] / "golden" / "predictions_turned.mp4"
SAME = ("duration", "video_stream", "audio_stream", "fps", "is_constant", "rotation", "seen_size", "notes")


def others() -> list[str]:
    """Binaries beside the bundled one."""
    found = {shutil.which("ffmpeg")} - {None}
    for folder in os.environ.get("TRIBE_NP_FFMPEGS", "").split(os.pathsep):
        found |= {str(path) for path in Path(folder).rglob("ffmpeg*") if folder and os.access(path, os.X_OK)}
    return sorted(path for path in found if Path(path).is_file())


def found(other: str | None) -> str:
    """`other`, or the test ends here: skipped, but failed where a folder was named."""
    if other is None:
        assert "TRIBE_NP_FFMPEGS" not in os.environ
        pytest.skip("no other ffmpeg: none on the PATH, and TRIBE_NP_FFMPEGS names no folder of one")
    return other


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Odd films, made by the bundled ffmpeg."""
    folder = tmp_path_factory.mktemp("films")
    plain, tagged = make_video(folder / "plain.mp4", n_frames=60, sound=2.0), folder / "tagged.mkv"
    turn = ["-metadata:s:v:0", "ROTATE=270", "-an", str(tagged)]
    ffmpeg.run_ffmpeg(["-i", str(plain), "-c", "copy", *turn], path_for_errors=tagged)
    return {
        "constant rate": make_video(folder / "constant.mp4", n_frames=60),
        "turned by a matrix": TURNED,
        "turned by a tag": tagged,
        "variable rate": screen_recording(folder / "screen.mp4"),
        "two films": two_films(folder / "two.mkv"),
        "wide pixels": wide_pixels(folder / "wide.mp4"),
        "subtitles": with_subtitles(folder / "titles.mkv"),
    }


def reading(path):
    """What is known of a film, and some of its clips."""
    info = probe.probe(path)
    length = min(info.duration, 4.0)
    return info, np.array(list(clip_frames(path, offset=0.0, duration=length, n_video_frames=8)))


@pytest.mark.parametrize("other", others() or [None])
def test_odd_films_are_read_alike(films, monkeypatch, other):
    other = found(other)
    wanted = {kind: reading(path) for kind, path in films.items()}
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", other)
    probe._probe.cache_clear()
    for kind, path in films.items():
        info, clips = reading(path)
        theirs, their_clips = wanted[kind]
        assert [getattr(info, name) for name in SAME] == [getattr(theirs, name) for name in SAME], kind
        assert np.array_equal(info.picture_times, theirs.picture_times), kind
        assert np.array_equal(clips, their_clips), kind
    assert wanted["turned by a matrix"][0].rotation == 90
    assert wanted["turned by a tag"][0].seen_size == (16, 128)
    probe._probe.cache_clear()


@pytest.mark.parametrize("other", others() or [None])
def test_no_version_opens_other_files(films, tmp_path, monkeypatch, other):
    other = found(other)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", other)
    path = tmp_path / "list.mp4"
    path.write_text(f"ffconcat version 1.0\nfile {films['constant rate']}\n")
    assert "Video:" not in ffmpeg.printed_about(path)
    with pytest.raises(MediaError, match="its format is not one of those that are read"):
        ffmpeg.run_ffmpeg([*ffmpeg.input_args(path), "-f", "null", "-"], path_for_errors=path)
