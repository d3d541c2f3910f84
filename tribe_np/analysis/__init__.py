"""What predictions say: contrasts of conditions, stimuli beside each other, networks. Predictions in, results out.

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
    "Networks": "tribe_np.analysis.decompositions.decomposing",
    "networks": "tribe_np.analysis.decompositions.decomposing",
}

__all__ = ["Comparison", "Contrast", "Networks", "compare", "contrast", "networks"]


def __getattr__(name: str) -> "Any":
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tribe_np.analysis' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
