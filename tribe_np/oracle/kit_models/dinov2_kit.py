"""DINOv2 in kits: the pixels of a picture in, the state after the last layer (before the final norm) out."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from extractors.dinov2.config import WITH_REGISTERS, DinoV2Config
from extractors.dinov2.model import SPELLINGS, DinoV2Model, current_spelling
from extractors.dinov2.preprocess import PictureProcessor
from tribe_np.backend import to_host
from tribe_np.oracle.generator import TensorRecipe
from tribe_np.oracle.kit_models.kit_building import built_model
from tribe_np.oracle.kit_models.kit_model import KitCase, KitModel, KitRecipe, LayerNames, TakenShapes
from tribe_np.oracle.kit_models.kit_weights import BIAS_EXPONENT, drawn
from tribe_np.oracle.setup import Setup
from tribe_np.runtime import Runtime

SHIFT = -10
"""Of the upper row of patches, of their positions, and of the bias that they meet."""


REGISTERS = {
    "architectures": ["Dinov2WithRegistersModel"], "model_type": WITH_REGISTERS, "num_register_tokens": 3,
}  # fmt: skip


def _case(name: str, meaning: str, config: Mapping[str, Any] | None = None, **sizes: Any) -> KitCase:
    return KitCase(name, meaning, config or {}, {"batch": 2, **sizes})


class DinoV2Kit(KitModel):
    """Scales of the residuals that are not 1, positions, patches of tiny norm."""

    name = "dinov2"
    tiny: ClassVar[Mapping[str, Any]] = {
        "architectures": ["Dinov2Model"], "model_type": "dinov2", "hidden_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 3, "mlp_ratio": 4, "image_size": 20, "patch_size": 5, "num_channels": 3,
        "layer_norm_eps": 1e-06, "qkv_bias": True, "hidden_act": "gelu", "use_swiglu_ffn": False,
    }  # fmt: skip
    cases = (
        _case("plain", "two pictures on the grid of the position table"),
        _case("larger", "a larger picture: positions are resized, bicubic", batch=1, height=35, width=35),
        _case("smaller", "a smaller picture: positions are resized without antialias", batch=1, height=10, width=10),
        _case("not_square", "a picture that is not square", batch=1, height=15, width=30),
        _case("turned", "as many patches as the table, in another shape", batch=1, height=10, width=40),
        _case("rest", "rows and columns that fill no patch are left out", batch=1, height=23, width=22),
        _case("gated", "SwiGLU in the feed-forward, as in the giant model", {"use_swiglu_ffn": True}),
        _case("registers", "three registers between the class token and the patches", REGISTERS),
        _case("registers_smaller", "with registers, a smaller picture's positions are antialiased", REGISTERS, batch=1,
              height=15, width=10),
        _case("no_bias", "no biases of queries, keys and values", {"qkv_bias": False}),
    )  # fmt: skip
    layers = LayerNames(
        ("num_hidden_layers",), "encoder.layer.", "dinov2.encoder.layer.", "dinov2.embeddings.output",
        before=("embeddings.",), after=("layernorm.",),
    )  # fmt: skip

    def released(self) -> dict[str, Any]:
        """facebook/dinov2-large."""
        own = {
            "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "image_size": 518,
            "patch_size": 14,
        }  # fmt: skip
        return {**self.tiny, **own}

    def released_sizes(self) -> dict[str, Any]:
        """A picture as it is preprocessed: positions are resized from the table's 37 x 37."""
        return {"batch": 1, "height": 224, "width": 224}

    def recipe(self, config: Mapping[str, Any], sizes: Mapping[str, Any]) -> KitRecipe:
        """See KitModel; `sizes` has batch, and may have a height and a width other than the position table's."""
        taken, checked = TakenShapes(), DinoV2Config.from_dict(config)
        DinoV2Model.from_weights(taken, checked, PictureProcessor.from_dict({}), Runtime(headers_only=True))
        D = checked.model_dim
        unused = {"layernorm.weight": (D,), "layernorm.bias": (D,), "embeddings.mask_token": (1, D)}  # in every file
        named = hub_names(taken.taken | unused)
        weights = tuple(self._weight(name, shape, checked) for name, shape in named.items())
        picture = (sizes.get("height", checked.image_size), sizes.get("width", checked.image_size))
        shape = (sizes["batch"], checked.n_channels, *picture)
        dark = tuple(range(checked.patch_size))
        return KitRecipe(weights, (TensorRecipe("pixel_values", shape, axis=2, scaled=dark, shift=SHIFT),))

    def _weight(self, name: str, shape: tuple[int, ...], config: DinoV2Config) -> TensorRecipe:
        if name.endswith("projection.bias"):
            return TensorRecipe(name, shape, exponent=BIAS_EXPONENT - SHIFT)
        if name.endswith("position_embeddings"):
            upper = tuple(range(1, 1 + config.grid_size))
            return TensorRecipe(name, shape, exponent=16, axis=1, scaled=upper, shift=SHIFT)
        if name.endswith("_token") or name.endswith("_tokens"):
            return TensorRecipe(name, shape)
        return drawn(name, shape, enlarged=(".query.", ".key.", ".fc1."))

    def build(self, setup: Setup) -> DinoV2Model:
        """See KitModel."""
        config = DinoV2Config.from_dict(setup.config)
        return built_model(
            setup, self.layers, current_spelling,
            lambda weights, runtime: DinoV2Model.from_weights(weights, config, PictureProcessor.from_dict({}), runtime),
        )  # fmt: skip

    def run(self, setup: Setup) -> np.ndarray:
        """See KitModel: (B, 1 + S, D), with registers between the first token and the others."""
        model = self.build(setup)
        *_, (_, last) = model.iterate_states(setup.inputs["pixel_values"], model.context())
        return to_host(last)


def hub_names(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Shapes by the names of the files on the hub, where a gated layer holds gate and up as one."""
    found = {}
    for name, shape in shapes.items():
        if ".up_proj." in name:
            continue
        if ".gate_proj." in name:
            name, shape = name.replace("gate_proj", "weights_in"), (2 * shape[0], *shape[1:])
        for hub, ours in SPELLINGS.items():
            name = name.replace(ours, hub)
        found[name] = shape
    return found


KIT_MODEL = DinoV2Kit()
