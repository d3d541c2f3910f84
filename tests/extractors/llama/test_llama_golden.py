"""LLaMA against committed dumps of transformers 5.23.0 and neuralset 0.0.2; no torch needed."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from extractors import LlamaModel
from extractors.common.layer_groups import LayerSelection
from extractors.llama.extract import word_features
from extractors.llama.rope import inverse_frequencies
from extractors.llama.tokenizer import LlamaTokenizer
from tribe_np.kernels.kernel_set import REFERENCE
from tribe_np.ops import attention, norm, rotary
from tribe_np.oracle import Recording, relative_error, trace
from tribe_np.timeline.events import Event

GOLDEN = Path(__file__).parents[2] / "golden"
BOUND32, BOUND64 = 1e-5, 1e-12


@pytest.mark.parametrize("name", ["llama_sharded", "llama_single"])
def test_every_state_and_intermediate(name):
    golden = Recording.load(GOLDEN / f"{name}_states.safetensors")
    found = {}
    for precision in ("float32", "float64"):
        model = LlamaModel.from_pretrained(GOLDEN / name, precision=precision)
        with trace() as recording:
            states = model.hidden_states(golden["token_ids"], golden["attention_mask"])
        found |= {f"{precision}.{n.removeprefix('llama.')}": recording[n] for n in recording.names()}
        found |= {f"{precision}.hidden_states.{i}": state for i, state in enumerate(states)}
        assert len(states) == sum(key.startswith(f"{precision}.hidden_states.") for key in golden.names())
    found["float32.inv_freq"] = inverse_frequencies(model.config)
    compared = [key for key in golden.names() if key.startswith("float")]
    assert len(compared) > 20
    for key in compared:
        bound = 0.0 if key.endswith("inv_freq") else BOUND32 if key.startswith("float32") else BOUND64
        assert relative_error(found[key], golden[key]) <= bound, key


@pytest.fixture(scope="module")
def words():
    return json.loads((GOLDEN / "llama_words.json").read_text(encoding="utf-8"))


@pytest.mark.extras
def test_token_ids_and_target_tokens_of_every_word(words):
    tokenizer = LlamaTokenizer.from_pretrained(GOLDEN / "llama_sharded")
    assert len(words) > 90
    for word in words:
        assert tokenizer.encode(word["context"]) == word["ids"]
        first, stop = tokenizer.word_span(word["text"], word["context"], len(word["ids"]))
        assert (stop - first, stop) == (word["n_target"], len(word["ids"])), word


@pytest.mark.extras
@pytest.mark.parametrize("eos_is_padding", [False, True])
@pytest.mark.parametrize(("name", "cached"), [("features", None), ("features_cached_4", 4)])
def test_features_of_every_word(words, name, cached, eos_is_padding):
    golden = Recording.load(GOLDEN / "llama_words.safetensors")[name]
    found = word_features(
        LlamaModel.from_pretrained(GOLDEN / "llama_sharded"),
        LlamaTokenizer.from_pretrained(GOLDEN / "llama_sharded"),
        [Event("Word", float(i), 0.3, text=word["text"], context=word["context"]) for i, word in enumerate(words)],
        selection=LayerSelection((0.5, 0.75, 1.0), cache_n_layers=cached),
        eos_is_padding=eos_is_padding,
    )
    assert relative_error(np.stack(found), golden) <= BOUND32


def interleaved(x, cos, sin):
    order = np.arange(x.shape[-1]).reshape(-1, 2).T.reshape(-1)
    return rotary.rotate_half(x[..., order], cos, sin)[..., np.argsort(order)]


def tiled(query, key, value, **options):
    groups = query.shape[1] // key.shape[1]
    return attention.attention(query, np.tile(key, (1, groups, 1, 1)), np.tile(value, (1, groups, 1, 1)), **options)


MUTATIONS = {
    "interleaved rotary positions": {"rotate_half": interleaved},
    "no rotary positions": {"rotate_half": lambda x, cos, sin: x},
    "key and value heads in turn instead of in blocks": {"attention": tiled},
    "eps dropped": {"rms_norm": lambda x, weight, *, eps: norm.rms_norm(x, weight, eps=0.0)},
    "gain plus one": {"rms_norm": lambda x, weight, *, eps: norm.rms_norm(x, weight + 1, eps=eps)},
    "gate and up exchanged": {"silu_gate": lambda gate, up: REFERENCE.silu_gate(up, gate)},
    "not causal": {"attention": lambda *qkv, causal, **options: attention.attention(*qkv, **options)},
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_golden_states_catch_every_mutation(mutation):
    golden = Recording.load(GOLDEN / "llama_sharded_states.safetensors")
    kernels = replace(REFERENCE, **MUTATIONS[mutation])
    model = LlamaModel.from_pretrained(GOLDEN / "llama_sharded", precision="float64", kernels=kernels)
    states = model.hidden_states(golden["token_ids"], golden["attention_mask"])
    assert relative_error(states[-1], golden["float64.hidden_states.4"]) > 1000 * BOUND64
