"""Wav2Vec-BERT in kits: log-mel pairs in, the state after the last layer out."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from extractors.wav2vec_bert.config import Wav2VecBertConfig
from extractors.wav2vec_bert.model import Wav2VecBertModel
from tribe_np.backend import to_host
from tribe_np.oracle.generator import TensorRecipe
from tribe_np.oracle.kit_models.kit_building import built_model
from tribe_np.oracle.kit_models.kit_model import KitCase, KitModel, KitRecipe, LayerNames, TakenShapes
from tribe_np.oracle.kit_models.kit_weights import drawn
from tribe_np.oracle.setup import Setup
from tribe_np.runtime import Runtime

QUIET = (0, 5, 6)
"""Steps of the input whose variance is about half the eps of its norm."""
SHIFT = -9


def _case(name: str, meaning: str, config: Mapping[str, Any] | None = None, **sizes: Any) -> KitCase:
    return KitCase(name, meaning, config or {}, {"batch": 2, "steps": 23, **sizes})


class Wav2VecBertKit(KitModel):
    """More steps than the distances that have an embedding, on both sides; steps of tiny norm."""

    name = "wav2vec_bert"
    tiny: ClassVar[Mapping[str, Any]] = {
        "architectures": ["Wav2Vec2BertModel"], "model_type": "wav2vec2-bert", "hidden_size": 48,
        "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 80, "feature_projection_input_dim": 28,
        "hidden_act": "swish", "layer_norm_eps": 1e-05, "position_embeddings_type": "relative_key",
        "left_max_position_embeddings": 6, "right_max_position_embeddings": 3, "conv_depthwise_kernel_size": 5,
        "add_adapter": False, "use_intermediate_ffn_before_adapter": False,
    }  # fmt: skip
    cases = (
        _case("plain", "two sounds of 23 mel pairs, distances clipped on both sides"),
        _case("one_step", "a sound of a single pair", batch=1, steps=1),
        _case("short", "fewer steps than the convolution has taps", batch=1, steps=3),
        _case("released_spans", "90 steps: the released spans, 64 to the left and 8 to the right, clip",
              {"hidden_size": 24, "intermediate_size": 40, "left_max_position_embeddings": 64,
               "right_max_position_embeddings": 8, "conv_depthwise_kernel_size": 31}, batch=1, steps=90),
        _case("one_sided", "no distance to later steps has an embedding", {"right_max_position_embeddings": 0}),
        _case("batch", "five sounds: none depends on its neighbours", batch=5, steps=7),
    )  # fmt: skip
    layers = LayerNames(
        ("num_hidden_layers",), "encoder.layers.", "wav2vec_bert.encoder.layers.",
        "wav2vec_bert.feature_projection.output", before=("feature_projection.", "masked_spec_embed"), after=(),
    )  # fmt: skip

    def released(self) -> dict[str, Any]:
        """facebook/w2v-bert-2.0."""
        own = {
            "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096,
            "feature_projection_input_dim": 160, "left_max_position_embeddings": 64,
            "right_max_position_embeddings": 8, "conv_depthwise_kernel_size": 31,
        }  # fmt: skip
        return {**self.tiny, **own}

    def released_sizes(self) -> dict[str, Any]:
        """1.5 s of sound: more steps than the 64 after which distances are cut off."""
        return {"batch": 1, "steps": 75}

    def recipe(self, config: Mapping[str, Any], sizes: Mapping[str, Any]) -> KitRecipe:
        """See KitModel; `sizes` has batch and steps."""
        taken, checked = TakenShapes(), Wav2VecBertConfig.from_dict(config)
        Wav2VecBertModel.from_weights(taken, checked, None, Runtime(headers_only=True))
        unused = {"masked_spec_embed": (checked.model_dim,)}  # of training, in every file
        weights = tuple(self._weight(name, shape) for name, shape in (taken.taken | unused).items())
        shape = (sizes["batch"], sizes["steps"], checked.input_dim)
        quiet = tuple(step for step in QUIET if step < shape[1])
        return KitRecipe(weights, (TensorRecipe("input_features", shape, axis=1, scaled=quiet, shift=SHIFT),))

    def _weight(self, name: str, shape: tuple[int, ...]) -> TensorRecipe:
        if name.endswith("distance_embedding.weight"):
            return TensorRecipe(name, shape)  # added to the keys: as large as they are
        return drawn(name, shape, enlarged=("linear_q", "linear_k"))

    def build(self, setup: Setup) -> Wav2VecBertModel:
        """See KitModel; without a filterbank."""
        config = Wav2VecBertConfig.from_dict(setup.config)
        return built_model(
            setup, self.layers, Wav2VecBertModel.own_name,
            lambda weights, runtime: Wav2VecBertModel.from_weights(weights, config, None, runtime),
        )  # fmt: skip

    def run(self, setup: Setup) -> np.ndarray:
        """See KitModel: (B, S, D)."""
        model = self.build(setup)
        *_, (_, last) = model.iterate_states(setup.inputs["input_features"], model.context())
        return to_host(last)


KIT_MODEL = Wav2VecBertKit()
