"""What tribev2's own model predicts of every subset of modalities, taken away as upstream can: absent or zeroed.

Absent: the modality is not in the batch; where all are, upstream's dropout of modalities in training takes each of
them. Zeroed: its features are zero. The weights and the features are those of the golden case `released`.
"""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from tools.reference.encoder import quantised
from tools.reference.encoder_cases import Case, golden_cases
from tools.reference.measure import write_golden
from tribe_np.analysis.contributions.subset_values import subset_name, subsets_of

NAME = "subsets"


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes the outputs (B, V, R) float32 by way and subset, such as absent/text+audio; nothing without a checkout."""
    if upstream is None:
        return []
    sys.path.insert(0, str(upstream))
    case = quantised(golden_cases()[0])
    arrays = {
        f"{way}/{subset_name(subset, list(case.features))}": _output(case, way, subset)
        for way in ("absent", "zeroed")
        for subset in subsets_of(list(case.features))
    }
    write_golden(folder, NAME, arrays, {"peer": "tribev2 FmriEncoderModel", "case": "encoder_released"})
    return [f"{NAME}.safetensors"]


def _output(case: Case, way: str, subset: frozenset[str]) -> np.ndarray:
    import torch

    from tools.reference.encoder_peer import upstream_model

    model = upstream_model(case)
    model.load_state_dict({name: torch.from_numpy(np.array(x)) for name, x in case.state_dict.items()}, strict=True)
    model.eval()
    features = {m: torch.from_numpy(x) for m, x in case.features.items()}
    if way == "zeroed":
        features = {m: x if m in subset else torch.zeros_like(x) for m, x in features.items()}
    elif subset:
        features = {m: x for m, x in features.items() if m in subset}
    else:
        model.train()
        model.config.modality_dropout = 1.0
    with torch.no_grad():
        output: np.ndarray = model(SimpleNamespace(data=features)).numpy()
    return output
