"""The random LLaMA: reproducible, labelled, in the real layout, loadable."""

import json

import numpy as np
import pytest

from extractors import LlamaModel
from extractors.llama.random import write_random
from extractors.llama.random_tokenizer import N_MERGES, SPECIAL_TOKENS, byte_symbols, learned_merges, tokenizer_settings
from tribe_np.errors import ConfigError
from tribe_np.formats.safetensors import read_header


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_seed_decides_every_byte(tmp_path):
    first = contents(write_random(tmp_path / "a", seed=5, n_layers=1))
    assert first == contents(write_random(tmp_path / "b", seed=5, n_layers=1))
    other = contents(write_random(tmp_path / "c", seed=6, n_layers=1))
    assert {name for name in first if first[name] != other[name]} == {"model.safetensors"}


def test_default_folder_is_the_released_layout_and_says_what_it_is(tmp_path):
    folder = write_random(tmp_path, seed=0)
    config = json.loads((folder / "config.json").read_text())
    assert "random" in config["_note"]
    assert config["vocab_size"] == 256 + N_MERGES + len(SPECIAL_TOKENS)
    entries, _ = read_header(folder / "model.safetensors")
    assert {entry.dtype for entry in entries.values()} == {"BF16"}
    assert len(entries) == 2 + 9 * 4
    assert entries["model.layers.3.self_attn.k_proj.weight"].shape == (32, 64)
    assert LlamaModel.from_pretrained(folder).config.n_layers == 4


def test_shards_cover_every_tensor_once(tmp_path):
    folder = write_random(tmp_path, seed=0, n_shards=3, prefix="")
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    stored = {shard: set(read_header(folder / shard)[0]) for shard in set(index["weight_map"].values())}
    assert len(stored) == 3
    assert sum(map(len, stored.values())) == len(index["weight_map"]) == 38
    assert all(name in stored[shard] for name, shard in index["weight_map"].items())


def test_norm_gains_are_not_one_and_attention_is_not_uniform(tmp_path, rng):
    model = LlamaModel.from_pretrained(write_random(tmp_path, seed=0))
    assert 0.7 <= float(model.norm.weight.min()) < 0.8
    assert 1.2 < float(model.norm.weight.max()) <= 1.3
    states = model.hidden_states(rng.integers(0, 400, (1, 40)))
    assert np.all(np.isfinite(states))
    assert np.std(states[-1]) > 0.5


def test_bad_options(tmp_path):
    with pytest.raises(ConfigError, match="dtype"):
        write_random(tmp_path, seed=0, dtype="int8")
    with pytest.raises(ConfigError, match="num_key_value_heads"):
        write_random(tmp_path, seed=0, num_key_value_heads=3)


def test_byte_symbols_are_gpt2s():
    symbols = byte_symbols()
    assert len(set(symbols)) == 256
    assert (symbols[ord("a")], symbols[ord(" ")], symbols[ord("\n")], symbols[0]) == ("a", "Ġ", "Ċ", "Ā")


def test_merges_build_on_bytes_and_earlier_merges():
    known = set(byte_symbols())
    for left, right in learned_merges():
        assert left in known
        assert right in known
        known.add(left + right)
    model = tokenizer_settings()["model"]
    assert sorted(model["vocab"].values()) == list(range(256 + N_MERGES))
    assert model["ignore_merges"] is True
