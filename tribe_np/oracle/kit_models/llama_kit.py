"""LLaMA in kits: token ids in, the state after the final norm out."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from extractors.llama.config import LlamaConfig
from extractors.llama.model import LlamaModel
from tribe_np.backend import to_host
from tribe_np.formats.weights import WeightTree
from tribe_np.oracle.generator import TensorRecipe, exponent_for
from tribe_np.oracle.kit_models.kit_model import KitCase, KitModel, KitRecipe, LayerNames, TakenShapes
from tribe_np.oracle.setup import Setup
from tribe_np.runtime import Runtime


class LlamaKit(KitModel):
    """Grouped heads wider than the model's share, released rotary smoothing, tokens of tiny norm."""

    name = "llama"
    tiny: ClassVar[Mapping[str, Any]] = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 48, "intermediate_size": 80,
        "num_hidden_layers": 3, "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 96,
        "max_position_embeddings": 131072, "hidden_act": "silu", "rms_norm_eps": 1e-05, "rope_theta": 500000.0,
        "rope_scaling": {
            "rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
        "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False,
    }  # fmt: skip
    cases = (KitCase("plain", "two texts of 13 tokens", sizes={"batch": 2, "tokens": 13}),)
    layers = LayerNames(
        ("num_hidden_layers",), "model.layers.", "llama.layers.", "llama.embed_tokens.output",
        before=("model.embed_tokens.",), after=("model.norm.",), read=("attention_mask",),
    )  # fmt: skip

    def released(self) -> dict[str, Any]:
        """meta-llama/Llama-3.2-3B."""
        own = {
            "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 28, "num_attention_heads": 24,
            "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 128256,
        }  # fmt: skip
        return {**self.tiny, **own}

    def recipe(self, config: Mapping[str, Any], sizes: Mapping[str, Any]) -> KitRecipe:
        """See KitModel; `sizes` has batch and tokens."""
        taken, checked = TakenShapes(), LlamaConfig.from_dict(config)
        LlamaModel.from_weights(taken, checked, Runtime(headers_only=True))
        weights = tuple(self._weight(LlamaModel.stored_prefix + name, shape) for name, shape in taken.taken.items())
        shape = (sizes["batch"], sizes["tokens"])
        ids = TensorRecipe("token_ids", shape, "integer", high=checked.vocab_size, dtype="int64")
        return KitRecipe(weights, (ids,))

    def _weight(self, name: str, shape: tuple[int, ...]) -> TensorRecipe:
        if len(shape) == 1 and "norm" in name:
            return TensorRecipe(name, shape, "gain")
        if "embed_tokens" in name:
            return TensorRecipe(name, shape, exponent=15, scaled=tuple(range(0, shape[0], 7)), shift=-9)
        gain = 1 if "q_proj" in name or "k_proj" in name else 0
        return TensorRecipe(name, shape, exponent=exponent_for(shape[-1], gain=gain))

    def run(self, setup: Setup) -> np.ndarray:
        """See KitModel: (B, S, D)."""
        runtime = Runtime(setup.precision, kernels=setup.kernels)
        arrays = {LlamaModel.own_name(name): array for name, array in setup.weights.items()}
        weights = WeightTree(arrays, origin="the kit's weights", dtype=runtime.dtype, place=runtime.place)
        model = LlamaModel.from_weights(weights, LlamaConfig.from_dict(setup.config), runtime)
        states = model.iterate_states(setup.inputs["token_ids"], model.context(), setup.inputs.get("attention_mask"))
        *_, (_, last) = states
        return to_host(last)


KIT_MODEL = LlamaKit()
