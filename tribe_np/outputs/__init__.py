"""Prediction folders and their files, and the files that other tools open.

Public names are loaded on first use (PEP 562).
"""

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from typing import Any

_PUBLIC = {
    "ExportResult": "tribe_np.outputs.exports.exporting",
    "export": "tribe_np.outputs.exports.exporting",
}

__all__ = ["ExportResult", "export"]


def __getattr__(name: str) -> "Any":
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tribe_np.outputs' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
