"""The committed encoder cases: weights, input and stages that tribev2's own model gave for them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.encoder.model import FmriEncoder
from tribe_np.formats.safetensors import read_header
from tribe_np.oracle import relative_error, trace

GOLDEN = Path(__file__).parents[1] / "golden"
NAMES = ("released", "layer_norm", "xpos", "alibi", "baseline", "tiny_tokens_scale", "tiny_tokens_layer")
FLOAT32_BOUND, FLOAT64_BOUND = 1e-5, 1e-12


@dataclass(frozen=True)
class GoldenCase:
    """One case; `stages` are float64, `output32` is the reference's own float32 output."""

    config: dict[str, Any]
    build_args: dict[str, Any]
    state_dict: dict[str, np.ndarray]
    features: dict[str, np.ndarray]
    subject_index: np.ndarray | None
    stages: dict[str, np.ndarray]
    output32: np.ndarray

    def encoder(self, **options: Any) -> FmriEncoder:
        return FmriEncoder.from_state_dict(self.config, self.build_args, self.state_dict, **options)

    def errors(self, **options: Any) -> dict[str, float]:
        """Largest error over the reference's RMS at every stored stage."""
        encoder = self.encoder(**options)
        with trace() as recording:
            encoder(self.features, self.subject_index)
        return {name: relative_error(recording[f"encoder.{name}"], x) for name, x in self.stages.items()}


def load(name: str) -> GoldenCase:
    entries, metadata = read_header(GOLDEN / f"encoder_{name}.safetensors")
    about = json.loads(metadata["about"])
    arrays = {key: np.array(entry.read()) for key, entry in entries.items()}

    def part(prefix: str) -> dict[str, np.ndarray]:
        return {key.removeprefix(prefix): x for key, x in arrays.items() if key.startswith(prefix)}

    features, stages = part("feature/"), part("stage/")
    return GoldenCase(
        about["config"],
        about["build_args"],
        {key: np.float32(x) / 64 if x.dtype == np.int8 else x for key, x in part("weight/").items()},
        {modality: features[modality] for modality in about["modalities"]},
        arrays.get("subject_index"),
        {stage: stages[stage] for stage in about["stages"]},
        arrays["output32"],
    )
