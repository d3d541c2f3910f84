"""BERG's calls (Brain Encoding Response Generator) on this project's TRIBE v2: `from tribe_np.berg import BERG`.

Public names are loaded on first use (PEP 562). TribeV2Model and `register` need the package `berg`; BERG does not.
"""

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from typing import Any

_PUBLIC = {
    "BERG": "tribe_np.berg.toolkit",
    "EncodingModel": "tribe_np.berg.encoding",
    "MODEL_IDS": "tribe_np.berg.model_card",
    "TribeV2Model": "tribe_np.berg.plugin",
    "register": "tribe_np.berg.plugin",
}

__all__ = ["BERG", "MODEL_IDS", "EncodingModel", "TribeV2Model", "register"]


def __getattr__(name: str) -> "Any":
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tribe_np.berg' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
