"""Makes the page: one self-contained HTML file of predictions, mesh, stimulus and program. Written whole or not at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np import __version__
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.cortex.series import SurfaceSeries, as_series
from tribe_np.errors import ParcellationError
from tribe_np.outputs.whole import check_file_target, write_file_whole
from tribe_np.plots.pages.colour_tables import colour_tables
from tribe_np.plots.pages.html_file import html_page
from tribe_np.plots.pages.packed_mesh import packed_mesh
from tribe_np.plots.pages.packing import blob, text_of
from tribe_np.plots.pages.page_layers import packed_layer
from tribe_np.plots.pages.page_media import page_media

FORMAT = 1


@dataclass(frozen=True)
class WrittenPage:
    """A page that was written."""

    path: Path
    n_bytes: int
    n_layers: int
    notes: tuple[str, ...]


def page(source: Any, out: str | Path, *, parcellation: Any = None, title: str | None = None) -> WrittenPage:
    """One HTML file in which the cortex moves while the stimulus plays."""
    out = Path(out)
    check_file_target(out, "page")
    series = as_series(source)
    mesh = packed_mesh(series.mesh)
    layer = packed_layer(series, "prediction")
    blobs = {**mesh.blobs, "layer-0": layer.blob}
    notes = [*mesh.notes, *layer.notes]
    parcels = None
    try:
        parcels = load_parcellation(parcellation, 2 * series.per_hemisphere)
        blobs["region_of"] = blob(np.where(parcels.region_of < 0, 65535, parcels.region_of).astype(np.uint16))
    except ParcellationError as error:
        notes.append(str(error))
    path = Path(series.run["stimulus"]["path"])
    media = page_media(path, 20_000_000)
    blobs["media-0"] = text_of(media.content)
    facts = {
        "format": FORMAT, "title": title or path.name, "made_by": f"tribe-np page {__version__}", "notes": notes,
        "mesh": mesh.facts,
        "time": {"tr": series.tr, "hemodynamic_offset": series.hemodynamic_offset, "duration": 30.0, "origin": 0.0},
        "layers": [layer.facts], "colour_maps": colour_tables(),
        "parcellation": None if parcels is None else {
            "name": parcels.name, "regions": list(parcels.regions), "default_regions": ["V1", "MT", "A1", "FFC"]},
        "stimuli": [{"kind": media.kind, "blob": "media-0", "mime": media.mime, "duration": 30.0, "start": 0.0,
                     "words": _words(Path(series.origin)), "note": media.note}],
    }
    text = html_page(facts, blobs, title=facts["title"])
    write_file_whole(out, lambda p: p.write_text(text, encoding="utf-8", newline=""), "page")
    return WrittenPage(out, len(text.encode()), 1, tuple(notes))


def _words(folder):
    import csv
    rows = csv.DictReader((folder / "events.tsv").open(), delimiter="\t")
    return [{"text": r["text"], "start": float(r["start"]), "duration": float(r["duration"])} for r in rows if r["type"] == "Word"]
