"""LlamaModel on random folders: shapes, causality, streaming, devices, taps, and bad input."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors import LlamaModel
from extractors.llama.random import write_random
from tests import fake_device
from tribe_np.backend import to_host
from tribe_np.errors import CheckpointError, ConfigError, ShapeError
from tribe_np.formats.safetensors import read_header, write_safetensors
from tribe_np.oracle import relative_error, trace

SMALL = {"n_layers": 2, "hidden_size": 32, "intermediate_size": 48, "head_dim": 8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_random(tmp_path_factory.mktemp("llama"), seed=1, **SMALL)


@pytest.fixture(scope="module")
def model(folder):
    return LlamaModel.from_pretrained(folder)


@pytest.fixture
def ids(rng):
    return rng.integers(0, 464, (2, 12))


def tensors_of(folder):
    return {name: entry.read() for name, entry in read_header(folder / "model.safetensors")[0].items()}


def test_states_are_embeddings_then_layers_then_the_normed_last(model, ids):
    states = model.hidden_states(ids)
    assert states.shape == (3, 2, 12, 32)
    assert states.dtype == np.float32
    with trace() as recording:
        model.hidden_states(ids)
    assert np.array_equal(states[0], recording["llama.embed_tokens.output"])
    assert np.array_equal(states[1], recording["llama.layers.0.output"])
    raw = recording["llama.layers.1.output"]
    assert not np.array_equal(states[2], raw)
    normed = raw / np.sqrt(np.mean(raw**2, axis=-1, keepdims=True) + model.config.rms_norm_eps) * model.norm.weight
    np.testing.assert_allclose(states[2], normed, rtol=1e-5, atol=1e-6)


def test_embeddings_are_the_rows_of_the_table(folder, model, ids):
    table = tensors_of(folder)["model.embed_tokens.weight"]
    assert np.array_equal(model.hidden_states(ids)[0], table[ids])
    assert np.array_equal(model.hidden_states(ids.tolist())[0], table[ids])


@given(st.integers(0, 11), st.integers(0, 463))
def test_a_token_changes_nothing_before_it(model, position, token):
    ids = np.random.default_rng(3).integers(0, 464, (1, 12))
    other = ids.copy()
    other[0, position] = (ids[0, position] + 1 + token % 463) % 464
    before, after = model.hidden_states(ids), model.hidden_states(other)
    assert np.array_equal(before[:, :, :position], after[:, :, :position])
    assert not np.array_equal(before[:, :, position], after[:, :, position])


def test_masked_padding_changes_no_token(model, ids):
    mask = np.ones_like(ids)
    mask[1, 7:] = 0
    plain, masked = model.hidden_states(ids), model.hidden_states(ids, mask)
    assert relative_error(masked[:, 0], plain[:, 0]) < 1e-5
    assert relative_error(masked[:, 1, :7], plain[:, 1, :7]) < 1e-5
    assert relative_error(masked[:, 1, 7:], plain[:, 1, 7:]) > 0.01
    assert np.array_equal(model.hidden_states(ids, np.ones_like(ids)), plain)


def test_a_row_alone_equals_the_row_in_its_batch(model, ids):
    assert relative_error(model.hidden_states(ids[1:])[:, 0], model.hidden_states(ids)[:, 1]) < 1e-5


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_streaming_is_bit_equal(folder, ids, precision):
    resident = LlamaModel.from_pretrained(folder, precision=precision)
    streamed = LlamaModel.from_pretrained(folder, precision=precision, streaming=True)
    assert streamed.layers.resident is None
    assert np.array_equal(resident.hidden_states(ids), streamed.hidden_states(ids))


def test_float64_is_float64_throughout_and_near_float32(folder, model, ids):
    double = LlamaModel.from_pretrained(folder, precision="float64")
    with trace() as recording:
        states = double.hidden_states(ids)
    assert states.dtype == np.float64
    assert {recording[name].dtype for name in recording.names()} == {np.dtype(np.float64)}
    assert 0 < relative_error(model.hidden_states(ids), states) < 1e-5


def test_runs_on_the_fake_device_with_equal_bits(folder, model, ids):
    there = LlamaModel.from_pretrained(folder, device=fake_device.module)
    mask = np.ones_like(ids)
    mask[0, 5:] = 0
    found = there.hidden_states(ids, mask)
    assert isinstance(found, fake_device.FakeArray)
    assert np.array_equal(to_host(found), model.hidden_states(ids, mask))


def test_tracing_changes_nothing_and_names_are_a_contract(model, ids):
    plain = model.hidden_states(ids)
    with trace() as recording:
        traced = model.hidden_states(ids)
    assert np.array_equal(plain, traced)
    attention = [f"self_attn.{leaf}" for leaf in ("query", "key", "value", "query_rotated", "key_rotated", "mixed")]
    block = [
        "input_layernorm.output", *attention, "self_attn.output", "self_attn.stream", "post_attention_layernorm.output",
        "mlp.gate_proj.output", "mlp.up_proj.output", "mlp.gated", "mlp.output", "output",
    ]  # fmt: skip
    expected = [f"llama.layers.{i}.{leaf}" for i in range(2) for leaf in block]
    tables = [f"llama.rotary_emb.{leaf}" for leaf in ("inv_freq", "cos", "sin")]
    assert recording.names() == ["llama.embed_tokens.output", *tables, *expected, "llama.norm.output"]
    assert recording["llama.layers.0.self_attn.query"].shape == (2, 4, 12, 8)
    assert recording["llama.layers.0.self_attn.key"].shape == (2, 2, 12, 8)


def test_grouped_heads_equal_repeated_heads(folder, model, ids, tmp_path):
    raw = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(raw | {"num_key_value_heads": 4}))
    tensors = tensors_of(folder)
    for name, value in tensors.items():
        if "k_proj" in name or "v_proj" in name:
            tensors[name] = np.repeat(value.reshape(2, 8, -1), 2, axis=0).reshape(32, -1)
    write_safetensors(tmp_path / "model.safetensors", tensors)
    assert relative_error(LlamaModel.from_pretrained(tmp_path).hidden_states(ids), model.hidden_states(ids)) < 1e-5


@pytest.mark.parametrize(
    "options", [{"n_shards": 3}, {"prefix": ""}, {"dtype": "float32"}, {"dtype": "float16"}, {"attention_bias": True}]
)
def test_every_layout_loads(tmp_path, ids, options):
    model = LlamaModel.from_pretrained(write_random(tmp_path, seed=1, **SMALL, **options))
    assert np.all(np.isfinite(model.hidden_states(ids)))


def test_the_layout_does_not_change_the_numbers(tmp_path, model, ids):
    sharded = write_random(tmp_path, seed=1, n_shards=2, prefix="", **SMALL)
    assert np.array_equal(LlamaModel.from_pretrained(sharded).hidden_states(ids), model.hidden_states(ids))


def edited(folder, tmp_path, change):
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    tensors = tensors_of(folder)
    change(tensors)
    write_safetensors(tmp_path / "model.safetensors", tensors)
    return tmp_path


def test_the_head_and_stored_rotary_buffers_are_ignored(folder, model, ids, tmp_path):
    def change(tensors):
        tensors["lm_head.weight"] = np.zeros((464, 32), np.float32)
        tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = np.zeros(4, np.float32)

    again = LlamaModel.from_pretrained(edited(folder, tmp_path, change))
    assert np.array_equal(again.hidden_states(ids), model.hidden_states(ids))


NORM = "model.layers.1.input_layernorm.weight"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop(NORM), "layers.1.input_layernorm.weight is missing"),
        (lambda t: t.update({NORM: np.ones(31, np.float32)}), r"has shape \(31,\), expected \(32,\)"),
        (lambda t: t.update({NORM: np.full(32, np.nan, np.float32)}), "holds NaN"),
        (lambda t: t.update({"model.layers.2.extra": np.ones(3, np.float32)}), "unexpected weights layers.2.extra"),
        (lambda t: t.pop("model.embed_tokens.weight"), "embed_tokens.weight is missing"),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_bad_weights_fail_at_load(folder, tmp_path, change, message, streaming):
    with pytest.raises(CheckpointError, match=message):
        LlamaModel.from_pretrained(edited(folder, tmp_path, change), streaming=streaming)


def test_bad_folders(tmp_path, folder):
    with pytest.raises(CheckpointError, match="no such folder"):
        LlamaModel.from_pretrained(tmp_path / "nothing")
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    with pytest.raises(CheckpointError, match=r"config\.json"):
        LlamaModel.from_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="precision"):
        LlamaModel.from_pretrained(folder, precision="float16")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((1, 3)), "integers of shape"),
        (np.zeros(3, int), "integers of shape"),
        (np.zeros((1, 0), int), "integers of shape"),
        (np.array([[0, 464]]), r"0\.\.463, got 0\.\.464"),
        (np.array([[-1, 3]]), "got -1"),
    ],
)
def test_bad_token_ids(model, bad, message):
    with pytest.raises(ShapeError, match=message):
        model.hidden_states(bad)


@pytest.mark.parametrize("mask", [[[1, 1]], [[0, 1, 1]], [[1, 0, 1]], [[1, 2, 0]], [[0, 0, 0]]])
def test_bad_masks(model, mask):
    with pytest.raises(ShapeError, match="attention_mask"):
        model.hidden_states(np.array([[1, 2, 3]]), np.array(mask))
