"""TRIBE v2 in NumPy: a film, a sound or a text in, predicted activity of 20,484 cortical vertices out.

Public names are loaded on first use (PEP 562), so that ``import tribe_np`` costs nothing and imports nothing.
"""

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "TribeModel": "tribe_np.pipeline.model",
    "FmriEncoder": "tribe_np.encoder.model",
    "Events": "tribe_np.timeline.events",
    "trace": "tribe_np.oracle",
    "Recording": "tribe_np.oracle",
    "TribeError": "tribe_np.errors",
    "get_audio_and_text_events": "tribe_np.pipeline.stimuli.complete",
    "get_hcp_labels": "tribe_np.cortex.regions.hcp_regions",
    "get_hcp_roi_indices": "tribe_np.cortex.regions.hcp_regions",
    "get_hcp_vertex_labels": "tribe_np.cortex.regions.hcp_regions",
    "get_subcortical_labels": "tribe_np.cortex.subcortex.subcortical_regions",
    "get_subcortical_mask": "tribe_np.cortex.subcortex.subcortical_regions",
    "get_subcortical_roi_indices": "tribe_np.cortex.subcortex.subcortical_regions",
    "get_topk_rois": "tribe_np.cortex.regions.hcp_regions",
    "summarize_by_roi": "tribe_np.cortex.regions.hcp_regions",
}

__all__ = [
    "Events", "FmriEncoder", "Recording", "TribeError", "TribeModel", "__version__", "get_audio_and_text_events",
    "get_hcp_labels", "get_hcp_roi_indices", "get_hcp_vertex_labels", "get_subcortical_labels",
    "get_subcortical_mask", "get_subcortical_roi_indices", "get_topk_rois", "summarize_by_roi", "trace",
]  # fmt: skip


def __getattr__(name: str) -> "Any":
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tribe_np' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
