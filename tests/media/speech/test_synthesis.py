"""Text to speech: the live espeak-ng where it is installed, its failures, and gTTS by a stand-in."""

import ctypes
import sys
import types
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tribe_np.errors import ConfigError, MediaError, MissingDependencyError, OutputError
from tribe_np.media.speech import espeak_child
from tribe_np.media.speech import synthesis as speech
from tribe_np.media.speech.synthesis import synthesise

INSTALLED = espeak_child.load(list(speech.LIBRARIES)) is not None
live = pytest.mark.skipif(not INSTALLED, reason="espeak-ng is not installed (apt install espeak-ng)")
TEXT = "Hello there, my friend. In 1999 the U.S.A. didn't win."


@live
def test_live_words_and_sound(tmp_path: Path) -> None:
    transcript, engine = synthesise(TEXT, tmp_path / "a.wav")
    assert engine == "espeak-ng"
    assert transcript is not None
    assert [word.text for word in transcript.words] == TEXT.split()
    assert (transcript.language, transcript.source) == ("en", "espeak-ng")
    with wave.open(str(tmp_path / "a.wav")) as sound:
        duration = sound.getnframes() / sound.getframerate()
        assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
    assert 2 < transcript.words[-1].stop <= duration < 20
    assert np.abs(soundfile.read(tmp_path / "a.wav")[0]).max() > 0.1
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.wav"]


@live
def test_live_twice_the_same_bytes(tmp_path: Path) -> None:
    first, _ = synthesise(TEXT, tmp_path / "a.wav", engine="espeak-ng")
    second, _ = synthesise(TEXT, tmp_path / "b.wav", engine="espeak-ng")
    assert first == second
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


@live
@pytest.mark.parametrize(
    ("language", "code"),
    [("french", "fr"), ("zh-cn", "zh"), ("English", "en"), ("no", "no"), ("en-US", "en"), ("en-AU", "en"), ("", "en")],
)
def test_live_languages(tmp_path: Path, language: str, code: str) -> None:
    transcript, _ = synthesise("Bonjour à tous.", tmp_path / "a.wav", language=language)
    assert transcript is not None
    assert transcript.language == code


@live
def test_live_a_region_has_its_own_voice(tmp_path: Path) -> None:
    for region in ("en-GB", "en-US"):
        synthesise("I can't dance, ask my aunt.", tmp_path / f"{region}.wav", language=region)
    assert (tmp_path / "en-GB.wav").read_bytes() != (tmp_path / "en-US.wav").read_bytes()


@live
def test_live_chinese_has_a_word_for_every_character(tmp_path: Path) -> None:
    transcript, _ = synthesise("今天天气很好。我的iPhone是2024年买的！", tmp_path / "a.wav", language="zh")
    assert transcript is not None
    expected = ["今", "天", "天", "气", "很", "好。", "我", "的", "iPhone", "是", "2024", "年", "买", "的！"]
    assert [word.text for word in transcript.words] == expected
    starts = [word.start for word in transcript.words]
    assert starts == sorted(set(starts)), "each has a time of its own"
    assert [word.sequence_id for word in transcript.words] == [0] * 6 + [1] * 8


@live
def test_live_kana_are_words_and_kanji_are_refused(tmp_path: Path) -> None:
    transcript, _ = synthesise("きょうは いい。", tmp_path / "a.wav", language="ja")
    assert transcript is not None
    assert [word.text for word in transcript.words] == ["き", "ょ", "う", "は", "い", "い。"]
    with pytest.raises(MediaError, match=r"cannot read kanji \(今\).*kana.*--transcript FILE"):
        synthesise("今日は", tmp_path / "b.wav", language="ja")
    assert not (tmp_path / "b.wav").exists()
    with pytest.raises(MediaError, match=r"voice for 'en' says \"Chinese letter\" for 北: .*--language zh"):
        synthesise("We went to 北京.", tmp_path / "b.wav", language="en")


@live
def test_live_a_script_without_spaces_needs_them(tmp_path: Path) -> None:
    text = "สวัสดีครับผมชื่อสมชายวันนี้อากาศดีมาก"
    with pytest.raises(MediaError, match=r"37 letters without a space.*zero-width spaces"):
        synthesise(text, tmp_path / "a.wav", language="th")
    transcript, _ = synthesise("สวัสดี\u200bครับ ผม\u200bชื่อ\u200bสมชาย", tmp_path / "b.wav", language="th")
    assert transcript is not None
    assert [word.text for word in transcript.words] == ["สวัสดี", "ครับ", "ผม", "ชื่อ", "สมชาย"]


@live
def test_live_control_characters_keep_their_place(tmp_path: Path) -> None:
    transcript, _ = synthesise("One\0two\x07 three", tmp_path / "a.wav")
    assert transcript is not None
    assert transcript.words[-1].text == "three"
    assert transcript.words[-1].start > 0.3


@live
def test_live_unknown_voice(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no voice for language 'lo'"):
        synthesise("hello", tmp_path / "a.wav", language="lao")
    with pytest.raises(ConfigError, match="language 'englsh' is not known; did you mean english"):
        synthesise("hello", tmp_path / "a.wav", language="englsh")
    assert not (tmp_path / "a.wav").exists()


@live
def test_live_nowhere_to_write(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="speech cannot be written"):
        synthesise("hello", tmp_path / "none" / "a.wav")


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_a_blank_text(tmp_path: Path, text: str) -> None:
    with pytest.raises(MediaError, match="blank"):
        synthesise(text, tmp_path / "a.wav")


def test_text_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="half of a surrogate pair at character 2"):
        synthesise("a\ud800", tmp_path / "a.wav")


def test_unknown_engine(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'festival'; known: espeak-ng, gtts"):
        synthesise("a", tmp_path / "a.wav", engine="festival")


def test_no_engine_says_the_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "LIBRARIES", ("libnone.so.0",))
    monkeypatch.setitem(sys.modules, "gtts", None)
    for engine in (None, "espeak-ng", "gtts"):
        with pytest.raises(MissingDependencyError, match=r"apt install espeak-ng.*pip install gtts"):
            synthesise("hello", tmp_path / "a.wav", engine=engine)
    assert list(tmp_path.iterdir()) == []


CRASH = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (CRASH, r"espeak-ng crashed \(signal 11\)"),
        ("import sys; sys.exit('no data')", r"failed \(exit code 1\): no data"),
        ("import sys; sys.exit(6)", r"failed \(exit code 6\): it printed nothing"),
    ],
)
def test_a_crash_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, message: str) -> None:
    monkeypatch.setattr(speech, "_espeak_command", lambda folder, voice: [sys.executable, "-c", code])
    with pytest.raises(MediaError, match=message):
        synthesise("hello", tmp_path / "a.wav")
    assert list(tmp_path.iterdir()) == []


def test_no_sound_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys, wave, json\nw = wave.open(sys.argv[1] + '/speech.wav', 'wb')\nw.setnchannels(1); w.setsampwidth(2)"
        "\nw.setframerate(8000); w.close()\nopen(sys.argv[1] + '/events.json', 'w').write('[]')"
    )
    monkeypatch.setattr(speech, "_espeak_command", lambda folder, voice: [sys.executable, "-c", code, folder])
    with pytest.raises(MediaError, match="made no sound"):
        synthesise("hello", tmp_path / "a.wav")


class FakeLibrary:
    """espeak-ng's calls in their order, with the answers a test asks for."""

    def __init__(self, rate: int = 22050, voice: int = 0, status: int = 0) -> None:
        self.rate, self.voice, self.status = rate, voice, status
        self.stopped: int | None = None

    def espeak_Initialize(self, *arguments: int) -> int:
        assert arguments == (2, 0, None, 0x8000)
        return self.rate

    def espeak_SetVoiceByName(self, name: bytes) -> int:
        assert name == b"en"
        return self.voice

    def espeak_SetSynthCallback(self, callback: Any) -> None:
        self.callback = callback

    def espeak_Synth(self, text: bytes, size: ctypes.c_size_t, *rest: Any) -> int:
        assert size.value == len(text) + 1
        events = (espeak_child._Event * 3)()
        events[0].type, events[0].text_position, events[0].length, events[0].audio_position = 1, 1, 5, 7
        events[1].type = 8  # the sample rate: left out
        self.stopped = self.callback((ctypes.c_short * 4)(1, 2, 3, 4), 4, events)
        return self.status

    def espeak_Synchronize(self) -> None:
        assert self.stopped is not None


def run_in_process(monkeypatch: pytest.MonkeyPatch, folder: Path, library: FakeLibrary | None) -> int:
    monkeypatch.setattr(espeak_child, "load", lambda names: library)
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=types.SimpleNamespace(read=lambda: b"Hello")))
    return espeak_child.main([str(folder), "en", "lib.so"])


def test_the_child_writes_sound_and_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_in_process(monkeypatch, tmp_path, FakeLibrary()) == 0
    assert (tmp_path / "events.json").read_text() == '[["word", 1, 5, 7]]'
    assert soundfile.read(tmp_path / "speech.wav", dtype="int16")[0].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("library", "code"),
    [
        (None, espeak_child.NO_LIBRARY),
        (FakeLibrary(rate=-1), espeak_child.REFUSED),
        (FakeLibrary(voice=2), espeak_child.NO_VOICE),
        (FakeLibrary(status=1), espeak_child.REFUSED),
    ],
)
def test_the_child_says_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: FakeLibrary | None, code: int
) -> None:
    assert run_in_process(monkeypatch, tmp_path, library) == code
    assert not (tmp_path / "events.json").exists()


def test_the_child_with_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(self: wave.Wave_write, samples: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(wave.Wave_write, "writeframes", full)
    library = FakeLibrary()
    assert run_in_process(monkeypatch, tmp_path, library) == espeak_child.NO_DISK
    assert library.stopped == 1
    assert "No space left" in capsys.readouterr().err


def test_no_library_by_any_name() -> None:
    assert espeak_child.load(["libnone.so.0", "/no/such.dylib"]) is None


class FakeGtts(types.ModuleType):
    """gTTS, without its network."""

    class gTTSError(Exception):  # noqa: N801
        pass

    failing = False

    class gTTS:  # noqa: N801
        def __init__(self, text: str, lang: str) -> None:
            if lang == "iw":
                raise ValueError("Language not supported: iw")
            self.seconds = len(text) / 10

        def save(self, path: str) -> None:
            if FakeGtts.failing:
                raise FakeGtts.gTTSError("Failed to connect.\n Probable cause: Unknown")
            tone = np.sin(np.arange(int(24000 * self.seconds)) / 10)
            soundfile.write(path, tone, 24000, format="MP3")


@pytest.fixture
def fake_gtts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeGtts, "failing", False)
    monkeypatch.setitem(sys.modules, "gtts", FakeGtts("gtts"))


@pytest.mark.usefixtures("fake_gtts")
def test_gtts_when_espeak_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "LIBRARIES", ("libnone.so.0",))
    assert synthesise("hello there", tmp_path / "a.wav") == (None, "gtts")
    samples, rate = soundfile.read(tmp_path / "a.wav")
    assert rate == 24000
    assert len(samples) / rate == pytest.approx(1.1, abs=0.1)


@pytest.mark.usefixtures("fake_gtts")
def test_gtts_failures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MediaError, match="Language not supported"):
        synthesise("hello", tmp_path / "a.wav", engine="gtts", language="hebrew")
    monkeypatch.setattr(FakeGtts, "failing", True)
    with pytest.raises(MediaError, match=r"needs a network\): Failed to connect\. Probable"):
        synthesise("hello", tmp_path / "a.wav", engine="gtts")
    assert list(tmp_path.iterdir()) == []
