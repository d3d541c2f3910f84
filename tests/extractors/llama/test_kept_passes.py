"""Passes of words: each depends on its own words alone, finished ones do not run again, NaN is named."""

import numpy as np
import pytest

from extractors import LlamaModel
from extractors.common.costs import TextWork
from extractors.common.layer_groups import LayerSelection
from extractors.llama.extract import word_features
from tests.extractors.llama.conftest import SELECTION, SMALL
from tribe_np.errors import NotFiniteError
from tribe_np.formats.safetensors import read_header, write_safetensors
from tribe_np.oracle import trace
from tribe_np.timeline.events import Event

TEXT = [
    "the", "man", "was", "in", "the", "house", "and", "he", "said", "that", "it", "was", "late", "so", "they", "went",
    "to", "the", "market", "by", "the", "river",
]  # fmt: skip
WINDOW = 6  # words of a context: it slides
WORDS = [
    Event("Word", float(i), 0.3, text=text, context=" ".join(TEXT[max(0, i + 1 - WINDOW) : i + 1]))
    for i, text in enumerate(TEXT)
]
WAYS = [{"max_nodes": 20}, {"shared": False, "batch_size": 3}, {"eos_is_padding": True, "batch_size": 3}]
pytestmark = pytest.mark.extras


class Memory:
    """Keeps passes in a dict, and counts."""

    def __init__(self):
        self.passes, self.loaded, self.stored = {}, [], []

    def load(self, number, words):
        found = self.passes.get(number)
        if found is not None:
            assert found[0] == list(words)
            self.loaded.append(number)
            return found[1]
        return None

    def store(self, number, words, features):
        self.passes[number] = (list(words), features.copy())
        self.stored.append(number)


def features(model, tokenizer, words=WORDS, **options):
    return np.stack(word_features(model, tokenizer, words, **({"selection": SELECTION} | options)))


@pytest.mark.parametrize("way", WAYS)
def test_whatever_was_finished_before_the_bytes_are_the_same(model, tokenizer, way, rng):
    whole = Memory()
    expected = features(model, tokenizer, kept=whole, **way)
    n_passes = len(whole.passes)
    assert n_passes >= 4
    assert whole.stored == list(range(n_passes))
    for some in (
        [0],
        [n_passes - 1],
        [1, 2],
        list(range(n_passes)),
        sorted(rng.permutation(n_passes)[: n_passes // 2]),
    ):
        kept = Memory()
        kept.passes = {number: whole.passes[number] for number in some}
        assert features(model, tokenizer, kept=kept, **way).tobytes() == expected.tobytes()
        assert kept.loaded == list(some)
        assert kept.stored == [number for number in range(n_passes) if number not in some]
        assert all(np.array_equal(kept.passes[n][1], whole.passes[n][1]) for n in range(n_passes))


@pytest.mark.parametrize("way", WAYS)
def test_finished_passes_do_not_run_and_the_rest_is_announced_once(model, tokenizer, way):
    whole, kept, steps, works = Memory(), Memory(), [], []
    features(model, tokenizer, kept=whole, report=works.append, **way)
    kept.passes = {number: whole.passes[number] for number in range(len(whole.passes) - 1)}
    done = sum(len(words) for words, _ in kept.passes.values())
    with trace(pattern="llama.embed_tokens.output") as recording:
        features(
            model, tokenizer, kept=kept, report=works.append, progress=lambda *step: steps.append(step), **way
        )  # fmt: skip
    assert sum(len(recording[name]) for name in recording.names()) == 1
    alone = sum(len(tokenizer.encode(word.context)) for word in WORDS)
    fresh, rest = works
    assert isinstance(fresh, TextWork)
    assert (fresh.n_words, fresh.n_words_left, fresh.n_tokens_alone) == (len(WORDS), len(WORDS), alone)
    assert fresh.n_tokens_left == fresh.n_tokens
    assert (rest.n_words, rest.n_words_left, rest.n_tokens) == (len(WORDS), len(WORDS) - done, fresh.n_tokens)
    assert 0 < rest.n_tokens_left < rest.n_tokens
    assert rest.seconds > 0
    assert max(now for now, _ in steps) == len(WORDS)
    assert [now for now, _ in steps] == sorted({now for now, _ in steps})
    assert done in [now for now, _ in steps]
    features(model, tokenizer, kept=whole, report=works.append, **way)
    assert len(works) == 2  # nothing is left to announce


def changed(folder, tmp_path, change):
    """The model with some of its weights changed in place."""
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    tensors = {n: np.array(entry.read()) for n, entry in read_header(folder / "model.safetensors")[0].items()}
    change({name.removeprefix("model."): tensor for name, tensor in tensors.items()})
    write_safetensors(tmp_path / "model.safetensors", tensors)
    return LlamaModel.from_pretrained(tmp_path)


def explode(layer, token):
    """One channel that only that token has, and an MLP of that layer which overflows on it."""

    def change(tensors):
        tensors["embed_tokens.weight"][:, 0] = 0
        tensors["embed_tokens.weight"][token, 0] = 1
        for i in range(SMALL["n_layers"]):
            tensors[f"layers.{i}.self_attn.o_proj.weight"][0] = 0
            tensors[f"layers.{i}.mlp.down_proj.weight"][0] = 0
        for name in ("gate_proj", "up_proj"):
            tensors[f"layers.{layer}.mlp.{name}.weight"][:, 0] = 1e30

    return change


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("layer", "place"), [(0, "layers.0 of"), (2, "layers.2 of"), (3, "layers.3 or the norm")])
def test_what_is_not_finite_is_named_with_its_layer_and_word(folder, tokenizer, tmp_path, way, layer, place):
    (token,) = tokenizer.encode(" was")
    bad = changed(folder, tmp_path, explode(layer, token))
    assert np.isfinite(features(bad, tokenizer, WORDS[:2], **way)).all()
    with pytest.raises(NotFiniteError, match=rf"for the word 'was', first in {place}") as caught:
        features(bad, tokenizer, WORDS[:5], **way)
    assert "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize("way", WAYS)
def test_a_mean_that_is_too_large(folder, tokenizer, tmp_path, way):
    (token,) = tokenizer.encode(" was")

    def change(tensors):
        tensors["embed_tokens.weight"][:, 0] = 0
        tensors["embed_tokens.weight"][token, 0] = 3e38

    bad = changed(folder, tmp_path, change)
    with pytest.raises(NotFiniteError, match="for the word 'was' whose mean over tokens or layers is not finite"):
        features(bad, tokenizer, WORDS[:3], selection=LayerSelection((0.0, 1.0)), **way)


def test_nothing_that_is_not_finite_is_kept(folder, tokenizer, tmp_path):
    kept = Memory()
    bad = changed(folder, tmp_path, explode(1, tokenizer.encode(" was")[0]))
    with np.errstate(all="ignore"), pytest.raises(NotFiniteError, match=r"layers\.1"):
        features(bad, tokenizer, kept=kept, shared=False, batch_size=1)
    assert kept.stored == [0, 1]
