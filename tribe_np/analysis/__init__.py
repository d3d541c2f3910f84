"""What predictions say: contrasts, comparisons, evaluations, modalities, networks. Arrays in, results out.

Public names are loaded on first use (PEP 562).
"""

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from typing import Any

_PUBLIC = {
    "Contrast": "tribe_np.analysis.contrasts.contrasting",
    "contrast": "tribe_np.analysis.contrasts.contrasting",
    "Comparison": "tribe_np.analysis.comparisons.comparing",
    "compare": "tribe_np.analysis.comparisons.comparing",
    "Evaluation": "tribe_np.analysis.evaluation.evaluating",
    "evaluate": "tribe_np.analysis.evaluation.evaluating",
    "ModalityMaps": "tribe_np.analysis.contributions.modality_maps",
    "modalities": "tribe_np.analysis.contributions.predicted_subsets",
    "Networks": "tribe_np.analysis.decompositions.decomposing",
    "networks": "tribe_np.analysis.decompositions.decomposing",
    "Sensitivity": "tribe_np.analysis.sensitivities.region_sensitivity",
    "sensitivity": "tribe_np.analysis.sensitivities.region_sensitivity",
}

__all__ = [
    "Comparison",
    "Contrast",
    "Evaluation",
    "ModalityMaps",
    "Networks",
    "Sensitivity",
    "compare",
    "contrast",
    "evaluate",
    "modalities",
    "networks",
    "sensitivity",
]


def __getattr__(name: str) -> "Any":
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tribe_np.analysis' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
