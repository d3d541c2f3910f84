"""The parity oracle: what the right number is at every named stage of every model, and where another port departs.

Public names are loaded on first use (PEP 562).
"""

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from typing import Any

_PUBLIC = {
    "Difference": "tribe_np.oracle.differences",
    "Differences": "tribe_np.oracle.differences",
    "Recording": "tribe_np.oracle.recording",
    "Summary": "tribe_np.oracle.summaries",
    "SummaryRecording": "tribe_np.oracle.recording",
    "compare": "tribe_np.oracle.differences",
    "edited": "tribe_np.oracle.recording",
    "relative_error": "tribe_np.oracle.differences",
    "trace": "tribe_np.oracle.recording",
}

__all__ = [
    "Difference", "Differences", "Recording", "Summary", "SummaryRecording", "compare", "edited", "relative_error",
    "trace",
]  # fmt: skip


def __getattr__(name: str) -> "Any":
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tribe_np.oracle' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
