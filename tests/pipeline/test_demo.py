"""The demo's film and models where nothing can speak, and what make_demo refuses."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from tribe_np.errors import ConfigError, MissingDependencyError, OutputError
from tribe_np.media.film.probe import probe
from tribe_np.media.sound.audio import extract_audio, read_audio
from tribe_np.pipeline import demo
from tribe_np.pipeline.progress import Silent

pytestmark = pytest.mark.extras


def test_without_espeak_the_words_are_tones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise MissingDependencyError("no espeak-ng")

    monkeypatch.setattr(demo.speech, "synthesise", missing)
    paths, engine = demo.make_demo(tmp_path / "demo", seconds=5, seed=0, progress=Silent())
    assert engine.startswith("tones")
    words = [w for s in json.loads(paths.transcript.read_text())["segments"] for w in s["words"]]
    assert words[0]["word"] == "Good"
    assert all(a["end"] <= b["start"] for a, b in pairwise(words))
    assert extract_audio(paths.clip, tmp_path / "sound.wav")
    samples, rate = read_audio(tmp_path / "sound.wav")
    heard = samples[int(words[0]["start"] * rate) : int(words[0]["end"] * rate)]
    assert abs(heard).max() > 0.05


def test_the_film_is_h264_with_sound_and_equal_each_time(tmp_path: Path) -> None:
    made = [demo.make_demo(tmp_path / name, seconds=3, seed=0, progress=Silent())[0] for name in ("a", "b")]
    info = probe(made[0].clip)
    assert (info.has_video, info.has_audio, info.fps, info.duration) == (True, True, 24.0, 3.0)
    assert made[0].clip.read_bytes() == made[1].clip.read_bytes()
    weights = [[p.read_bytes() for p in sorted(m.models.rglob("*")) if p.is_file()] for m in made]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(("seconds", "seed", "said"), [(1, 0, "--seconds"), (601, 0, "--seconds"), (5, -1, "--seed")])
def test_sizes_that_make_no_sense(tmp_path: Path, seconds: int, seed: int, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        demo.make_demo(tmp_path / "demo", seconds=seconds, seed=seed, progress=Silent())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(OutputError, match="other files"):
        demo.make_demo(tmp_path, seconds=3, seed=0, progress=Silent())
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]
