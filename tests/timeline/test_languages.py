"""Languages by whatever people write, and found out from a text."""

import importlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.errors import ConfigError, EventsError, MissingDependencyError
from tribe_np.timeline.language_detection import detect_language
from tribe_np.timeline.languages import (
    TABLE,
    Language,
    checked_language,
    find_language,
    known_language,
    language_code,
    language_name,
)

EVERY_FORM = {
    "en": ("en", "EN", "eng", "Eng", "en-US", "en_GB.UTF-8", "english", " English ", "ENGLISH", "en-us-x-twain"),
    "de": ("de", "deu", "ger", "German", "de-DE-1996", "Deutsch"),
    "fr": ("fr", "fra", "fre", "French", "fr-CA", "Français"),
    "zh": ("zh", "zho", "chi", "cmn", "zh-Hant-TW", "zh-cn", "Chinese", "mandarin"),
    "es": ("es", "spa", "es-419", "Castilian"),
    "nb": ("nb", "nob", "Norwegian Bokmål"),
    "he": ("he", "heb", "iw"),
    "el": ("el", "ell", "gre", "Greek"),
    "haw": ("haw", "Hawaiian"),
}


@pytest.mark.parametrize("code", EVERY_FORM)
def test_every_form_of_a_language(code: str) -> None:
    assert {language_code(form) for form in EVERY_FORM[code]} == {code}
    assert len({language_name(form) for form in EVERY_FORM[code]}) == 1


def test_names_are_upstreams_and_regions_are_kept() -> None:
    assert [language_name(c) for c in ("en", "fr", "es", "nl", "zh")] == [
        "english",
        "french",
        "spanish",
        "dutch",
        "chinese",
    ]
    assert find_language("pt_BR") == Language("pt", "portuguese", "br")
    assert find_language("sr-Latn").region == ""


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("englsh", "did you mean english"),
        ("Frensh", "did you mean french"),
        ("auto", "did you mean detect"),
        ("klingon", "give an ISO 639 code such as fr"),
        ("xx", "give an ISO 639 code"),
        ("xx-US", "give an ISO 639 code"),
        ("en us", "language 'en us' is not known"),
        ("en--US", "not known"),
        ("-", "not known"),
        ("e" * 9999, "eee' is not known"),
    ],
)
def test_an_unknown_language_is_refused(asked: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint) as caught:
        find_language(asked)
    assert len(str(caught.value)) < 160
    assert known_language(asked) is None


def test_what_may_be_asked_for() -> None:
    assert [checked_language(asked) for asked in (None, "", " ", "Detect", "en-US")] == [
        None, None, None, "detect", "en-US",
    ]  # fmt: skip
    assert language_code(None) == language_code("") == ""
    with pytest.raises(ConfigError):
        checked_language("nonsense")


def test_no_code_or_name_has_two_meanings() -> None:
    entries = [entry.partition(":") for entry in TABLE.split(";")]
    forms = [form for codes, _, names in entries for form in {*codes.split(), *names.strip().split("/")}]
    assert len(forms) == len(set(forms))
    assert all(form == form.lower() and form.isascii() for form in forms)
    two_letters = [codes.split()[0] for codes, _, _ in entries if len(codes.split()[0]) == 2]
    assert len(two_letters) == 184, "all of ISO 639-1, and sh"


@given(st.text(max_size=40))
def test_any_text_is_known_or_refused(text: str) -> None:
    found = known_language(text)
    assert found is None or known_language(found.code) == Language(found.code, found.name)


class NoClueError(Exception):
    pass


def install(monkeypatch: pytest.MonkeyPatch, code: str | None, probability: float = 0.99) -> type:
    """A langdetect that always says the same, or knows nothing."""
    factory = type("Factory", (), {"seed": None})

    def detect_langs(text: str) -> list[SimpleNamespace]:
        assert factory.seed == 0, "seeded before it is asked"
        if code is None:
            raise NoClueError("No features in text.")
        return [SimpleNamespace(lang=code, prob=probability)]

    langdetect = ModuleType("langdetect")
    names = {"DetectorFactory": factory, "detect_langs": detect_langs, "LangDetectException": NoClueError}
    for name, value in names.items():
        setattr(langdetect, name, value)
    monkeypatch.setitem(sys.modules, "langdetect", langdetect)
    return factory


def test_detection_is_seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "zh-cn", 0.7)
    language, probability = detect_language("…")
    assert (language.code, language.name, probability) == ("zh", "chinese", 0.7)


def test_where_langdetect_is_unsure_the_script_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "我今天用iPhone拍了照片，OK吗？We went home. 再见。"  # more Latin letters than characters, but fewer words
    install(monkeypatch, "en", 0.57)
    assert detect_language(text) == (Language("zh", "chinese"), 1.0)
    assert detect_language("We went to 北京 and home")[0].code == "en"
    install(monkeypatch, "en", 0.99)
    assert detect_language(text)[0].code == "en"


def test_no_clue_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, None)
    with pytest.raises(EventsError, match=r"No features in text.*--language"):
        detect_language("123")
    install(monkeypatch, "xx-new")
    with pytest.raises(EventsError, match="'xx-new'"):
        detect_language("abc")


def test_without_langdetect_only_a_script_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langdetect", None)
    with pytest.raises(MissingDependencyError, match="pip install langdetect, or name it with --language"):
        detect_language("Bonjour")
    samples = {
        "zh": "今天天气很好。OK?",
        "ja": "今日は天気がいい",
        "ko": "안녕하세요",
        "th": "สวัสดี",
        "km": "សួស្តី",
        "lo": "ສະບາຍດີ",
    }
    assert {detect_language(text).language.code for text in samples.values()} == set(samples)
    for text in ("Привет", "中 in an English text", "42", ""):
        with pytest.raises(MissingDependencyError):
            detect_language(text)


@pytest.mark.extras
def test_the_real_langdetect() -> None:
    pytest.importorskip("langdetect")
    french = "Bonjour à tous. Aujourd'hui nous allons parler de la pluie et du beau temps."
    assert [detect_language(french).language.name for _ in range(5)] == ["french"] * 5
    assert detect_language("The weather is fine today, and we go for a walk.").language.code == "en"
    assert detect_language("ສະບາຍດີ").language.code == "lo", "langdetect has no Lao, the script tells"


@pytest.mark.extras
def test_a_stop_while_languages_are_loaded_is_no_unknown_language(monkeypatch: pytest.MonkeyPatch) -> None:
    factory = importlib.import_module("langdetect.detector_factory")
    monkeypatch.setattr(factory, "_factory", None)
    loads, read = [], factory.LangProfile

    def stopped(**profile: Any) -> Any:
        loads.append(profile)
        if len(loads) == 3:
            raise KeyboardInterrupt
        return read(**profile)

    monkeypatch.setattr(factory, "LangProfile", stopped)
    with pytest.raises(KeyboardInterrupt):
        detect_language("the dog runs over the hill and sleeps")
    assert detect_language("the dog runs over the hill and sleeps").language.code == "en"
