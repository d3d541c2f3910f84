"""Makes the page: one self-contained HTML file of predictions, mesh, stimulus and program; whole or not at all.

Facts (`<script type="application/json" id="facts">`) say what there is; blobs (`id="blob-NAME"`) hold arrays as
base64 of gzip, and media as base64. `packing`, `packed_mesh`, `page_layers` and `page_stimulus` say what each means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tribe_np.errors import ConfigError
from tribe_np.outputs.whole import check_file_target, write_file_whole
from tribe_np.plots.colours.colour_scale import PERCENTILE
from tribe_np.plots.pages.page_assembly import MB, PageOptions, assembled
from tribe_np.plots.pages.page_sources import ShownPart, sources_of_page

COMMAND = "page"
SUFFIXES = (".html", ".htm")  # a browser shows the source of a file of another name
MOST_MEGABYTES = 500.0  # browsers hold no longer text


@dataclass(frozen=True)
class WrittenPage:
    """A page that was written: its size, what it shows, and what was odd, which it says too."""

    path: Path
    n_bytes: int
    layers: tuple[str, ...]
    stimuli: tuple[str, ...]  # kinds
    notes: tuple[str, ...]


def page(
    source: Any,
    out: str | Path,
    *,
    layers: Mapping[str, Any] | None = None,
    parcellation: Any = None,
    regions: Sequence[str] | None = None,
    stimulus: str | Path | None = None,
    with_stimulus: bool = True,
    timeline: str | None = None,
    start: float = 0.0,
    stop: float | None = None,
    percentile: float = PERCENTILE,
    title: str | None = None,
    max_mb: float = 30.0,
    subjects_dir: str | Path | None = None,
) -> WrittenPage:
    """Writes one HTML file in which the cortex moves while the stimulus plays; it opens from disk, without a network.

    source      a predictions folder, an array (R, 2 V), a SurfaceSeries, or a list of these: each is a layer with its
                own stimulus
    layers      further layers by name: folders, arrays or .npy files of the same mesh; one row is a map without time
    regions     whose curves are drawn at first; `parcellation` is as in `roi`
    stimulus    a file to show in the place of the one that the first source names
    start, stop seconds of the stimulus that are shown
    max_mb      megabytes of the whole file; what is left beside the predictions is the stimulus'
    Raises   ConfigError, ShapeError, OutputError, MeshError, ParcellationError, MediaError, MissingDependencyError
    """
    if not 0 < max_mb <= MOST_MEGABYTES:
        raise ConfigError(f"--max-mb must be above 0 and at most {MOST_MEGABYTES:g}, which browsers open; got {max_mb}")
    out, window = Path(out), ShownPart(float(start), None if stop is None else float(stop))
    given = list(source) if isinstance(source, (list, tuple)) else [source]
    if not given:
        raise ConfigError("a page needs a prediction, got an empty list")
    check_file_target(out, COMMAND, _inputs([*given, *(layers or {}).values()], stimulus))
    if out.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"--out {out}: a page is a file whose name ends in .html")
    made_of = sources_of_page(
        given, layers or {}, window=window, timeline=timeline, stimulus=stimulus, with_stimulus=with_stimulus
    )
    asked = PageOptions(window, parcellation, regions, percentile, title, max_mb * MB, subjects_dir)
    text, facts = assembled(made_of, asked)
    content = text.encode("utf-8")
    write_file_whole(out, lambda path: path.write_bytes(content), COMMAND)
    names, kinds = ([each[key] for each in facts[kind]] for kind, key in (("layers", "name"), ("stimuli", "kind")))
    return WrittenPage(out, len(content), tuple(names), tuple(kinds), tuple(facts["notes"]))


def _inputs(sources: Sequence[Any], stimulus: str | Path | None) -> dict[str, Path | None]:
    """What the page must not replace."""
    folders = [Path(source) for source in sources if isinstance(source, (str, Path))]
    named = {f"predictions {folder}": folder for folder in folders}
    return {**named, "stimulus": None if stimulus is None else Path(stimulus)}
