"""Tiny runs of every model, with each option that adds a name in one of them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from extractors import DinoV2Model, LlamaModel, VJepa2Model, Wav2VecBertModel
from extractors.dinov2.random import write_random as random_dinov2
from extractors.llama.passes import PrefixForest
from extractors.llama.random import write_random as random_llama
from extractors.vjepa2.random import write_random as random_vjepa2
from extractors.wav2vec_bert.random import write_random as random_wav2vec
from tests.encoder.golden_case import NAMES, load
from tribe_np.encoder.model import WINDOWS_AT_ONCE, FmriEncoder
from tribe_np.encoder.random import random_state_dict

BRAIN: dict[str, Any] = {
    "hidden": 24, "max_seq_len": 30, "temporal_smoothing": {"kernel_size": 3}, "low_rank_head": 5,
    "projector": {"name": "Mlp", "hidden_sizes": [7, 9], "norm_layer": "layer", "activation_layer": "gelu"},
    "combiner": {"name": "Mlp", "hidden_sizes": [11], "norm_layer": "instance", "activation_layer": "relu"},
    "encoder": {"heads": 3, "depth": 1, "rotary_pos_emb": False, "rel_pos_bias": True, "residual_attn": True},
    "subject_layers": {"n_subjects": 2, "subject_dropout": 0.1},
}  # fmt: skip
ARGS = {"feature_dims": {"text": (2, 5), "audio": (3, 4)}, "n_outputs": 17, "n_output_timesteps": 4}


Runs = Iterator[Callable[[], np.ndarray]]


def tiny_runs(folder: Path, **options: Any) -> dict[str, Runs]:
    """Calls that run each model and give its result; `options` as `from_pretrained` takes them."""
    rng = np.random.default_rng(0)
    return {
        "encoder": encoder_runs(rng, options), "llama": llama_runs(folder, rng, options),
        "wav2vec_bert": wav2vec_runs(folder, rng, options), "vjepa2": vjepa2_runs(folder, rng, options),
        "dinov2": dinov2_runs(folder, rng, options),
    }  # fmt: skip


def encoder_runs(rng: np.random.Generator, options: dict[str, Any]) -> Runs:
    """The golden cases, and a batch that runs in parts with hidden layers, smoothing, T5's bias and residual logits."""
    for name in NAMES:
        case = load(name)
        yield lambda case=case: case.encoder(**options)(case.features, case.subject_index)
    encoder = FmriEncoder.from_state_dict(BRAIN, ARGS, random_state_dict(BRAIN, ARGS, seed=1), **options)
    dims = ARGS["feature_dims"].items()
    features = {modality: rng.normal(size=(2 * WINDOWS_AT_ONCE + 1, *pair, 8)) for modality, pair in dims}
    yield lambda: encoder(features)


def llama_runs(folder: Path, rng: np.random.Generator, options: dict[str, Any]) -> Runs:
    """A batch of texts, and a forest; more than ten layers, so that their numbers sort as numbers."""
    sizes: dict[str, Any] = {"num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 300}
    written = random_llama(folder / "llama", seed=1, n_layers=11, hidden_size=24, intermediate_size=40, **sizes)
    model = LlamaModel.from_pretrained(written, **options)
    ids = rng.integers(0, 300, (2, 7))
    forest = PrefixForest.grow([[ids[0], np.append(ids[0][:4], 3)], [ids[1]]])
    yield lambda: model.hidden_states(ids)
    yield lambda: np.stack([state for _, state in model.iterate_forest_states(forest, model.context())])


def wav2vec_runs(folder: Path, rng: np.random.Generator, options: dict[str, Any]) -> Runs:
    """A batch of sounds."""
    written = random_wav2vec(folder / "audio", seed=1, hidden=16, intermediate=24, left=4, right=2)
    model, features = Wav2VecBertModel.from_pretrained(written, **options), rng.normal(size=(2, 9, 160))
    yield lambda: model.hidden_states(features)


def vjepa2_runs(folder: Path, rng: np.random.Generator, options: dict[str, Any]) -> Runs:
    """A batch of clips, with the final norm."""
    sizes = {"hidden_size": 44, "num_attention_heads": 2, "crop_size": 12, "patch_size": 4}
    model = VJepa2Model.from_pretrained(random_vjepa2(folder / "film", seed=1, **sizes), **options)
    pixels = rng.normal(size=(2, 4, 3, 12, 12))
    yield lambda: model.hidden_states(pixels, final_norm=True)


def dinov2_runs(folder: Path, rng: np.random.Generator, options: dict[str, Any]) -> Runs:
    """Pictures off the table's grid; a gated feed-forward; registers."""
    pixels = rng.normal(size=(2, 3, 21, 35))
    registers = {"model_type": "dinov2_with_registers", "num_register_tokens": 3}
    for i, config in enumerate(({}, {"use_swiglu_ffn": True}, registers)):
        written = random_dinov2(folder / f"pictures{i}", seed=1, image_size=28, patch_size=7, **config)
        model = DinoV2Model.from_pretrained(written, **options)
        yield lambda model=model: model.hidden_states(pixels)
