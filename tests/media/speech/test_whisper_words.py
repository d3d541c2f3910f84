"""Words from Whisper's pieces, the samples it hears, and what is refused before a model is loaded."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tribe_np.errors import CheckpointError, ConfigError, MediaError
from tribe_np.media.speech.faster_whisper import FasterWhisper, model_languages
from tribe_np.media.speech.speech_samples import RATE, speech_samples
from tribe_np.media.speech.whisper_words import words_of
from tribe_np.media.transcripts.non_speech import is_said


@dataclass
class Piece:
    word: str
    start: float
    end: float


@dataclass
class Segment:
    text: str
    words: list[Piece] | None
    end: float = 0.0


def texts_and_times(pieces: list[tuple[str, float, float]], language: str = "en") -> list[tuple[str, float, float]]:
    segment = Segment("".join(piece[0] for piece in pieces), [Piece(*piece) for piece in pieces])
    return [(word.text, word.start, word.stop) for word in words_of([segment], language, 100.0)]


def test_pieces_without_a_space_join_the_word_before() -> None:
    pieces = [(" for", 0.0, 0.2), (" $3", 0.3, 0.5), (".50", 0.5, 0.9), (",", 0.9, 0.9), (" well", 1, 1.2)]
    pieces += [("-known", 1.2, 1.5), (' "Ada"', 1.6, 2)]
    assert texts_and_times(pieces) == [
        ("for", 0.0, 0.2), ("$3.50,", 0.3, 0.9), ("well-known", 1, 1.5), ("Ada", 1.6, 2),
    ]  # fmt: skip


def test_languages_without_spaces_keep_their_pieces() -> None:
    assert [text for text, *_ in texts_and_times([("你", 0, 1), ("好。", 1, 2), ("吗", 2, 3)], "zh")] == [
        "你",
        "好。",
        "吗",
    ]


def test_chinese_has_a_word_per_character_wherever_pieces_end() -> None:
    heard = [
        ("谢谢", 0.0, 1.0),
        ("，", 1.0, 1.0),
        ("i", 1.0, 1.2),
        ("Phone", 1.2, 2.0),
        ("15", 2.0, 3.0),
        ("吗", 3.0, 4.0),
    ]
    assert texts_and_times(heard, "zh") == [
        ("谢", 0.0, 0.5), ("谢，", 0.5, 1.0), ("iPhone15", 1.0, 3.0), ("吗", 3.0, 4.0),
    ]  # fmt: skip
    assert [text for text, *_ in texts_and_times([("สวัส", 0, 1), ("ดี", 1, 2)], "th")] == ["สวัส", "ดี"]


def test_what_is_not_spoken_is_no_word() -> None:
    assert [text for text, *_ in texts_and_times([(" -", 0, 1), (" ♪", 1, 2), (" &", 2, 3), (" €", 3, 4)])] == [
        "&",
        "€",
    ]
    assert [is_said(text) for text in ("été", "50%", "₽", "½", "... —", "#", "")] == [True] * 4 + [False] * 3


def test_times_are_in_order_and_within_the_sound() -> None:
    segments = [
        Segment(" a b", [Piece(" a", 1.0, 2.0), Piece(" b", 0.7, 0.8)]),
        Segment(" nothing", None),
        Segment(" c", [Piece(" c", 2.5, 9.0)]),
    ]
    assert [(w.start, w.stop, w.sequence_id) for w in words_of(segments, "en", 3.0)] == [
        (1.0, 2.0, 0), (1.0, 1.0, 0), (2.5, 3.0, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 2), (22050, 1), (44100, 2), (11025, 1)])
def test_the_samples_are_one_resampling_of_the_whole(tmp_path: Path, rate: int, channels: int) -> None:
    from scipy.signal import resample_poly

    rng = np.random.default_rng(rate)
    sound = 0.1 * rng.standard_normal((61 * rate + 7, channels))  # three blocks
    path = tmp_path / "sound.wav"
    soundfile.write(path, sound, rate, subtype="FLOAT")
    whole = resample_poly(sound.astype(np.float32).mean(axis=1), RATE, rate)
    samples = speech_samples(path)
    assert samples.dtype == np.float32
    assert 0 <= len(whole) - len(samples) <= RATE / 100
    np.testing.assert_allclose(samples, whole[: len(samples)], atol=1e-6)


def test_samples_that_cannot_be_heard(tmp_path: Path) -> None:
    path = tmp_path / "nan.wav"
    soundfile.write(path, np.full(1600, np.nan), RATE, subtype="FLOAT")
    with pytest.raises(MediaError, match=r"nan\.wav: holds NaN"):
        speech_samples(path)
    fast = tmp_path / "fast.wav"
    soundfile.write(fast, np.zeros(1600), 1_000_003)
    with pytest.raises(MediaError, match="has 1000003 samples per second"):
        speech_samples(fast)


def model_folder(folder: Path, languages: list[str]) -> Path:
    """The files that are looked at before a model is loaded."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"lang_ids": list(range(len(languages)))}))
    tokens = [{"id": number, "content": f"<|{code}|>"} for number, code in enumerate(languages)]
    (folder / "tokenizer.json").write_text(json.dumps({"added_tokens": tokens}))
    (folder / "model.bin").write_bytes(b"")
    return folder


def test_languages_are_the_models_own(tmp_path: Path) -> None:
    model = FasterWhisper(model_folder(tmp_path / "model", ["en", "de", "haw"]), "tiny")
    assert model_languages(model.folder) == ["en", "de", "haw"]
    for language in (None, "german", "haw", "EN"):
        model.check(language)
    with pytest.raises(ConfigError, match=r"'finnish': faster-whisper \(tiny\) knows 3 languages, such as en"):
        model.check("finnish")
    english = FasterWhisper(model_folder(tmp_path / "english", []), "tiny.en")
    english.check("english")
    with pytest.raises(ConfigError, match=r"faster-whisper \(tiny.en\) knows en;"):
        english.check("french")


@pytest.mark.parametrize("missing", ["config.json", "model.bin", "tokenizer.json"])
def test_a_folder_that_is_not_whole(tmp_path: Path, missing: str) -> None:
    folder = model_folder(tmp_path / "model", ["en"])
    (folder / missing).unlink()
    with pytest.raises(CheckpointError, match=f"{missing} is missing; a model has config.json, model.bin"):
        FasterWhisper(folder, "tiny").check(None)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"added_tokens": 3}', '{"added_tokens": [{"id": 9}]}', "[" * 100_000])
def test_a_damaged_tokenizer(tmp_path: Path, text: str) -> None:
    folder = model_folder(tmp_path / "model", ["en"])
    (folder / "tokenizer.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.json or tokenizer\.json is damaged"):
        FasterWhisper(folder, "tiny").check("english")
