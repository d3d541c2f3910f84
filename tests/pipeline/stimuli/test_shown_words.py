"""Words that are shown without a voice: their times, their contexts, and what cannot be spoken."""

import math
from pathlib import Path

import pytest

from tribe_np import TribeModel
from tribe_np.errors import ConfigError, EventsError, MediaError
from tribe_np.media.speech.espeak_words import align_words
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Silent
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.event_builder import EventBuilder
from tribe_np.pipeline.stimuli.shown_words import lasting, n_letters, word_times
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus
from tribe_np.timeline.events import Events

STORY = 'A red balloon flew away. "Who saw it?" said Ann. Nobody did.'


def builder(tmp_path: Path, *, language: str | None = "english", **words: object) -> EventBuilder:
    source = WordSource(how="direct", **words)  # type: ignore[arg-type]
    return EventBuilder(tmp_path / "media", PipelineConfig(language=language), source, RunRecord(), Silent())


def shown(tmp_path: Path, text: str, *, language: str | None = "english", **words: object) -> Events:
    path = tmp_path / "text.txt"
    path.write_text(text, encoding="utf-8")
    made = builder(tmp_path, language=language, **words)
    events = made.build(open_stimulus(path, words=made.words))
    assert not (tmp_path / "media").exists(), "nothing was spoken"
    return events


def test_one_word_after_another_and_nothing_else(tmp_path: Path) -> None:
    events = shown(tmp_path, "A red balloon flew away. Who saw it?")
    assert {row.type for row in events} == {"Word", "Text", "Sentence"}
    words = events.of_type("Word")
    assert [(word.start, word.duration) for word in words][:3] == [(0.0, 0.45), (0.45, 0.45), (0.9, 0.45)]
    assert words[-1].context == "A red balloon flew away. Who saw it?"
    assert min(row.start for row in events) == 0.0
    assert max(row.stop for row in events) == 8 * 0.45
    assert not any(row.filepath for row in events)


def test_contexts_are_those_of_the_spoken_text(tmp_path: Path) -> None:
    spoken = [word.text for word in align_words(STORY, [], 9.0)]
    words = shown(tmp_path, STORY).of_type("Word")
    assert [word.text for word in words] == spoken


def test_quotation_marks_are_counted(tmp_path: Path) -> None:
    made = builder(tmp_path)
    made.shown_words(STORY)
    assert '2 quotation marks (") are left out, as in words that are spoken' in made.record.warnings


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    return x == 'a' and y != 3  # why\nfor i in range(10): print(i)",
        "ˈhɛloʊ wɝːld ðɪs ɪz aɪ piː eɪ",
        "∑ ∫ ≈ ≠ → ∞",
        "😀 I am happy 🎉 🎉",
        "E = m c ^ 2 + ∫ f ( x ) d x",
        r"\documentclass{article} \frac{a}{b}",
        '{"text": [1, 2]}',
        "<html> <b>bold</b> </html>",
        "... . .. What ?",
        "♪ [door slams] - MAN: hello",
    ],
)
def test_what_cannot_be_spoken_is_shown_whole(tmp_path: Path, text: str) -> None:
    words = shown(tmp_path, text).of_type("Word")
    assert [word.text for word in words] == text.replace('"', "").split()
    assert all(word.context for word in words)


@pytest.mark.parametrize("text", ["ɹe.ǅ ! .θ∉∉# [h5z .", "ßñ ] Œ.è", "İı ...", "B)🔬geʊ .} ɪÖ 🇫g)", '" ( ` . <'])
@pytest.mark.parametrize("language", ["english", "turkish"])
def test_no_sign_is_lost(tmp_path: Path, text: str, language: str) -> None:
    """The matcher of heard words leaves these out, or refuses the text."""
    words = shown(tmp_path, text, language=language).of_type("Word")
    assert [word.text for word in words] == text.replace('"', "").split()
    assert all(word.sentence and word.context for word in words)
    places = [word.text_char for word in words]
    assert places == sorted(places)  # type: ignore[type-var]


def test_only_periods_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match=r"text.txt: holds no word to show, only periods"):
        shown(tmp_path, ". ...")


def test_scripts_without_blanks_are_cut_as_elsewhere(tmp_path: Path) -> None:
    words = shown(tmp_path, "我喜欢红气球。iPhone 2024", language="chinese").of_type("Word")
    assert [word.text for word in words] == ["我", "喜", "欢", "红", "气", "球。", "iPhone", "2024"]
    assert {word.language for word in words} == {"chinese"}
    with pytest.raises(EventsError, match=r"holds 30 letters without a space .*zero-width spaces"):
        shown(tmp_path, "ก" * 30, language="thai")


def test_long_words_stay_longer(tmp_path: Path) -> None:
    words = shown(tmp_path, "A red balloon", seconds_per_letter=0.1).of_type("Word")
    assert [word.duration for word in words] == pytest.approx([0.1, 0.3, 0.7])
    assert [n_letters(word) for word in ("e\u0301te\u0301", "don't", "\u0301")] == [3, 5, 1]


@pytest.mark.parametrize("pace", [0.45, 0.1, 0.29, 1.1, 1 / 3, 0.05])
def test_no_word_ends_after_the_end(pace: float) -> None:
    """A rounding error past a whole second would be another row of predictions."""
    for count in range(1, 200):
        words = word_times(["a"] * count, seconds_per_word=pace)
        end = round(count * pace, 9)
        assert max(word.start + word.duration for word in words) <= end
        assert words[-1].stop == end


def test_words_are_spread_over_a_time(tmp_path: Path) -> None:
    rows = builder(tmp_path).shown_words("one two three four", 2.0)
    words = [row for row in rows if row.type == "Word"]
    assert [word.start for word in words] == [0.0, 0.5, 1.0, 1.5]
    assert max(row.stop for row in rows) == 2.0
    with pytest.raises(ConfigError, match="duration above 0"):
        builder(tmp_path).shown_words("one", math.nan)
    assert lasting(0.1, 0.3) + 0.1 <= 0.3


def test_given_times_and_words_that_differ(tmp_path: Path) -> None:
    times = tmp_path / "times.tsv"
    times.write_text("text\tstart\tduration\nA\t0.5\t0.2\nred\t1\t0.2\n♪\t2\t0.25\n", encoding="utf-8")
    path = tmp_path / "text.txt"
    path.write_text("A red balloon", encoding="utf-8")
    made = builder(tmp_path, transcript=times)
    words = made.build(open_stimulus(path, words=made.words)).of_type("Word")
    assert [(word.text, word.start) for word in words] == [("A", 0.5), ("red", 1.0), ("♪", 2.0)]
    assert any("1 word of the text" in text and "1 word that" in text for text in made.record.warnings)
    assert made.record.facts["words_shown"] == {"how": "direct", "times": str(times)}


def test_a_short_text_of_a_trial_is_not_guessed_at(tmp_path: Path) -> None:
    made = builder(tmp_path, language=None)
    assert {row.language for row in made.shown_words("house") if row.type == "Word"} == {"english"}
    assert {row.language for row in made.shown_words("дом", language="russian") if row.type == "Word"} == {"russian"}
    assert {row.language for row in made.shown_words("집") if row.type == "Word"} == {"korean"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"how": "shown"}, "must be 'spoken' or 'direct'"),
        ({"how": "direct", "speech": False}, "--no-speech contradicts it"),
        ({"how": "direct", "transcriber": "whisperx"}, "--transcriber contradicts it"),
        ({"how": "direct", "whisper_model": "small"}, "--whisper-model contradicts it"),
        ({"how": "direct", "align": Path("a.txt")}, "--align contradicts it"),
        ({"seconds_per_word": 0}, "seconds_per_word must be a number of seconds above 0"),
        ({"seconds_per_word": math.nan}, "seconds_per_word"),
        ({"seconds_per_letter": -1}, "seconds_per_letter"),
        ({"seconds_per_word": True}, "seconds_per_word"),
    ],
)
def test_contradictions(words: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        WordSource(**words)  # type: ignore[arg-type]


def test_only_texts_are_shown(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"--words direct shows the words of a text \(.txt\), not those of .*a.wav"):
        open_stimulus(tmp_path / "a.wav", words=WordSource(how="direct"))
    with pytest.raises(MediaError, match="nothing to show"):
        shown(tmp_path, " \n")
    with pytest.raises(MediaError, match=r"this is subtitles; give it as --transcript FILE"):
        shown(tmp_path, "1\n00:00:01,000 --> 00:00:02,000\nHello")


@pytest.mark.extras
def test_in_python(model: TribeModel, demo: DemoPaths, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(STORY)
    events = model.get_events(text_path=path, words="direct", seconds_per_word=0.25)
    assert [word.start for word in events.of_type("Word")][:3] == [0.0, 0.25, 0.5]
    predictions, segments = model.predict(events, verbose=False)
    assert (len(predictions), segments[0].start, segments[-1].start) == (3, 0.0, 2.0)
    with pytest.raises(ConfigError, match="--words direct shows the words of a text"):
        model.get_events(video_path=demo.clip, words="direct")
