"""The parity oracle: what the right number is at every named stage of every model, and where another port departs.

Public names are loaded on first use (PEP 562).
"""

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from typing import Any

_PUBLIC = {
    "Difference": "tribe_np.oracle.differences",
    "Differences": "tribe_np.oracle.differences",
    "KitComparison": "tribe_np.oracle.conformance.kit_comparison",
    "Recording": "tribe_np.oracle.recording",
    "Summary": "tribe_np.oracle.summaries",
    "SummaryRecording": "tribe_np.oracle.recording",
    "assert_conforms": "tribe_np.oracle.conformance.conforming",
    "compare": "tribe_np.oracle.differences",
    "compare_kit": "tribe_np.oracle.conformance.comparing_kits",
    "edited": "tribe_np.oracle.recording",
    "relative_error": "tribe_np.oracle.differences",
    "trace": "tribe_np.oracle.recording",
}

__all__ = [
    "Difference", "Differences", "KitComparison", "Recording", "Summary", "SummaryRecording", "assert_conforms",
    "compare", "compare_kit", "edited", "relative_error", "trace",
]  # fmt: skip


def __getattr__(name: str) -> "Any":
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tribe_np.oracle' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
