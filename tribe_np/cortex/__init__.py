"""The cortical surface: meshes, parcellations, resampling, volumes to surfaces. Geometry; knows no model.

Public names are loaded on first use (PEP 562).
"""

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from typing import Any

_PUBLIC = {
    "Parcellation": "tribe_np.cortex.parcellation",
    "RegionTable": "tribe_np.cortex.region_series",
    "Surface": "tribe_np.cortex.meshes",
    "SurfaceSeries": "tribe_np.cortex.series",
    "as_series": "tribe_np.cortex.series",
    "load_overlay": "tribe_np.cortex.meshes",
    "load_surface": "tribe_np.cortex.meshes",
    "roi": "tribe_np.cortex.region_series",
}

__all__ = [
    "Parcellation", "RegionTable", "Surface", "SurfaceSeries", "as_series", "load_overlay", "load_surface", "roi",
]  # fmt: skip


def __getattr__(name: str) -> "Any":
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tribe_np.cortex' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
