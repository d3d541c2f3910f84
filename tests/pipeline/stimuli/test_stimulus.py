"""The first checks on a stimulus file."""

from pathlib import Path

import pytest

from tribe_np.errors import ConfigError, MediaError
from tribe_np.pipeline.stimuli.stimulus import SUFFIXES, one_stimulus, open_stimulus


def written(tmp_path: Path, name: str, content: bytes = b"x") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("kind", "suffix"), [(k, s) for k, group in SUFFIXES.items() for s in group])
def test_every_suffix_has_its_kind_in_any_case(tmp_path: Path, kind: str, suffix: str) -> None:
    assert open_stimulus(written(tmp_path, f"a{suffix}")).kind == kind
    assert open_stimulus(written(tmp_path, f"b{suffix.upper()}")).kind == kind


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such file"):
        open_stimulus(tmp_path / "absent.mp4")
    with pytest.raises(MediaError, match="is empty"):
        open_stimulus(written(tmp_path, "e.wav", b""))
    with pytest.raises(MediaError, match="must end with one of"):
        open_stimulus(written(tmp_path, "a.pdf"))
    with pytest.raises(MediaError, match="must end with one of"):
        open_stimulus(tmp_path / "absent.pdf")  # the suffix is checked first, as upstream does
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(MediaError, match="is a folder"):
        open_stimulus(tmp_path / "folder.mp4")


def test_exactly_one_path(tmp_path: Path) -> None:
    sound = written(tmp_path, "a.wav")
    assert one_stimulus(None, sound, None).kind == "audio"
    with pytest.raises(ConfigError, match="got none"):
        one_stimulus(None, None, None)
    with pytest.raises(ConfigError, match="audio_path, video_path"):
        one_stimulus(None, sound, sound)
    with pytest.raises(MediaError, match="video_path must end with"):
        one_stimulus(None, None, sound)


def test_text_must_be_utf8_and_not_blank(tmp_path: Path) -> None:
    assert open_stimulus(written(tmp_path, "a.txt", "\ufeffgr\u00fc\u00df".encode())).text() == "gr\u00fc\u00df"
    with pytest.raises(MediaError, match="not UTF-8"):
        open_stimulus(written(tmp_path, "b.txt", b"caf\xe9")).text()
    with pytest.raises(MediaError, match="blank"):
        open_stimulus(written(tmp_path, "c.txt", b" \n")).text()
