"""The parts of a page put together: mesh, layers, regions, pictures, and the stimuli in the room that these leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np import __version__
from tribe_np.cortex.meshes.numbering import check_numbering, numbering_at_hand
from tribe_np.cortex.random_weights import RANDOM, is_of_random_weights
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import OutputError
from tribe_np.plots.colours.colour_scale import PERCENTILE
from tribe_np.plots.pages.colour_tables import colour_tables, diverging_maps
from tribe_np.plots.pages.html_file import html_page
from tribe_np.plots.pages.packed_mesh import packed_mesh
from tribe_np.plots.pages.packing import pack_values, packed_indices
from tribe_np.plots.pages.page_layers import packed_layer
from tribe_np.plots.pages.page_pictures import still_pictures
from tribe_np.plots.pages.page_regions import packed_regions
from tribe_np.plots.pages.page_sources import WHOLE, PageSources, ShownPart
from tribe_np.plots.pages.page_stimulus import packed_stimuli
from tribe_np.plots.stimulus.file_finding import without_folders

FORMAT = 1
MB = 1_000_000
N_PLACES, N_SAMPLED = 3, 24  # of a long layer, and the rows at each, by which its size is foreseen
FITTING = 0.95  # of what would fit by that foresight: mesh and words need some too
FAR_TOO_LARGE = 1.25  # times --max-mb by that foresight: what is refused before hours are packed
WORD, ROOM_TO_TELL = 80, 4000  # bytes of the facts about a word, and about a stimulus


@dataclass(frozen=True)
class PageOptions:
    """What was asked for; `max_bytes` is the size of the whole file."""

    window: ShownPart
    parcellation: Any = None
    regions: Sequence[str] | None = None
    percentile: float = PERCENTILE
    title: str | None = None
    max_bytes: float = 30 * MB
    subjects_dir: str | Path | None = None


def assembled(made_of: PageSources, asked: PageOptions) -> tuple[str, dict[str, Any]]:
    """The text of the page, and its facts with all that its maker is told.

    Raises   OutputError for a page that is too large without any stimulus; as what it is made of
    """
    _check_amount(made_of, asked)
    facts, blobs, pictures = _without_stimuli(made_of, asked)
    bare = len(html_page(facts, blobs, title=facts["title"], pictures=pictures).encode("utf-8"))
    told = sum(ROOM_TO_TELL + WORD * len(stimulus.words) for stimulus in made_of.stimuli)
    if bare + told > asked.max_bytes:
        rows = sum(len(text) for name, text in blobs.items() if name.startswith("layer-"))
        raise _too_large(bare + told, made_of, asked, fitting=1 - (bare + told - asked.max_bytes) / rows)
    rows_stop = max(float(layer.series.starts[-1]) + layer.series.tr for layer in made_of.layers)
    stimuli = packed_stimuli(
        made_of.stimuli, asked.window, asked.max_bytes - bare - told, rows_stop + asked.window.start
    )
    blobs |= {f"media-{number}": each.blob for number, each in enumerate(stimuli) if each.blob}
    facts["stimuli"] = [each.facts for each in stimuli]
    facts["notes"] += [note for each in stimuli for note in each.notes]
    facts["time"] = _time(made_of, asked.window, facts["stimuli"], rows_stop)
    return html_page(_for_readers(facts), blobs, title=facts["title"], pictures=pictures), facts


def _for_readers(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that the page tells: to whom it is sent, the maker's folders and options say nothing."""
    return {
        **facts,
        "notes": [without_folders(note) for note in facts["notes"]],
        "stimuli": [{**each, "note": without_folders(each["note"])} for each in facts["stimuli"]],
        "mesh": {**facts["mesh"], "origin": without_folders(facts["mesh"]["origin"])},
    }


def _without_stimuli(made_of: PageSources, asked: PageOptions) -> tuple[dict[str, Any], dict[str, str], str]:
    """Facts, blobs and still pictures, as far as they need no stimulus."""
    first = made_of.layers[0]
    where = {"subjects_dir": asked.subjects_dir}
    mesh = packed_mesh(first.series.mesh, **where)
    check_numbering(first.series, numbering_at_hand(first.series.mesh, **where), mesh.facts["origin"])
    regions = packed_regions(first.series, asked.parcellation, asked.regions)
    layers = [packed_layer(layer, percentile=asked.percentile) for layer in made_of.layers]
    pictures = still_pictures(first, regions.parcels, percentile=asked.percentile, **where)
    blobs = {**mesh.blobs, **{f"layer-{number}": layer.blob for number, layer in enumerate(layers)}}
    if regions.blob:
        blobs["region_of"] = regions.blob
    said = [*made_of.notes, *mesh.notes, *regions.notes, *(note for layer in layers for note in layer.notes)]
    facts = {
        "format": FORMAT, "title": asked.title or _title(made_of), "made_by": f"tribe-np page {__version__}",
        "caution": RANDOM if _is_random(made_of) else "",
        "notes": [*([RANDOM] if _is_random(made_of) else []), *_part(asked.window), *said],
        "mesh": mesh.facts, "time": {},
        "layers": [{**layer.facts, "blob": f"layer-{number}"} for number, layer in enumerate(layers)],
        "colour_maps": colour_tables(), "diverging_maps": diverging_maps(),
        "parcellation": regions.facts, "stimuli": [],
    }  # fmt: skip
    return facts, blobs, pictures


def _part(window: ShownPart) -> list[str]:
    """What to say where a part of the time is shown."""
    if window == WHOLE:
        return []
    end = "the end" if window.stop is None else f"{window.stop:g} s"
    counted = f"; the times of this page count from {window.start:g} s" if window.start else ""
    return [f"shown is {window.start:g} s to {end} of the stimulus{counted}"]


def _time(
    made_of: PageSources, window: ShownPart, stimuli: Sequence[Mapping[str, Any]], rows_stop: float
) -> dict[str, Any]:
    first = made_of.layers[0].series
    stop = max([rows_stop, *(each["start"] + each["duration"] for each in stimuli)])
    return {
        "tr": first.tr, "hemodynamic_offset": first.hemodynamic_offset, "duration": round(stop, 6),
        "origin": window.start,
    }  # fmt: skip


def _title(made_of: PageSources) -> str:
    names = [stimulus.title for stimulus in made_of.stimuli if stimulus.title]
    title = ", ".join(names) or Path(made_of.layers[0].series.origin).name
    return f"{title} (random weights)" if _is_random(made_of) else title


def _is_random(made_of: PageSources) -> bool:
    """Whether a layer was predicted with random weights: by `tribe-np demo`, or with a warning that says so."""
    return any(is_of_random_weights(layer.series) for layer in made_of.layers)


def _check_amount(made_of: PageSources, asked: PageOptions) -> None:
    """Refuses what would not fit by far, before hours are packed: some rows tell what all of them would take.

    Raises   OutputError
    """
    foreseen = sum(_foreseen_bytes(layer.series) for layer in made_of.layers)
    if foreseen > FAR_TOO_LARGE * asked.max_bytes:
        raise _too_large(foreseen, made_of, asked, fitting=FITTING * asked.max_bytes / foreseen, is_about=True)


def _foreseen_bytes(series: SurfaceSeries) -> float:
    """What a long layer will take; 0 for a short one, which is packed soon enough."""
    n_rows = len(series.values)
    if n_rows <= N_PLACES * N_SAMPLED:
        return 0.0
    firsts = [round(place * (n_rows - N_SAMPLED)) for place in np.linspace(0, 1, N_PLACES)]
    rows = np.stack([np.arange(first, first + N_SAMPLED) for first in firsts])
    indices = pack_values(series.values[rows.ravel()]).indices  # of one ladder
    texts = [packed_indices(each)[0] for each in np.split(indices, N_PLACES)]
    return sum(map(len, texts)) * n_rows / rows.size


def _too_large(
    n_bytes: float, made_of: PageSources, asked: PageOptions, *, fitting: float, is_about: bool = False
) -> OutputError:
    """The error for a page of so many bytes; `fitting` is the share of the rows that would fit."""
    series = made_of.layers[0].series
    seconds = int(fitting * (series.starts[-1] - series.starts[0] + series.tr))
    what = f"about {seconds} s would fit: choose them" if seconds > 0 else "choose a part of the time"
    return OutputError(
        f"the page would have {'about ' if is_about else ''}{n_bytes / MB:.1f} MB without its stimulus "
        f"({sum(len(layer.series.values) for layer in made_of.layers)} rows), more than --max-mb "
        f"{asked.max_bytes / MB:g}; {what} with --start and --stop, or raise --max-mb"
    )
