"""V-JEPA 2 in kits: the pixels of a clip in, the state after the last layer (or its norm) out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from extractors.vjepa2.config import VJepa2Config
from extractors.vjepa2.model import THETA, VJepa2Model, part_dim
from extractors.vjepa2.preprocess import VideoProcessor
from tribe_np.backend import to_host
from tribe_np.oracle.generator import TensorRecipe
from tribe_np.oracle.kit_models.kit_building import built_model
from tribe_np.oracle.kit_models.kit_model import KitCase, KitModel, KitRecipe, LayerNames, TakenShapes
from tribe_np.oracle.kit_models.kit_weights import BIAS_EXPONENT, drawn
from tribe_np.oracle.setup import Setup
from tribe_np.runtime import Runtime

SHIFT = -10
"""Of the pixels of the upper row of patches, and of the bias that they meet."""
FINAL_NORM = "final_norm"
"""Our key in config.json: whether the last state is normalised, as transformers <= 5.3 hands it over."""


def _case(name: str, meaning: str, config: Mapping[str, Any] | None = None, **sizes: Any) -> KitCase:
    return KitCase(name, meaning, config or {}, {"batch": 2, "frames": 10, **sizes})


class VJepa2Kit(KitModel):
    """Heads wider than their three turned parts, positions of three axes, patches of tiny norm."""

    name = "vjepa2"
    tiny: ClassVar[Mapping[str, Any]] = {
        "architectures": ["VJEPA2Model"], "model_type": "vjepa2", "hidden_size": 56, "num_hidden_layers": 2,
        "num_attention_heads": 4, "mlp_ratio": 48 / 11, "patch_size": 4, "tubelet_size": 2, "crop_size": 12,
        "frames_per_clip": 10, "in_chans": 3, "layer_norm_eps": 1e-06, "qkv_bias": True, "hidden_act": "gelu",
        FINAL_NORM: False,
    }  # fmt: skip
    cases = (
        _case("plain", "two clips of 10 frames on the configured grid"),
        _case("one_frame", "fewer frames than a tubelet: they are repeated", batch=1, frames=1),
        _case("odd_frames", "a frame that fills no tubelet is left out", batch=1, frames=5),
        _case("rest", "rows and columns that fill no patch are left out", batch=1, frames=4, height=14, width=15),
        _case("other_grid", "a larger picture: positions are counted on the configured grid all the same", batch=1,
              frames=4, height=16, width=20),
        _case("smaller", "a smaller picture than the configured one, not square", batch=1, frames=6, height=8,
              width=4),
        _case("final_norm", "the last state normalised, as transformers <= 5.3 hands it over", {FINAL_NORM: True}),
        _case("no_bias", "no biases of queries, keys and values", {"qkv_bias": False}),
        _case("full_heads", "three turned parts that fill the head", {"hidden_size": 48, "tubelet_size": 1}, frames=3),
    )  # fmt: skip
    layers = LayerNames(
        ("num_hidden_layers",), "encoder.layer.", "vjepa2.encoder.layer.",
        "vjepa2.encoder.embeddings.patch_embeddings.proj.output", before=("encoder.embeddings.",),
        after=("encoder.layernorm.",),
    )  # fmt: skip

    def released(self) -> dict[str, Any]:
        """facebook/vjepa2-vitg-fpc64-256."""
        own = {
            "hidden_size": 1408, "num_hidden_layers": 40, "num_attention_heads": 22, "patch_size": 16,
            "crop_size": 256, "frames_per_clip": 64,
        }  # fmt: skip
        return {**self.tiny, **own}

    def released_sizes(self) -> dict[str, Any]:
        """4 frames on the whole grid, 512 tokens: a whole clip has 8,192, and that squared of pairs."""
        return {"batch": 1, "frames": 4}

    def recipe(self, config: Mapping[str, Any], sizes: Mapping[str, Any]) -> KitRecipe:
        """See KitModel; `sizes` has batch and frames, and may have a height and a width other than the crop's."""
        taken, checked = TakenShapes(), VJepa2Config.from_dict(config)
        VJepa2Model.from_weights(taken, checked, VideoProcessor.from_dict({}), Runtime(headers_only=True))
        weights = tuple(self._weight(name, shape) for name, shape in taken.taken.items())
        picture = (sizes.get("height", checked.crop_size), sizes.get("width", checked.crop_size))
        shape = (sizes["batch"], sizes["frames"], checked.n_channels, *picture)
        dark = tuple(range(checked.patch_size))
        return KitRecipe(weights, (TensorRecipe("pixel_values", shape, axis=3, scaled=dark, shift=SHIFT),))

    def _weight(self, name: str, shape: tuple[int, ...]) -> TensorRecipe:
        if name.endswith("patch_embeddings.proj.bias"):
            return TensorRecipe(name, shape, exponent=BIAS_EXPONENT - SHIFT)
        return drawn(name, shape, enlarged=("query", "key", "fc1"))

    def build(self, setup: Setup) -> VJepa2Model:
        """See KitModel."""
        config = VJepa2Config.from_dict(setup.config)
        model = built_model(
            setup, self.layers, VJepa2Model.own_name,
            lambda weights, runtime: VJepa2Model.from_weights(weights, config, VideoProcessor.from_dict({}), runtime),
        )  # fmt: skip
        return replace(model, omega=rotary_omega(config.head_dim).astype(model.runtime.dtype))

    def run(self, setup: Setup) -> np.ndarray:
        """See KitModel: (B, S, D)."""
        model = self.build(setup)
        final_norm = bool(setup.config.get(FINAL_NORM, False))
        *_, (_, last) = model.iterate_states(setup.inputs["pixel_values"], model.context(), final_norm=final_norm)
        return to_host(last)


def rotary_omega(head_dim: int) -> np.ndarray:
    """`extractors.vjepa2.model.frequencies` as upstream's float32 pass has them, the same on every machine.

    Shapes   -> (part / 2,) float32
    Numerics rounded to float32 after each step, the power from float64: torch's own numbers to the bit
    Source   transformers 5.23.0 rotate_queries_or_keys
    """
    half = part_dim(head_dim) // 2
    exponents = np.arange(half, dtype=np.float32) / np.float32(max(half, 1))
    return np.float32(1) / np.power(THETA, exponents.astype(np.float64)).astype(np.float32)


KIT_MODEL = VJepa2Kit()
