"""Attention's scores: beside the kernel's result for those who ask, before it for an edit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extractors import DinoV2Model, LlamaModel, VJepa2Model, Wav2VecBertModel
from extractors.dinov2.random import write_random as random_dinov2
from extractors.llama.passes import PrefixForest
from extractors.llama.random import write_random as random_llama
from extractors.vjepa2.random import write_random as random_vjepa2
from extractors.wav2vec_bert.random import write_random as random_wav2vec
from tests.encoder.golden_case import load
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.ops.attention import attention_logits
from tribe_np.oracle import Recording, edited, relative_error, trace
from tribe_np.protocols import Array

ALL = ("*", "*.logits", "*.probabilities", "*.distances")
SCORES = "*.logits", "*.probabilities"
Run = Callable[..., np.ndarray]


def encoder_run(name: str, change: dict[str, Any]) -> Run:
    case = load(name)
    case.config["encoder"].update(change)

    def run(kernels: KernelSet = REFERENCE) -> np.ndarray:
        out: np.ndarray = case.encoder(precision="float64", kernels=kernels)(case.features, case.subject_index)
        return out

    return run


def folder_run(model: Any, folder: Path, inputs: np.ndarray) -> Run:
    def run(kernels: KernelSet = REFERENCE) -> np.ndarray:
        states: np.ndarray = model.from_pretrained(folder, precision="float64", kernels=kernels).hidden_states(inputs)
        return states

    return run


@pytest.fixture(params=["llama", "wav2vec_bert", "vjepa2", "dinov2", "released", "residual", "alibi", "xpos"])
def run(request: pytest.FixtureRequest, tmp_path: Path, rng: np.random.Generator) -> Run:
    match request.param:
        case "llama":
            folder = random_llama(tmp_path, seed=1, n_layers=2, num_key_value_heads=2, vocab_size=300)
            return folder_run(LlamaModel, folder, rng.integers(0, 300, (2, 7)))
        case "wav2vec_bert":
            folder = random_wav2vec(tmp_path, seed=1, hidden=16, intermediate=24)
            return folder_run(Wav2VecBertModel, folder, rng.normal(size=(2, 9, 160)))
        case "vjepa2":
            folder = random_vjepa2(tmp_path, seed=1, crop_size=12, patch_size=4, frames_per_clip=4)
            return folder_run(VJepa2Model, folder, rng.normal(size=(1, 4, 3, 12, 12)))
        case "dinov2":
            folder = random_dinov2(tmp_path, seed=1, image_size=28, patch_size=7)
            return folder_run(DinoV2Model, folder, rng.normal(size=(2, 3, 28, 28)))
        case "residual":
            return encoder_run("alibi", {"residual_attn": True, "causal": True})
    return encoder_run(request.param, {})


def attentions(recording: Recording) -> list[str]:
    return [name.removesuffix("logits") for name in recording.names() if name.endswith(".logits")]


def merged(x: np.ndarray) -> np.ndarray:
    return x.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[2], -1)


def test_who_asks_sees_them_and_the_result_keeps_its_bits(run: Run) -> None:
    plain = run()
    with trace(pattern=ALL) as recording:
        np.testing.assert_array_equal(run(), plain)
    assert attentions(recording)
    for at in attentions(recording):
        logits, weights, value = (recording[f"{at}{leaf}"] for leaf in ("logits", "probabilities", "value"))
        np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-12)
        spread = np.exp(logits - logits.max(axis=-1, keepdims=True))
        np.testing.assert_allclose(weights, spread / spread.sum(axis=-1, keepdims=True), rtol=1e-10, atol=1e-300)
        value = np.repeat(value, weights.shape[1] // value.shape[1], axis=1)
        assert relative_error(recording[f"{at}mixed"], merged(weights @ value)) < 1e-12


def test_none_are_computed_for_one_who_hears_all(run: Run, request: pytest.FixtureRequest) -> None:
    def never(*_: Any, **__: Any) -> Array:
        raise AssertionError("scores of every pair")

    if "residual" in request.node.name:
        never = attention_logits  # residual attention hands its logits on
    with trace() as recording:
        run(replace(REFERENCE, attention_logits=never))
    assert not attentions(recording)


@pytest.mark.parametrize("leaf", ["logits", "probabilities"])
def test_an_edit_of_the_scores_is_what_the_pass_goes_on_with(run: Run, leaf: str) -> None:
    def last_two(name: str, array: Array) -> Array:
        kept = np.zeros(array.shape)
        kept[..., :2] = array[..., :2]
        return kept

    with edited(last_two, f"*.{leaf}"), trace(pattern=ALL) as recording:
        run()
    for at in attentions(recording):
        weights = recording[f"{at}probabilities"]
        if leaf == "probabilities":
            assert not weights[..., 2:].any()
        value = recording[f"{at}value"]
        value = np.repeat(value, weights.shape[1] // value.shape[1], axis=1)
        assert relative_error(recording[f"{at}mixed"], merged(weights @ value)) < 1e-12
    with edited(lambda name, array: array, f"*.{leaf}"):
        same = run()
    assert relative_error(same, run()) < 1e-12


def test_a_mistaken_scale_shows_in_the_logits_and_in_all_that_follows(run: Run) -> None:
    def unscaled(query: Array, key: Array, *, scale: float, **options: Any) -> Array:
        return attention_logits(query, key, scale=1.0, **options)

    def keep(name: str, array: Array) -> Array:
        return array

    with edited(keep, ALL), trace(pattern=ALL) as right:
        run()
    with edited(keep, ALL), trace(pattern=ALL) as wrong:
        run(replace(REFERENCE, attention_logits=unscaled))
    changed = [name for name in right.names() if relative_error(wrong[name], right[name]) > 1e-9]
    assert changed[0] == f"{attentions(right)[0]}logits"


def test_a_causal_mask_is_minus_infinity(tmp_path: Path, rng: np.random.Generator) -> None:
    model = LlamaModel.from_pretrained(random_llama(tmp_path, seed=1, n_layers=1, vocab_size=300))
    with trace(pattern=SCORES) as recording:
        model.hidden_states(rng.integers(0, 300, (1, 6)), np.array([[1, 1, 1, 1, 1, 0]]))
    (at,) = attentions(recording)
    later = np.triu(np.ones((6, 6), bool), 1)
    later[:, 5] = True  # padding
    assert np.all(np.isneginf(recording[f"{at}logits"]) == later)
    assert np.all((recording[f"{at}probabilities"] == 0) == later)


def test_a_forest_shows_each_contexts_own_scores(tmp_path: Path, rng: np.random.Generator) -> None:
    folder = random_llama(tmp_path, seed=1, n_layers=2, num_key_value_heads=2, vocab_size=300)
    model = LlamaModel.from_pretrained(folder, precision="float64")
    trunk = rng.integers(0, 300, 9)
    contexts = [trunk, np.concatenate([trunk[:6], [1, 2]]), np.concatenate([trunk[:7], [3]])]
    other = [rng.integers(0, 300, 4)]
    forest = PrefixForest.grow([contexts, other])
    with trace(pattern=ALL) as recording:
        for _ in model.iterate_forest_states(forest, model.context()):
            pass
    for i, ids in enumerate([*contexts, *other]):
        nodes = forest.last_nodes(i, len(ids))
        with trace(pattern=ALL) as alone:
            model.hidden_states(ids[None])
        for at in attentions(alone):
            for leaf in ("logits", "probabilities"):
                found = recording[f"{at}{leaf}"][:, :, nodes][..., nodes]
                np.testing.assert_allclose(found, alone[f"{at}{leaf}"], rtol=1e-10, atol=1e-13)
            others = np.delete(recording[f"{at}probabilities"][:, :, nodes], nodes, axis=-1)
            assert not others.any()
