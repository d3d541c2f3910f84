"""faster-whisper on real weights: what it hears, and that it hears nothing where nobody speaks.

Run by the tox environment `transcribe`, which installs the base model; espeak-ng says when it spoke each word.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import soundfile

from tests.media.speech.test_synthesis import live
from tools.word_times import whisper_base
from tools.word_times.main import Score
from tribe_np.errors import CheckpointError
from tribe_np.media.speech.faster_whisper import FasterWhisper, model_languages
from tribe_np.media.speech.synthesis import synthesise
from tribe_np.media.transcripts.transcript import Transcript

pytestmark = pytest.mark.transcribe
RATE = 16000
TEXT = (
    "Good morning. The ticket costs $3.50, and Mr. Johnson paid 2,000 dollars in 2014 for a well-known painting. "
    "We don't know why; the train leaves at noon. Maria and Christopher waited 25 minutes."
)
GERMAN = "Am frühen Morgen ging der alte Mann zum Fluss. Das Wasser war kalt und klar, und die Sonne schien."


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base model; its digests are checked when it is joined."""
    return whisper_base.join(tmp_path_factory.mktemp("models") / "whisper")


@pytest.fixture(scope="session")
def model(folder: Path) -> FasterWhisper:
    return FasterWhisper(folder, "base", 2)


@pytest.fixture(scope="session")
def talk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Transcript]:
    """The text spoken by espeak-ng, with its own times."""
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    words, _ = synthesise(TEXT, path)
    assert words is not None
    return path, words


def music(seconds: int) -> np.ndarray:
    """Broken chords with overtones that die away, and a drum."""
    time = np.arange(seconds * RATE) / RATE
    sound = np.zeros(len(time))
    rng = np.random.default_rng(1)
    for beat in range(2 * seconds):
        here = time - beat / 2
        decay = np.where(here >= 0, np.exp(-3 * np.maximum(here, 0)), 0)
        for tone in (0, 4, 7)[: 1 + beat % 3]:
            pitch = 220 * 2 ** ((tone + (0, 5, 7, 0)[beat // 4 % 4]) / 12)
            sound += decay * sum(np.sin(2 * np.pi * k * pitch * here) / k for k in (1, 2, 3, 4))
        sound += np.where((here >= 0) & (here < 0.06), rng.standard_normal(len(time)), 0)
    return 0.5 * sound / np.abs(sound).max()


def sounds() -> dict[str, Callable[[], np.ndarray]]:
    rng = np.random.default_rng(0)
    return {
        "silence": lambda: np.zeros(40 * RATE),
        "white noise": lambda: 0.1 * rng.standard_normal(40 * RATE),
        "rumble": lambda: 0.002 * np.cumsum(rng.standard_normal(40 * RATE)) % 1 - 0.5,
        "a tone": lambda: 0.3 * np.sin(2 * np.pi * 440 * np.arange(40 * RATE) / RATE),
        "music": lambda: music(25),
        "a tenth of a second": lambda: 0.1 * rng.standard_normal(RATE // 10),
        "one sample": lambda: np.zeros(1),
    }


@pytest.mark.parametrize("name", sounds())
def test_where_nobody_speaks_there_are_no_words(name: str, model: FasterWhisper, tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    soundfile.write(path, sounds()[name](), RATE)
    transcript = model.transcribe(path, None)
    assert transcript.words == ()
    assert transcript.language == ""


@live
def test_words_and_their_times(model: FasterWhisper, talk: tuple[Path, Transcript]) -> None:
    path, spoken = talk
    told: list[int] = []
    heard = model.transcribe(path, None, told.append)
    score = Score()
    score.add(spoken.words, heard.words)
    assert score.n_timed / score.n_words > 0.8
    assert median(map(abs, score.errors)) < 0.15
    assert max(map(abs, score.errors)) < 1.0
    texts = [word.text for word in heard.words]
    assert "$3.50" in texts  # two pieces
    assert "well-known" in texts
    assert "2014" in texts
    assert heard.language == "en"
    duration = soundfile.info(path).duration
    assert duration - 3 < sum(told) <= duration  # the end is a pause
    assert len(told) > 1
    assert all(a.start <= b.start and a.start < a.stop for a, b in zip(heard.words, heard.words[1:], strict=False))


@live
def test_twice_the_same_words(model: FasterWhisper, talk: tuple[Path, Transcript]) -> None:
    assert model.transcribe(talk[0], None) == model.transcribe(talk[0], None)


@live
def test_a_pause_and_noise_around_speech_move_no_word(
    model: FasterWhisper, talk: tuple[Path, Transcript], tmp_path: Path
) -> None:
    samples, rate = soundfile.read(talk[0])
    rng = np.random.default_rng(3)
    before, after = (0.003 * rng.standard_normal(seconds * rate) for seconds in (25, 40))
    path = tmp_path / "long.flac"
    soundfile.write(path, np.concatenate([before, samples, after]), rate)
    heard = model.transcribe(path, "english")
    score = Score()
    score.add([w.__class__(w.text, w.start + 25, w.stop + 25) for w in talk[1].words], heard.words)
    assert score.n_timed / score.n_words > 0.8
    assert median(map(abs, score.errors)) < 0.15
    assert heard.words[0].start > 24
    assert heard.words[-1].stop < 26 + len(samples) / rate


@live
def test_another_language_is_detected(model: FasterWhisper, tmp_path: Path) -> None:
    path = tmp_path / "german.wav"
    synthesise(GERMAN, path, language="german")
    heard = model.transcribe(path, None)
    assert heard.language == "de"
    assert {"Morgen", "Wasser"} & {word.text for word in heard.words}


def test_the_model_knows_its_languages(folder: Path) -> None:
    languages = model_languages(folder)
    assert len(languages) == 99
    assert {"en", "fr", "zh", "ta"} <= set(languages)


@pytest.mark.parametrize("name", ["model.bin", "tokenizer.json"])
def test_a_damaged_model_is_one_line(name: str, folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    content = (broken / name).read_bytes()
    (broken / name).write_bytes(content[: len(content) // 2] if name == "model.bin" else b'{"version": "1.0"}')
    path = tmp_path / "sound.wav"
    soundfile.write(path, np.zeros(RATE), RATE)
    with pytest.raises(CheckpointError, match="broken: not a readable faster-whisper model") as caught:
        FasterWhisper(broken, "broken").transcribe(path, None)
    assert "\n" not in str(caught.value)


def command(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TRIBE_NP", "HF_"))}
    environment |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "HF_HOME": str(home / "hf")}
    return subprocess.run(
        [sys.executable, "-m", "tribe_np", *map(str, arguments)],
        capture_output=True, text=True, timeout=300, check=False, env=environment,
    )  # fmt: skip


@live
def test_a_film_from_end_to_end(folder: Path, tmp_path: Path) -> None:
    demo = tmp_path / "demo"
    assert command("demo", "--seconds", 8, "--quiet", "--out", demo, home=tmp_path).returncode == 0
    hub = tmp_path / "hf" / "hub" / "models--Systran--faster-whisper-base"
    (hub / "refs").mkdir(parents=True)
    (hub / "refs" / "main").write_text("abc")
    shutil.copytree(folder, hub / "snapshots" / "abc")
    run = ["predict", demo / "clip.mp4", "--checkpoint", demo / "models/encoder", "--models", demo / "models"]
    size = ["--whisper-model", "base", "--out", tmp_path / "out", "--quiet"]
    for _ in range(2):
        done = command(*run, *size, home=tmp_path)
        assert done.returncode == 0, done.stderr
        assert [line for line in done.stderr.splitlines() if "random weights" not in line] == []  # the demo's are
        assert "transcript.json" in done.stdout
    document = json.loads((tmp_path / "out" / "transcript.json").read_text())
    words = [word["word"] for segment in document["segments"] for word in segment["words"]]
    assert words[0] == "Good"
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["words_from"] == "faster-whisper (base)"
    assert record["language"] == "english"
    assert record["seconds"].get("transcription") is None  # the second run found it in the cache
    text = tmp_path / "spoken.txt"
    known = json.loads((demo / "transcript.json").read_text())["segments"]
    text.write_text(" ".join(word["word"] for segment in known for word in segment["words"]))
    shutil.copytree(folder, demo / "models" / "whisper")
    done = command(*run, "--align", text, "--out", tmp_path / "aligned", "--quiet", home=tmp_path)
    assert done.returncode == 0, done.stderr
    aligned = json.loads((tmp_path / "aligned" / "transcript.json").read_text())
    assert " ".join(w["word"] for s in aligned["segments"] for w in s["words"]) == text.read_text()
    done = command(*run, "--align", Path(__file__), "--out", tmp_path / "no", home=tmp_path)
    assert done.returncode == 2
    assert "the text does not match the sound" in done.stderr
    assert not (tmp_path / "no").exists()


def test_sound_without_speech_is_a_warning(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "tune.wav"
    soundfile.write(path, music(10), RATE)
    done = command("events", path, "--whisper-model", folder, "--out", tmp_path / "e.tsv", "--quiet", home=tmp_path)
    assert done.returncode == 0
    assert "warning: faster-whisper (whisper) found no speech in tune.wav" in done.stderr
    assert "warning: no words: predicting without text" in done.stderr
