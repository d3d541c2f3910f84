"""Word features: which tokens count, batching, de-duplication, both padding rules, and bad input."""

import json

import numpy as np
import pytest

from extractors import LlamaModel
from extractors.common.layer_groups import LayerSelection
from extractors.llama.extract import plain_features, word_features, word_means
from extractors.llama.random import write_random
from extractors.llama.tokenizer import LlamaTokenizer
from tests import fake_device
from tests.extractors.llama.conftest import SELECTION, SMALL
from tribe_np.errors import CheckpointError, ConfigError, EventsError
from tribe_np.oracle import relative_error, trace
from tribe_np.timeline.events import Event

TEXT = ["Hello,", "my", "name", "is", "Anna.", "I", "live", "in", "the", "old", "town"]
MARKER = "<|end_of_text|>"


def word(text, context, start=0.0):
    return Event("Word", start, 0.3, text=text, context=context)


WORDS = [word(text, " ".join(TEXT[: i + 1]), float(i)) for i, text in enumerate(TEXT)]


def features(model, tokenizer, words=WORDS, **options):
    return word_features(model, tokenizer, words, **({"selection": SELECTION} | options))


def by_hand(model, tokenizer, text, context):
    ids = tokenizer.encode(context)
    prefix = context[: -len(text)].rstrip()
    first = min(len(tokenizer.encode(prefix)), len(ids) - 1)
    states = model.hidden_states(np.array([ids]))[:, 0, first:].mean(axis=1)
    return np.stack([states[2:3].mean(axis=0), states[3:5].mean(axis=0)])


@pytest.mark.extras
def test_features_are_the_grouped_means_over_the_words_tokens(model, tokenizer):
    found = features(model, tokenizer)
    assert len(found) == len(WORDS)
    for event, array in zip(WORDS, found, strict=True):
        assert array.shape == (2, 32)
        assert array.dtype == np.float32
        assert relative_error(array, by_hand(model, tokenizer, event.text, event.context)) < 1e-5


@pytest.mark.extras
@pytest.mark.parametrize("selection", [SELECTION, LayerSelection((0.0, 0.5), "mean"), LayerSelection((0.5, 1.0), None)])
def test_every_way_gives_the_features_of_the_plain_one(folder, tokenizer, selection):
    exact = LlamaModel.from_pretrained(folder, precision="float64")
    plain = np.stack([plain_features(exact, tokenizer, event, selection=selection) for event in WORDS])
    for event, array in zip(WORDS, plain, strict=True):
        if selection is SELECTION:
            assert relative_error(array, by_hand(exact, tokenizer, event.text, event.context)) < 1e-12
    for way in ({}, {"max_nodes": 4}, {"shared": False}, {"shared": False, "batch_size": 1}, {"eos_is_padding": True}):
        found = features(exact, tokenizer, selection=selection, **way)
        assert relative_error(np.stack(found), plain) < 1e-12


@pytest.mark.extras
@pytest.mark.parametrize("batch_size", [1, 3, 50])
def test_the_batch_changes_only_rounding(model, tokenizer, batch_size):
    a, b = (features(model, tokenizer, shared=False, batch_size=size) for size in (4, batch_size))
    assert relative_error(np.stack(a), np.stack(b)) < 1e-5


@pytest.mark.extras
@pytest.mark.parametrize(
    ("text", "context", "expected"),
    [
        ("he", "he", (0, 1)),  # no prefix: everything
        ("was", "he was", (1, 2)),  # the space before belongs to the word
        ("was!", "he was!", (1, 3)),  # the punctuation too
        ("He...", "He", (0, 1)),  # a text longer than its context: no prefix
        ("the", "he was in the", (3, 4)),
        ("in", "he was in the", (3, 4)),  # an over-run context: the prefix "he was in t" has 4 tokens, one is taken
        ("was", "he  was  ", (3, 5)),  # five tokens; the prefix "he  wa" has three: the word itself is missed
    ],
)
def test_word_spans(tokenizer, text, context, expected):
    assert tokenizer.word_span(text, context, len(tokenizer.encode(context))) == expected


@pytest.mark.extras
def test_at_least_one_token_is_taken(tokenizer):
    assert tokenizer.word_span("x", "he " * 20 + "x", 5) == (4, 5)


@pytest.mark.extras
def test_equal_pairs_are_computed_once_and_progress_counts_words(model, tokenizer):
    calls = []
    words = [word("the", "what the"), word("a", "a"), word("the", "what the", 9.0), word("the", "in the")]
    with trace(pattern="llama.embed_tokens.output") as recording:
        found = features(model, tokenizer, words, shared=False, batch_size=2, progress=lambda *args: calls.append(args))
    assert sum(len(recording[name]) for name in recording.names()) == 3
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert np.array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[3])
    assert features(model, tokenizer, []) == []


@pytest.mark.extras
def test_layers_above_the_last_needed_state_do_not_run(model, tokenizer):
    with trace(pattern="llama.layers.*.output") as recording:
        found = features(model, tokenizer, WORDS[:1], selection=LayerSelection((0.25, 0.5)))
    assert {name.split(".")[2] for name in recording.names()} == {"0", "1"}
    assert found[0].shape == (1, 32)


@pytest.mark.extras
def test_cache_n_layers_changes_the_states_averaged(model, tokenizer):
    cached = features(model, tokenizer, selection=LayerSelection((0.5, 0.75, 1.0), cache_n_layers=3))
    assert relative_error(np.stack(cached), np.stack(features(model, tokenizer))) > 0.05


@pytest.mark.extras
def test_eos_is_padding_changes_nothing_without_markers(model, tokenizer):
    default, defect = features(model, tokenizer), features(model, tokenizer, eos_is_padding=True)
    assert relative_error(np.stack(defect), np.stack(default)) < 1e-5


@pytest.mark.extras
def test_eos_is_padding_shifts_a_word_after_a_marker(model, tokenizer):
    event = word("was", f"he{MARKER} was")
    default = features(model, tokenizer, [event])[0]
    assert relative_error(default, by_hand(model, tokenizer, event.text, event.context)) < 1e-5
    defect = features(model, tokenizer, [event], eos_is_padding=True)[0]
    states = model.hidden_states(np.array([tokenizer.encode(event.context)]))[:, 0]
    one = states[:, 1]  # ids: he, marker, was; one "pad" cut from the end; the prefix has two tokens; so the marker
    expected = np.stack([one[2], one[3:5].mean(axis=0)])
    assert relative_error(defect, expected) < 1e-5


@pytest.mark.extras
def test_eos_is_padding_averages_padding_when_it_is_another_token(folder, model, tokenizer, tmp_path):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    path = tmp_path / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pad_token": "<|reserved_special_token_1|>"}))
    own = LlamaTokenizer.from_pretrained(tmp_path)
    pair = [word("he", "he"), word("town", "I live in the old town")]
    assert np.array_equal(np.stack(features(model, own, pair)), np.stack(features(model, tokenizer, pair)))
    ids = np.full((2, len(own.encode(pair[1].context))), own.pad_id)
    ids[1], ids[0, 0] = own.encode(pair[1].context), own.encode("he")[0]
    mask = np.ones_like(ids)
    mask[0, 1:] = 0
    means = model.hidden_states(ids, mask)[:, 0].mean(axis=1)  # no prefix: the word and all of its padding
    expected = np.stack([means[2], means[3:5].mean(axis=0)])
    assert relative_error(features(model, own, pair, eos_is_padding=True)[0], expected) < 1e-5


@pytest.mark.extras
def test_runs_on_the_fake_device_with_equal_bits(folder, model, tokenizer):
    there = LlamaModel.from_pretrained(folder, device=fake_device.module)
    for shared in (True, False):
        found = features(there, tokenizer, shared=shared)
        assert np.array_equal(np.stack(found), np.stack(features(model, tokenizer, shared=shared)))


def test_word_means(rng):
    state = rng.standard_normal((2, 6, 3))
    own_tokens = [(0, np.array([1, 2, 3])), (1, np.array([4])), (0, np.array([1, 4]))]
    expected = np.stack([state[0, 1:4].mean(axis=0), state[1, 4], (state[0, 1] + state[0, 4]) / 2])
    np.testing.assert_allclose(word_means(state, own_tokens), expected)


@pytest.mark.extras
@pytest.mark.parametrize(
    ("event", "message"),
    [
        (word("the", ""), "the word 'the' at 0 s of timeline default has no context"),
        (word("", "the"), "has no text"),
        (word("the", "the \ud800"), "not valid Unicode"),
    ],
)
def test_unusable_words(model, tokenizer, event, message):
    with pytest.raises(EventsError, match=message):
        features(model, tokenizer, [WORDS[0], event])


@pytest.mark.extras
def test_nothing_but_markers(model, tokenizer):
    with pytest.raises(EventsError, match="nothing but end-of-text"):
        features(model, tokenizer, [word("the", MARKER)], eos_is_padding=True)


@pytest.mark.extras
def test_unusable_options(model, tokenizer, tmp_path, folder):
    for name in ("batch_size", "max_nodes"):
        with pytest.raises(ConfigError, match=f"{name} must be at least 1"):
            features(model, tokenizer, **{name: 0})
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    with pytest.raises(ConfigError, match="names no eos_token"):
        features(model, LlamaTokenizer.from_pretrained(tmp_path), eos_is_padding=True)


@pytest.mark.extras
def test_a_tokenizer_of_another_model(tmp_path, tokenizer):
    small = LlamaModel.from_pretrained(write_random(tmp_path, seed=0, vocab_size=300, **SMALL))
    with pytest.raises(CheckpointError, match="vocab_size is 300"):
        features(small, tokenizer)
