"""The brain encoder in kits: features of each modality in, predicted activity out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tribe_np.backend import to_host
from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import full_brain_config
from tribe_np.errors import ConfigError
from tribe_np.formats.checkpoint import LIGHTNING_PREFIX, open_checkpoint, read_build_args
from tribe_np.formats.config_yaml import read_config_yaml
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.formats.weights import WeightTree, read_json
from tribe_np.oracle.generator import TensorRecipe, exponent_for
from tribe_np.oracle.kit_models.kit_model import KitCase, KitModel, KitRecipe, LayerNames, TakenShapes
from tribe_np.oracle.setup import Setup
from tribe_np.runtime import Runtime

BRAIN, BUILD = "brain_model_config", "model_build_args"
INV_FREQ = "encoder.rotary_pos_emb.inv_freq"


class EncoderKit(KitModel):
    """Heads wider than the rotary part, modalities of unequal widths, gains and residual scales that are not 1."""

    name = "encoder"
    tiny: ClassVar[Mapping[str, Any]] = {
        BRAIN: {
            "hidden": 96, "combiner": None, "low_rank_head": 24, "max_seq_len": 40,
            "encoder": {"depth": 2, "heads": 2},
            "subject_layers": {"n_subjects": 0, "subject_dropout": 0.1, "average_subjects": True},
        },
        BUILD: {
            "feature_dims": {"text": [2, 20], "audio": [2, 12], "video": [2, 28]}, "n_outputs": 37,
            "n_output_timesteps": 9,
        },
    }  # fmt: skip
    cases = (KitCase("plain", "two windows of 18 steps, pooled to 9 TRs", sizes={"batch": 2, "steps": 18}),)
    layers = LayerNames(
        (BRAIN, "encoder", "depth"), "encoder.layers.", "encoder.layers.", "encoder.time_pos_embed.output",
        before=("projectors.", "time_pos_embed", "combiner.", "temporal_smoothing."),
        after=("encoder.final_norm.", "low_rank_head.", "predictor."), step=2,
        read=("subject_index",),
    )  # fmt: skip

    def released(self) -> dict[str, Any]:
        """facebook/tribev2."""
        brain = {"hidden": 1152, "low_rank_head": 2048, "max_seq_len": 1024, "encoder": {"depth": 8, "heads": 8}}
        dims = {"text": [2, 3072], "audio": [2, 1024], "video": [2, 1408]}
        build = {"feature_dims": dims, "n_outputs": 20484, "n_output_timesteps": 100}
        return {BRAIN: {**self.tiny[BRAIN], **brain}, BUILD: build}

    def full_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """See KitModel."""
        return {**config, BRAIN: full_brain_config(config[BRAIN])}

    def config_of_file(self, path: Path) -> dict[str, Any]:
        """See KitModel: config.yaml with build_args.json (or best.ckpt) beside it, or a kit's config.json."""
        if path.suffix == ".json":
            return read_json(path)
        brain = read_config_yaml(path).get("brain_model_config")
        if not isinstance(brain, Mapping):
            raise ConfigError(f"{path}: has no brain_model_config; expected the config.yaml of a brain encoder")
        return {BRAIN: dict(brain), BUILD: read_build_args(path.parent)}

    def folder_of_model(self, folder: Path) -> tuple[dict[str, Any], Mapping[str, TensorEntry]]:
        """See KitModel."""
        opened = open_checkpoint(folder)
        named = {entry.name.removeprefix(LIGHTNING_PREFIX): entry for entry in opened.entries}
        return {BRAIN: dict(opened.brain_model_config), BUILD: dict(opened.build_args)}, named

    def released_sizes(self) -> dict[str, Any]:
        """A window of 100 s at 2 Hz."""
        return {"batch": 1, "steps": 200}

    def recipe(self, config: Mapping[str, Any], sizes: Mapping[str, Any]) -> KitRecipe:
        """See KitModel; `sizes` has batch and steps, and may have `absent` and `zeroed` modalities."""
        checked, build_args = EncoderConfig.from_dict(config[BRAIN]), BuildArgs.from_dict(config[BUILD])

        def n_rows(name: str) -> int:
            layers: Any = checked.predictor if name.startswith("predictor") else checked.projector
            return max(1, int(layers.n_subjects) + int(layers.has_average_row))

        taken = TakenShapes(n_rows)
        FmriEncoder.from_weights(taken, checked, build_args, Runtime(headers_only=True), exact_order=True)
        stored = {name: rotary_frequencies(2 * shape[0]) for name, shape in taken.taken.items() if name == INV_FREQ}
        weights = tuple(self._weight(name, shape) for name, shape in taken.taken.items() if name not in stored)
        inputs = tuple(
            TensorRecipe(f"features.{modality}", (sizes["batch"], *dims, sizes["steps"]))
            for modality, dims in build_args.feature_dims.items()
            if dims is not None and modality not in sizes.get("absent", ())
        )
        return KitRecipe(weights, inputs, stored)

    def _weight(self, name: str, shape: tuple[int, ...]) -> TensorRecipe:
        leaf = name.rpartition(".")[2]
        if leaf in ("g", "residual_scale") or (leaf == "weight" and len(shape) == 1):
            return TensorRecipe(name, shape, "gain")
        if name == "time_pos_embed":
            return TensorRecipe(name, shape, exponent=16)
        n_inputs = shape[-2] if leaf == "weights" else shape[-1]
        gain = 1 if "to_q" in name or "to_k" in name else 0
        return TensorRecipe(name, shape, exponent=exponent_for(n_inputs, gain=gain))

    def run(self, setup: Setup) -> np.ndarray:
        """See KitModel: (B, V, R)."""
        runtime = Runtime(setup.precision, kernels=setup.kernels)
        weights = WeightTree(setup.weights, origin="the kit's weights", dtype=runtime.dtype, place=runtime.place)
        encoder = FmriEncoder.from_weights(
            weights, EncoderConfig.from_dict(setup.config[BRAIN]), BuildArgs.from_dict(setup.config[BUILD]), runtime,
            exact_order=True,
        )  # fmt: skip
        features = {name.partition(".")[2]: x for name, x in setup.inputs.items() if name.startswith("features.")}
        return to_host(encoder(features, setup.inputs.get("subject_index")))


def rotary_frequencies(width: int) -> np.ndarray:
    """10000^(-2j / R), as upstream's buffer holds it: rounded to float32 after each step, the power from float64.

    Shapes   -> (R/2,) float32
    """
    exponents = np.arange(0, width, 2, dtype=np.float32) / np.float32(width)
    return np.float32(1) / np.power(10000.0, exponents.astype(np.float64)).astype(np.float32)


KIT_MODEL = EncoderKit()
