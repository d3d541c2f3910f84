"""Shared passes give the numbers of one pass per word, for whatever words people say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors import LlamaModel
from extractors.common.costs import TextWork
from extractors.common.layer_groups import LayerSelection
from extractors.llama.extract import word_features
from extractors.llama.passes import PrefixForest, plan_passes
from extractors.llama.random import write_random
from extractors.llama.tokenizer import LlamaTokenizer
from tests import fake_device
from tests.extractors.llama.conftest import SELECTION, SMALL
from tribe_np.errors import CheckpointError
from tribe_np.oracle import relative_error, trace
from tribe_np.timeline.contexts import add_contexts, add_sentences, add_text, remove_missing
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.sentences import analyser

BUILTIN = analyser("builtin", "english")
WORDS = [
    "the", "man", "don't", "France!", "really?", "he's", "town.", "($5)", "ok", "Mr.", "I", "'quoted'", "wait...",
    "naïve", "1,025", "in", "well-known", "—", "e.g.", "it;", "Paris",
]  # fmt: skip
pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_random(tmp_path_factory.mktemp("llama"), seed=5, **SMALL)


@pytest.fixture(scope="module")
def exact_model(folder):
    return LlamaModel.from_pretrained(folder, precision="float64")


@pytest.fixture(scope="module")
def tokenizer(folder):
    return LlamaTokenizer.from_pretrained(folder)


def spoken(texts, timeline="default"):
    return [Event("Word", 0.5 * k, 0.3, timeline=timeline, text=text) for k, text in enumerate(texts)]


def in_context(words, max_context_len=1024, **options):
    events = add_sentences(add_text(Events(words), analyser=BUILTIN), analyser=BUILTIN, max_unmatched_ratio=0.99)
    return list(remove_missing(add_contexts(events, max_context_len=max_context_len, **options)).of_type("Word"))


def features(model, tokenizer, words, **options):
    return np.stack(word_features(model, tokenizer, words, **({"selection": SELECTION} | options)))


TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=25)


@settings(max_examples=25)
@given(texts=st.lists(TEXTS, min_size=1, max_size=3), window=st.integers(1, 12), max_nodes=st.integers(1, 400))
def test_shared_passes_change_nothing(exact_model, tokenizer, texts, window, max_nodes):
    words = in_context([word for n, said in enumerate(texts) for word in spoken(said, f"timeline {n}")], window)
    if words:
        alone = features(exact_model, tokenizer, words, shared=False)
        assert relative_error(features(exact_model, tokenizer, words, max_nodes=max_nodes), alone) < 1e-12


@pytest.mark.parametrize("stride", [1, 40])
def test_windows_that_slide(folder, tokenizer, rng, stride):
    words = in_context(spoken(rng.choice(WORDS, 1100)), 60, stride=stride)[-50:]
    words += words[:3]  # the same contexts again
    found = {p: LlamaModel.from_pretrained(folder, precision=p) for p in ("float32", "float64")}
    for precision, bound in (("float32", 1e-5), ("float64", 1e-12)):
        alone = features(found[precision], tokenizer, words, shared=False)
        assert relative_error(features(found[precision], tokenizer, words), alone) < bound


def test_streamed_layers_give_equal_bits(folder, tokenizer, rng):
    words = in_context(spoken(rng.choice(WORDS, 60)), 30)
    streamed, resident = (LlamaModel.from_pretrained(folder, streaming=s) for s in (True, False))
    assert np.array_equal(features(streamed, tokenizer, words), features(resident, tokenizer, words))


def test_the_fake_device_gives_equal_bits(folder, tokenizer, rng):
    words = in_context(spoken(rng.choice(WORDS, 60)), 30)
    here, there = LlamaModel.from_pretrained(folder), LlamaModel.from_pretrained(folder, device=fake_device.module)
    assert np.array_equal(features(there, tokenizer, words), features(here, tokenizer, words))


def test_states_of_a_forest_are_those_of_its_contexts(exact_model, rng):
    trunk = rng.integers(0, 400, 40)
    contexts = [trunk, trunk[:25], np.concatenate([trunk[:30], [401, 402]]), rng.integers(0, 400, 9)]
    (plan,) = plan_passes(contexts)
    forest = PrefixForest.grow([[contexts[n] for n in family] for family in plan.families])
    with trace() as recording:
        states = [state for _, state in exact_model.iterate_forest_states(forest, exact_model.context())]
    for i, number in enumerate(plan.members):
        ids = contexts[number]
        nodes = forest.last_nodes(i, len(ids))
        with trace() as alone:
            whole = exact_model.hidden_states(ids[None])
        for state, expected in zip(states, whole, strict=True):
            assert relative_error(state[0, nodes], expected[0]) < 1e-12
        assert set(recording.names()) - set(alone.names()) == {
            "llama.forest.token_ids", "llama.forest.positions", "llama.forest.parents"
        }  # fmt: skip
        for name in alone.names():  # a tap sees the same intermediates, at the nodes
            found = recording[name] if name.endswith("inv_freq") else np.take(recording[name], nodes, axis=-2)
            assert relative_error(found, alone[name]) < 1e-12
    assert recording["llama.forest.token_ids"].tolist() == forest.token_ids.tolist()


def test_the_work_is_reported_before_it_is_done(exact_model, tokenizer, rng):
    words = in_context(spoken(rng.choice(WORDS, 40)))
    seen = []

    def heard(work):
        seen.append((work, len(seen)))

    features(exact_model, tokenizer, words, report=heard, progress=lambda done, total: seen.append((done, total)))
    (work,) = [item for item, _ in seen if isinstance(item, TextWork)]
    lengths = [len(tokenizer.encode(word.context)) for word in words]
    assert work.n_words == len(words)
    assert work.n_tokens_alone == sum(lengths)
    assert max(lengths) <= work.n_tokens < max(lengths) + 40
    assert 0 < work.seconds < 60
    steps = [item for item in seen if not isinstance(item[0], TextWork)]
    assert seen.index((work, 1)) == 1  # after one quarter of the layers
    assert [done for done, _ in steps] == [len(words) * k // 4 for k in (1, 2, 3, 4)]
    assert {total for _, total in steps} == {len(words)}


@pytest.mark.parametrize(("fractions", "reported"), [((0.0,), 0), ((0.25,), 1), ((1.0,), 1)])
def test_layers_that_are_not_needed_do_not_run(exact_model, tokenizer, fractions, reported):
    words, works = in_context(spoken(["the", "man", "ok"])), []
    options = {"selection": LayerSelection(fractions), "report": works.append, "progress": lambda done, total: None}
    with trace(pattern="llama.layers.*.mlp.output") as recording:
        found = features(exact_model, tokenizer, words, **options)
    assert len(recording) == 4 * fractions[0]
    assert len(works) == reported
    alone = features(exact_model, tokenizer, words, selection=options["selection"], shared=False)
    assert relative_error(found, alone) < 1e-12


def test_a_tokenizer_of_another_model(tmp_path, tokenizer):
    small = LlamaModel.from_pretrained(write_random(tmp_path, seed=0, vocab_size=300, **SMALL))
    for shared in (True, False):
        with pytest.raises(CheckpointError, match="vocab_size is 300"):
            features(small, tokenizer, in_context(spoken(["the"])), shared=shared)
