"""The kit of the pipeline: it is the product's own pipeline, and each case shows what it says."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from extractors.llama.tokenizer import LlamaTokenizer
from tests.oracle.written_kits import byte_tokenizer_json, write_kit_models, write_media
from tribe_np import TribeModel
from tribe_np.oracle import compare_kit, relative_error
from tribe_np.oracle.kit_models.pipeline_kit import kit_events
from tribe_np.oracle.kit_models.pipeline_memory import ByteTokens
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import Kit, make_kit
from tribe_np.timeline.events import Events


@pytest.mark.extras
@pytest.mark.parametrize("case", ["plain", "chunks", "cached_layers"])
def test_a_kit_in_float32_has_the_bits_of_the_library_on_files(case: str, tmp_path: Path) -> None:
    kit = make_kit("pipeline", case)
    folders = write_kit_models(kit, tmp_path / "models")
    options = {"kernels": "reference"} | kit.config["options"]
    model = TribeModel.from_pretrained(
        folders.pop("encoder"), models=folders, cache_folder=False, device="cpu",
        config_update={f"tribe_np.{name}": value for name, value in options.items()},
    )  # fmt: skip
    paths = write_media(kit, tmp_path)
    rows = [replace(row, filepath=str(paths.get(row.filepath, ""))) for row in kit_events(kit.config)]
    predictions, _ = model.predict(Events(rows), verbose=False)
    ours = run_setup(replace(kit.setup, precision="float32")).output
    # the library multiplies head and subject layer before it meets the input
    assert relative_error(predictions, kit.expected["pipeline.predictions"]) < 1e-4
    assert ours is not None
    assert relative_error(predictions, ours) < 2e-6


@pytest.mark.extras
def test_a_tokenizer_file_gives_the_ids_of_the_kit(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps(byte_tokenizer_json()))
    tokenizer = LlamaTokenizer.from_pretrained(tmp_path)
    for text in ("Sur la scène, le garçon rêve. Où?", "a", " ", "日本"):
        assert tokenizer.encode(text) == ByteTokens().encode(text).ids


def test_float32_is_near_and_what_is_given_is_gone_on_with() -> None:
    kit = make_kit("pipeline")
    single = run_setup(replace(kit.setup, precision="float32")).taps
    assert single.names() == kit.expected.names()
    largest = {name: relative_error(single[name], kit.expected[name]) for name in kit.expected.names()}
    assert max(largest.values()) < 5e-3  # hidden states of sound
    assert largest["pipeline.predictions"] < 1e-4
    assert largest["pipeline.video.0.0.shrunk"] == 0.0
    local = run_setup(kit.setup, given=single.arrays).taps
    for name in ("pipeline.text.3.span", "pipeline.video.0.4.pixels", "pipeline.predictions"):
        assert relative_error(single[name], local[name]) <= max(largest[name], 1e-6)


def frame_numbers(kit: Kit, event: int = 0) -> np.ndarray:
    """Shapes   -> (clips, frames)."""
    found = [kit.expected[n] for n in kit.expected.names() if n.startswith(f"pipeline.video.{event}.")
             and n.endswith(".frame_numbers")]  # fmt: skip
    return np.stack(found)


def test_what_the_cases_of_film_show() -> None:
    plain = frame_numbers(make_kit("pipeline"))
    assert plain.shape == (10, 8)
    assert (plain[-1, -2], plain[-1, -1]) == (62, 62)  # a request at the very end gives the frame of the one before
    assert (plain[0, :5] == 0).all()  # none before the film
    early = frame_numbers(make_kit("pipeline", "film_ends_early"))
    assert early.max() == 56 or early.max() < 57
    assert (early[-1, -3:] == early[-1, -1]).all()
    late = make_kit("pipeline", "film_starts_late")
    assert late.expected["pipeline.windows.0.features.video.0.steps"].tolist() == [3, 5]
    chunks = make_kit("pipeline", "chunks").expected
    assert chunks["pipeline.video.events"].tolist() == [[0.0, 1.5, 0.0], [1.5, 1.9, 1.5]]
    np.testing.assert_allclose(chunks["pipeline.audio.events"], [[0.0, 1.5, 0.0], [1.5, 1.11, 1.5]])
    assert chunks["pipeline.audio.1.samples"].shape == (round(1.11 * 44100), 1)


def test_what_the_cases_of_sound_and_words_show() -> None:
    odd = make_kit("pipeline", "odd_mel").expected
    assert len(odd["pipeline.audio.0.mel"]) % 2 == 1
    assert (odd["pipeline.audio.0.input"][-1, 80:] == 1.0).all()
    assert "pipeline.audio.0.filters" not in odd
    words = make_kit("pipeline", "overlapping_words").expected
    steps = [words[f"pipeline.windows.0.features.text.{n}.steps"].tolist() for n in range(6)]
    assert len({first for first, _ in steps}) < 6
    cut = make_kit("pipeline", "truncated_context").expected
    assert max(len(cut[f"pipeline.text.{n}.tokens"]) for n in range(7)) == 12
    assert cut["pipeline.text.6.span"].tolist() != [12 - 5, 12]


def test_what_the_cases_of_windows_show() -> None:
    plain, zeroed, absent = (make_kit("pipeline", case).expected for case in ("plain", "zeroed", "absent"))
    assert [len(plain[f"pipeline.plan.{n}.kept_rows"]) for n in (0, 1)] == [4, 2]
    assert plain["pipeline.windows.1.features.text"].any() or plain["pipeline.windows.1.features.video"].any()
    assert not zeroed["pipeline.windows.1.features.text"].any()
    assert "pipeline.windows.0.features.audio" not in absent
    late = make_kit("pipeline", "late_word").expected
    assert late["pipeline.plan.1.kept_rows"].tolist() == [0, 1, 2, 3]  # the silent second too
    assert not late["pipeline.windows.1.features.video"][..., 4:].any()
    shared = make_kit("pipeline", "overlapping_windows").expected
    assert shared["pipeline.predictions"].shape[0] == 7
    whole = make_kit("pipeline", "complete_windows").expected
    assert "pipeline.plan.1.span" not in whole
    cached = make_kit("pipeline", "cached_layers").expected
    states = {n.split(".")[4] for n in cached.names() if n.startswith("pipeline.text.0.states.")}
    assert states == {"3", "5", "6", "8"}


def test_what_has_another_shape_from_theirs_accuses_nobody_after_it() -> None:
    """One word's span is off by a token; what they show after it is what the kit expects."""
    kit = make_kit("pipeline")
    theirs = dict(kit.expected.arrays)
    theirs["pipeline.text.3.span"] = theirs["pipeline.text.3.span"] - np.array([1, 0])
    found = compare_kit(kit, theirs)
    assert [row.name for row in found.locally_out] == ["pipeline.text.3.span"]
    states, pooled = (found.row(f"pipeline.text.3.states.4{more}") for more in ("", ".pooled"))
    assert states.notes == ("this step is not judged: from their taps before it it has shape (4, 32)",)
    assert pooled.notes == (
        "this step is not judged: what comes before it has another shape (pipeline.text.3.states.4 and 4 more)",
    )
    assert states.local is None
    assert pooled.local is None
    assert found.row("pipeline.text.3.features").local is not None
