"""Which language a stimulus is taken to be in, and what run.json says of it."""

import sys
from pathlib import Path

import pytest

from tribe_np.errors import ConfigError, EventsError, MissingDependencyError
from tribe_np.media.transcripts.transcript import Transcript, Word
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli import language
from tribe_np.timeline.language_detection import Detected
from tribe_np.timeline.languages import find_language

FRENCH = "Bonjour à tous. Aujourd'hui nous allons parler de la pluie et du beau temps."


def asked(name: str | None, **options: object) -> tuple[PipelineConfig, RunRecord]:
    return PipelineConfig.from_dict({"language": name, **options}), RunRecord()


def words(text: str, stated: str = "") -> Transcript:
    return Transcript(tuple(Word(word, k, k + 0.5) for k, word in enumerate(text.split())), stated)


def detecting(monkeypatch: pytest.MonkeyPatch, code: str, probability: float = 0.99) -> None:
    found = Detected(find_language(code), probability)
    monkeypatch.setattr(language, "detect_language", lambda text: found)


def test_a_text_is_spoken_in_the_language_it_is_in(monkeypatch: pytest.MonkeyPatch) -> None:
    detecting(monkeypatch, "fr")
    for name in (None, "detect"):
        config, record = asked(name)
        assert language.language_to_speak(FRENCH, config, record) == "fr"
        assert record.warnings == ["the text is taken to be French (detected); if that is wrong, give --language NAME"]
        assert record.facts == {"language_from": "detected"}
    detecting(monkeypatch, "en")
    config, record = asked(None)
    assert (language.language_to_speak("A text.", config, record), record.warnings) == ("en", [])
    detecting(monkeypatch, "en", 0.71)
    language.language_to_speak("No.", config, record)
    assert "(detected, probability 0.71)" in record.warnings[0]


def test_a_named_language_is_not_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "detect_language", None)
    config, record = asked("en-US")
    assert language.language_to_speak(FRENCH, config, record) == "en-US"
    assert language.language_of_words(words(FRENCH, "fr"), config, record) == "english"
    assert record.facts == {"language": "english", "language_from": "option"}
    with pytest.raises(ConfigError, match="'englsh' is not known"):
        asked("englsh")


def test_without_langdetect_english_is_assumed_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langdetect", None)
    config, record = asked(None)
    assert language.language_to_speak(FRENCH, config, record) == "english"
    (warning,) = record.warnings
    assert warning.startswith("the text is taken to be English: ")
    assert "pip install langdetect, or name it with --language" in warning
    config, record = asked("detect")
    with pytest.raises(MissingDependencyError):
        language.language_to_speak(FRENCH, config, record)
    with pytest.raises(MissingDependencyError):
        language.language_of_words(words(FRENCH, "en"), config, record)


def test_the_language_of_a_transcript(monkeypatch: pytest.MonkeyPatch) -> None:
    detecting(monkeypatch, "fr")
    cases = [
        (None, words(FRENCH, "de"), "german", "transcript"),
        (None, words(FRENCH, "en-US"), "english", "transcript"),
        ("detect", words(FRENCH, "de"), "french", "detected"),
        (None, words(FRENCH * 2), "english", "assumed"),
        (None, words("Bonjour"), "english", "assumed"),
        ("detect", words("Bonjour"), "french", "detected"),
    ]
    for name, transcript, expected, source in cases:
        config, record = asked(name)
        assert language.language_of_words(transcript, config, record) == expected
        assert record.facts == {"language": expected, "language_from": source}
    config, record = asked(None, compat="upstream")
    assert language.language_of_words(words(FRENCH, "fr"), config, record) == "english"


def test_a_transcript_that_is_surely_not_english_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no more than that: numbers must not hang on whether langdetect is installed."""
    detecting(monkeypatch, "fr")
    config, record = asked(None)
    assert language.language_of_words(words(FRENCH * 2), config, record) == "english"
    assert (
        "looks like French; its sentences are split as if English: if that is wrong, give --language fr"
        in record.warnings[0]
    )
    detecting(monkeypatch, "no", 0.71)
    config, record = asked(None)
    language.language_of_words(words(FRENCH * 2), config, record)
    language.language_of_words(words("Bonjour"), config, record)
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "langdetect", None)
    language.language_of_words(words(FRENCH * 2), config, record)
    assert record.warnings == []


def test_a_short_transcript_is_doubted_by_its_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langdetect", None)
    config, record = asked(None)
    assert language.language_of_words(words("오늘은 날씨가 좋습니다"), config, record) == "english"
    assert (
        "looks like Korean; its sentences are split as if English: if that is wrong, give --language ko"
        in record.warnings[0]
    )


def test_an_unknown_stated_language_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    config, record = asked(None)
    assert language.language_of_words(words("Hi.", "Xx"), config, record) == "xx"
    assert "calls its language 'Xx', which is not known" in record.warnings[0]


def test_what_the_recogniser_is_told() -> None:
    assert language.language_to_hear(*asked("French")) == "French"
    assert language.language_to_hear(*asked(None)) is None, "it finds out"
    config, record = asked("detect")
    assert language.language_to_hear(config, record) is None
    heard = words("Hallo", "de")
    assert language.language_of_words(heard, config, record) == "german", "the recogniser found it out"


@pytest.mark.extras
def test_the_cases_for_real(tmp_path: Path) -> None:
    pytest.importorskip("langdetect")
    config, record = asked(None)
    english = "Mr. Smith went to Washington, D.C. on Jan. 5th. He met Dr. Jones at 10 a.m. there."
    assert language.language_to_speak(english, config, record) == "en"
    assert language.language_to_speak(FRENCH, config, record) == "fr"
    assert language.language_to_speak("今天天气很好。", config, record) == "zh"
    config, record = asked("detect")
    with pytest.raises(EventsError, match="--language"):
        language.language_to_speak("1 2 3", config, record)
