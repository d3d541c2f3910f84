"""LLaMA in kits: token ids in, the state after the final norm out."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from extractors.llama.config import LlamaConfig
from extractors.llama.model import LlamaModel
from tribe_np.backend import to_host
from tribe_np.oracle.generator import TensorRecipe, exponent_for
from tribe_np.oracle.kit_models.kit_building import built_model
from tribe_np.oracle.kit_models.kit_model import KitCase, KitModel, KitRecipe, LayerNames, TakenShapes
from tribe_np.oracle.kit_models.kit_weights import drawn
from tribe_np.oracle.setup import Setup
from tribe_np.runtime import Runtime

EVERY_THIRD = 3
"""Ids whose embedding is so small that eps is half of the first norm's mean square."""
SMALL = -9
OUTLYING = (5, 17, 30, 41)
"""Channels of massive activations where `sizes` asks for outliers."""
LOUD, OTHER_GAINS, QUIET_BRANCHES = 7, 4, -2
BIASES = {"attention_bias": True, "mlp_bias": True}
NEW_SPELLING = {
    "rope_theta": None, "rope_scaling": None,
    "rope_parameters": {
        "rope_type": "llama3", "rope_theta": 10000.0, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 2.0,
        "original_max_position_embeddings": 40,
    },
}  # fmt: skip
RELEASED_ROPE = {
    "rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}  # fmt: skip


def _case(name: str, meaning: str, config: Mapping[str, Any] | None = None, **sizes: Any) -> KitCase:
    return KitCase(name, meaning, config or {}, {"batch": 2, "tokens": 13, **sizes})


class LlamaKit(KitModel):
    """Grouped heads wider than the model's share, rotary positions of three bands, tokens of tiny norm."""

    name = "llama"
    tiny: ClassVar[Mapping[str, Any]] = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 48, "intermediate_size": 80,
        "num_hidden_layers": 3, "num_attention_heads": 6, "num_key_value_heads": 3, "head_dim": 16, "vocab_size": 101,
        "max_position_embeddings": 131072, "hidden_act": "silu", "rms_norm_eps": 1e-05, "rope_theta": 500000.0,
        "rope_scaling": {
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        },
        "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False,
    }  # fmt: skip
    cases = (
        _case("plain", "two texts of 13 tokens, frequencies kept, blended and slowed"),
        _case("one_token", "a text of a single token", batch=1, tokens=1),
        _case("padding", "three texts padded on the right, with an attention mask", batch=3, lengths=(13, 6, 1)),
        _case("long", "2,100 tokens: angles of thousands of radians, with the released scaling",
              {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 1,
               "num_key_value_heads": 1, "head_dim": 32, "rope_scaling": RELEASED_ROPE}, batch=1, tokens=2100,
              scores=False),
        _case("no_scaling", "rotary positions as before LLaMA 3.1", {"rope_theta": 10000.0, "rope_scaling": None}),
        _case("rope_parameters", "the spelling of transformers 5, with another scaling", NEW_SPELLING),
        _case("biases", "biases in attention and in the feed-forward", BIASES),
        _case("one_kv_head", "all query heads share one key and value head", {"num_key_value_heads": 1}),
        _case("ungrouped", "as many key and value heads as query heads", {"num_key_value_heads": 6}),
        _case("outliers", "four channels a hundred times as large as the others, as in trained models", outliers=True),
    )  # fmt: skip
    layers = LayerNames(
        ("num_hidden_layers",), "model.layers.", "llama.layers.", "llama.embed_tokens.output",
        before=("model.embed_tokens.",), after=("model.norm.",), read=("attention_mask",),
    )  # fmt: skip

    def released(self) -> dict[str, Any]:
        """meta-llama/Llama-3.2-3B."""
        own = {
            "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 28, "num_attention_heads": 24,
            "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 128256, "rope_scaling": RELEASED_ROPE,
        }  # fmt: skip
        return {**self.tiny, **own}

    def recipe(self, config: Mapping[str, Any], sizes: Mapping[str, Any]) -> KitRecipe:
        """See KitModel; `sizes` has batch and tokens.

        It may have lengths of the texts, which the attention mask follows, and outliers.
        """
        taken, checked = TakenShapes(), LlamaConfig.from_dict(config)
        LlamaModel.from_weights(taken, checked, Runtime(headers_only=True))
        named = {LlamaModel.stored_prefix + name: shape for name, shape in taken.taken.items()}
        weight = self._outlying if sizes.get("outliers") else self._weight
        weights = tuple(weight(name, shape) for name, shape in named.items())
        shape = (sizes["batch"], sizes["tokens"])
        ids = TensorRecipe("token_ids", shape, "integer", high=checked.vocab_size, dtype="int64")
        lengths = sizes.get("lengths")
        if lengths is None:
            return KitRecipe(weights, (ids,))
        mask = np.arange(sizes["tokens"]) < np.array(lengths)[:, None]
        return KitRecipe(weights, (ids,), stored_inputs={"attention_mask": mask.astype(np.int64)})

    def _weight(self, name: str, shape: tuple[int, ...]) -> TensorRecipe:
        if "embed_tokens" in name:
            return TensorRecipe(name, shape, scaled=tuple(range(0, shape[0], EVERY_THIRD)), shift=SMALL)
        return drawn(name, shape, enlarged=("q_proj", "k_proj"))

    def _outlying(self, name: str, shape: tuple[int, ...]) -> TensorRecipe:
        if "embed_tokens" in name:
            return TensorRecipe(name, shape, axis=1, scaled=OUTLYING, shift=LOUD)
        if "norm" in name:  # the other channels' gains make up for it, as training does
            others = tuple(channel for channel in range(shape[0]) if channel not in OUTLYING)
            return TensorRecipe(name, shape, "gain", scaled=others, shift=OTHER_GAINS)
        if "o_proj" in name or "down_proj" in name:
            return TensorRecipe(name, shape, exponent=exponent_for(shape[1], gain=QUIET_BRANCHES))
        return drawn(name, shape, enlarged=("q_proj", "k_proj"))

    def build(self, setup: Setup) -> LlamaModel:
        """See KitModel."""
        config = LlamaConfig.from_dict(setup.config)
        return built_model(
            setup, self.layers, LlamaModel.own_name,
            lambda weights, runtime: LlamaModel.from_weights(weights, config, runtime),
        )  # fmt: skip

    def run(self, setup: Setup) -> np.ndarray:
        """See KitModel: (B, S, D)."""
        model = self.build(setup)
        states = model.iterate_states(setup.inputs["token_ids"], model.context(), setup.inputs.get("attention_mask"))
        *_, (_, last) = states
        return to_host(last)


KIT_MODEL = LlamaKit()
