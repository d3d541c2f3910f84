"""The models that have kits, by the name that `oracle dump --model` takes."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from tribe_np.errors import ConfigError

if TYPE_CHECKING:
    from tribe_np.oracle.kit_models.kit_model import KitModel

MODELS: Mapping[str, str] = {
    "encoder": "tribe_np.oracle.kit_models.encoder_kit",
    "llama": "tribe_np.oracle.kit_models.llama_kit",
    "wav2vec_bert": "tribe_np.oracle.kit_models.wav2vec_bert_kit",
    "vjepa2": "tribe_np.oracle.kit_models.vjepa2_kit",
    "dinov2": "tribe_np.oracle.kit_models.dinov2_kit",
    "pipeline": "tribe_np.oracle.kit_models.pipeline_kit",
}
"""Each module has KIT_MODEL."""


def kit_model(name: str) -> "KitModel":
    """The record of a model.

    Raises   ConfigError for one that has no kits
    """
    if name not in MODELS:
        raise ConfigError(f"no kit has the model {name!r:.60}; known are {', '.join(MODELS)}")
    found: KitModel = import_module(MODELS[name]).KIT_MODEL
    return found
