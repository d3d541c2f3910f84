"""The brain encoder in kits: features of each modality in, predicted activity out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
from tribe_np.oracle.kit_models.encoder_kit_cases import BRAIN, BUILD, ENCODER_CASES, TINY_ENCODER
from tribe_np.oracle.kit_models.kit_model import KitModel, KitRecipe, LayerNames, TakenShapes
from tribe_np.oracle.kit_models.kit_weights import BIAS_EXPONENT, drawn
from tribe_np.oracle.setup import Setup
from tribe_np.runtime import Runtime

INV_FREQ, XPOS_SCALE = "encoder.rotary_pos_emb.inv_freq", "encoder.rotary_pos_emb.scale"
TINY_STEP = 5
"""A step at which features and position are small: beside the bias, which is small at every step, eps would show."""
SMALL = -12
SMALL_BIAS = 8
NOTHING = -300
"""A shift that leaves zeros."""


class EncoderKit(KitModel):
    """Heads wider than the rotary part, modalities of unequal widths, gains and residual scales that are not 1."""

    name = "encoder"
    tiny = TINY_ENCODER
    cases = ENCODER_CASES
    layers = LayerNames(
        (BRAIN, "encoder", "depth"), "encoder.layers.", "encoder.layers.", "encoder.time_pos_embed.output",
        before=("projectors.", "time_pos_embed", "combiner.", "temporal_smoothing."),
        after=("encoder.final_norm.", "low_rank_head.", "predictor."), step=2,
        read=("subject_index",),
    )  # fmt: skip

    def released(self) -> dict[str, Any]:
        """facebook/tribev2."""
        encoder = {"depth": 8, "heads": 8, "ff_mult": 4}
        brain = {"hidden": 1152, "low_rank_head": 2048, "max_seq_len": 1024, "encoder": encoder}
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
        """See KitModel; `sizes` has batch and steps.

        It may have absent modalities, silent ones (up to which step), and a subject_index.
        """
        checked, build_args = EncoderConfig.from_dict(config[BRAIN]), BuildArgs.from_dict(config[BUILD])

        def n_rows(name: str) -> int:
            layers: Any = checked.predictor if name.startswith("predictor") else checked.projector
            return max(1, int(layers.n_subjects) + int(layers.has_average_row))

        taken = TakenShapes(n_rows)
        FmriEncoder.from_weights(taken, checked, build_args, Runtime(headers_only=True), exact_order=True)
        tables = {INV_FREQ: rotary_frequencies, XPOS_SCALE: xpos_lengths}
        stored = {n: tables[n](2 * shape[0]) for n, shape in taken.taken.items() if n in tables}
        weights = tuple(self._weight(n, shape) for n, shape in taken.taken.items() if n not in stored)
        index = sizes.get("subject_index")
        chosen = {} if index is None else {"subject_index": np.array(index, np.int64)}
        return KitRecipe(weights, self._features(build_args, sizes), stored, chosen)

    def _features(self, build_args: BuildArgs, sizes: Mapping[str, Any]) -> tuple[TensorRecipe, ...]:
        found = []
        for modality, dims in build_args.feature_dims.items():
            if dims is None or modality in sizes.get("absent", ()):
                continue
            steps, shift = range(TINY_STEP, TINY_STEP + 1), SMALL
            if modality in sizes.get("silent", {}):
                steps, shift = range(sizes["silent"][modality]), NOTHING
            shape = (sizes["batch"], *dims, sizes["steps"])
            scaled = tuple(step for step in steps if step < sizes["steps"])
            found.append(TensorRecipe(f"features.{modality}", shape, axis=3, scaled=scaled, shift=shift))
        return tuple(found)

    def _weight(self, name: str, shape: tuple[int, ...]) -> TensorRecipe:
        leaf = name.rpartition(".")[2]
        if name == "time_pos_embed":
            small = (TINY_STEP,) if shape[1] > TINY_STEP else ()
            return TensorRecipe(name, shape, exponent=16, axis=1, scaled=small, shift=SMALL)
        if "relative_attention_bias" in name:
            return TensorRecipe(name, shape)
        if leaf == "num_batches_tracked":
            return TensorRecipe(name, shape, "integer", low=1, high=1000, dtype="int64")
        if leaf == "bias" and name.startswith("projectors."):
            return TensorRecipe(name, shape, exponent=BIAS_EXPONENT + SMALL_BIAS)
        if leaf in ("weights", "bias") and len(shape) > 1:  # of each subject
            n_inputs = shape[1] if leaf == "weights" else 1
            return TensorRecipe(name, shape, exponent=exponent_for(n_inputs))
        return drawn(name, shape, enlarged=("to_q", "to_k", "ff.0.0"))

    def build(self, setup: Setup, n_steps: int | None = None) -> FmriEncoder:
        """See KitModel; `n_steps` of its inputs, where they are known."""
        runtime = setup.runtime
        weights = WeightTree(setup.weights, origin="the kit's weights", dtype=runtime.dtype, place=runtime.place)
        return FmriEncoder.from_weights(
            weights, EncoderConfig.from_dict(setup.config[BRAIN]), BuildArgs.from_dict(setup.config[BUILD]),
            runtime, exact_order=True, n_steps=n_steps,
        )  # fmt: skip

    def run(self, setup: Setup) -> np.ndarray:
        """See KitModel: (B, V, R)."""
        features = {name.partition(".")[2]: x for name, x in setup.inputs.items() if name.startswith("features.")}
        encoder = self.build(setup, next(iter(features.values())).shape[-1])
        return to_host(encoder(features, setup.inputs.get("subject_index")))


def rotary_frequencies(width: int) -> np.ndarray:
    """10000^(-2j / R), as upstream's buffer holds it: rounded to float32 after each step, the power from float64.

    Shapes   -> (R/2,) float32
    Numerics the same on every machine; torch's power is an ulp off in one of 36 at the released width
    Source   x-transformers 1.27.20 RotaryEmbedding
    """
    exponents = np.arange(0, width, 2, dtype=np.float32) / np.float32(width)
    return np.float32(1) / np.power(10000.0, exponents.astype(np.float64)).astype(np.float32)


def xpos_lengths(width: int) -> np.ndarray:
    """(2j + 0.4 R) / 1.4 R, as upstream's buffer holds it.

    Shapes   -> (R/2,) float32
    Source   x-transformers 1.27.20 RotaryEmbedding(use_xpos=True)
    """
    return (np.arange(0, width, 2, dtype=np.float32) + np.float32(0.4 * width)) / np.float32(1.4 * width)


KIT_MODEL = EncoderKit()
