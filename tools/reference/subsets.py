"""What tribev2's own model predicts of every subset of modalities, taken away as upstream can: absent or zeroed.

Absent: the modality is not in the batch; where all are, upstream's dropout of modalities in training takes each of
them. Zeroed: its features are zero. The weights and the features are those of the golden case `released`.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tools.reference.encoder import PEER, quantised
from tools.reference.encoder_cases import Case, golden_cases
from tools.reference.measure import Row, worst, write_golden
from tribe_np.analysis.contributions.subset_values import Subset, subset_name, subsets_of
from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import random_state_dict
from tribe_np.pipeline.ablation.subset_predictions import ABSENCES, ZEROED, subset_activity

NAME = "subsets"


@dataclass(frozen=True)
class EncoderAlone:
    """As much of TribeModel as subsets take."""

    encoder: Any

    def activity(self, features: Any, subjects: Any) -> np.ndarray:
        """Shapes   features {modality: (B, G, F, T)} -> (B, V, R)."""
        output: np.ndarray = self.encoder(features, subjects)
        return output


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes the outputs (B, V, R) float32 by way and subset, such as absent/text+audio; nothing without a checkout."""
    if upstream is None:
        return []
    sys.path.insert(0, str(upstream))
    from tools.reference.encoder_peer import upstream_model

    arrays = their_subsets(quantised(golden_cases()[0]), upstream_model, double=False)
    write_golden(folder, NAME, arrays, {"peer": "tribev2 FmriEncoderModel", "case": "encoder_released"})
    return [f"{NAME}.safetensors"]


def compare(seed: int) -> list[Row]:
    """Every subset of the released configuration with other weights and features, live."""
    from tools.reference.encoder_peer import composed

    released = golden_cases()[0]
    weights = random_state_dict(released.config, released.build_args, seed=seed + 100)
    rng = np.random.default_rng(seed)
    features = {m: rng.standard_normal(x.shape).astype(np.float32) for m, x in released.features.items()}
    case = replace(released, state_dict=weights, features=features)
    theirs = [their_subsets(case, composed, double=double) for double in (False, True)]
    return worst(NAME, PEER, case.name, our_subsets(case, "float32"), *theirs, our_subsets(case, "float64"))


def our_subsets(case: Case, precision: str) -> dict[str, np.ndarray]:
    """Ours, by the same names."""
    encoder = FmriEncoder.from_state_dict(case.config, case.build_args, case.state_dict, precision=precision)
    model: Any = EncoderAlone(encoder)
    return {name: subset_activity(model, case.features, subset, way) for name, way, subset in _all(case)}


def their_subsets(case: Case, build: Any, *, double: bool) -> dict[str, np.ndarray]:
    """The peer's, by way and subset."""
    return {name: _output(case, build, way, subset, double) for name, way, subset in _all(case)}


def _all(case: Case) -> list[tuple[str, str, Subset]]:
    subsets = subsets_of(list(case.features))
    names = {subset: subset_name(subset, list(case.features)) for subset in subsets}
    return [(f"{way}/{names[subset]}", way, subset) for way in ABSENCES for subset in subsets]


def _output(case: Case, build: Any, way: str, subset: Subset, double: bool) -> np.ndarray:
    from tools.reference.encoder_peer import default_dtype, loaded

    model, features = loaded(replace(case, config=case.config | {"modality_dropout": 1.0}), build, double=double)
    if way == ZEROED:
        features = {m: x if m in subset else x * 0 for m, x in features.items()}
    elif subset:
        features = {m: x for m, x in features.items() if m in subset}
    else:
        model.train()  # every modality is dropped
    with default_dtype(double):
        output: np.ndarray = model(SimpleNamespace(data=features)).detach().numpy()
    return output
