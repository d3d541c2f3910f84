"""The whole of TRIBE v2, composed: stimulus to predictions.

Public names are loaded on first use (PEP 562).
"""

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from typing import Any

_PUBLIC = {
    "ablate": "tribe_np.pipeline.ablation.ablating",
    "experiment": "tribe_np.pipeline.experiments.experimenting",
    "fit": "tribe_np.pipeline.fitting.fitting_events",
    "region_sensitivities": "tribe_np.pipeline.sensitivities.listening",
}

__all__ = ["ablate", "experiment", "fit", "region_sensitivities"]


def __getattr__(name: str) -> "Any":
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tribe_np.pipeline' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
