"""Names of exported files: plain ones, or those of a BIDS derivative.

BIDS's schema has no rule yet for functional data on surfaces (its proposal 12): their names are those that fMRIPrep
writes, and .bidsignore lists them, as fMRIPrep's does.
Source   BIDS 1.10.0: entities in the schema's order; fsaverage with `den-` is recommended over fsaverage5, and the
         densities are TemplateFlow's (fsaverage3 has none there)
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tribe_np import __version__
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import AnySeries
from tribe_np.errors import ConfigError
from tribe_np.outputs.exports.export_formats import ExportOptions
from tribe_np.shown import did_you_mean, quoted

BIDS_VERSION = "1.10.0"
ENTITIES = ("sub", "ses", "task", "acq", "ce", "rec", "dir", "run", "desc")  # a person may give; desc comes last
INDICES = ("run",)
BIDS_SPACES = {  # of each mesh: space and density
    "fsaverage3": ("fsaverage", "642"),
    "fsaverage4": ("fsaverage", "3k"),
    "fsaverage5": ("fsaverage", "10k"),
    "fsaverage6": ("fsaverage", "41k"),
    "fsaverage7": ("fsaverage", "164k"),
    "fsLR-32k": ("fsLR", "32k"),
}
PREDICTED = (
    "Activity of the cortex that TRIBE v2 predicts for a stimulus, computed by tribe_np; nobody was scanned for it"
)
MEASURED_BOLD = "Measured BOLD, put on the cortical surface by tribe_np"
ON_SURFACES = (".func.gii", ".dtseries.nii", ".dscalar.nii")
ENDINGS = (*ON_SURFACES, ".nii.gz")  # of more than one part
FILE_SIDES = {"left": ("lh", "L"), "right": ("rh", "R")}


def is_measured(series: AnySeries) -> bool:
    """Whether the series is measured data that `project` put on the cortex: it says what its time axis is."""
    return "time_axis" in series.run


def map_facts(series: AnySeries) -> Mapping[str, str] | None:
    """What a series is that has no time, a map such as the t of a contrast: its name and what it means; else None."""
    told = series.run.get("map")
    return told if isinstance(told, Mapping) else None


def content_name(series: AnySeries) -> str:
    """What a file or an array holds: predictions, measured bold, or the map of a name."""
    facts = map_facts(series)
    if facts is not None:
        return facts["name"]
    return "bold" if is_measured(series) else "predictions"


def surface_name(series: SurfaceSeries, options: ExportOptions, extension: str, side: str | None = None) -> str:
    """The path of a surface file below the folder that is written: "lh.predictions.fsaverage5.func.gii", or BIDS's.

    Raises   ConfigError for entities that BIDS does not have
    """
    if options.bids:
        own = [("hemi", FILE_SIDES[side][1])] if side else []
        own += zip(("space", "den"), BIDS_SPACES[series.mesh], strict=True)
        return bids_name(options.bids, own, extension)
    prefix = f"{FILE_SIDES[side][0]}." if side else ""
    return f"{prefix}{content_name(series)}.{series.mesh}.{extension}"


def bids_name(given: Sequence[str], own: Sequence[tuple[str, str]], extension: str) -> str:
    """The path of a BOLD file in a BIDS dataset; `own` are the entities of the file, in BIDS's order.

    Raises   ConfigError
    """
    entities = read_entities(given)
    last = [("desc", entities.pop("desc"))] if "desc" in entities else []
    stem = "_".join(f"{key}-{label}" for key, label in [*entities.items(), *own, *last])
    session = f"ses-{entities['ses']}/" if "ses" in entities else ""
    return f"sub-{entities['sub']}/{session}func/{stem}_bold.{extension}"


def read_entities(given: Sequence[str]) -> dict[str, str]:
    """The entities by key, in BIDS's order.

    >>> read_entities(["task-film", "sub-01"])
    {'sub': '01', 'task': 'film'}

    Raises   ConfigError for one that is unknown, malformed or given twice, and where sub or task is missing
    """
    found: dict[str, str] = {}
    for text in given:
        key, _, label = text.partition("-")
        if key not in ENTITIES:
            raise ConfigError(
                f"BIDS name {quoted(text)}: entities are {', '.join(f'{name}-' for name in ENTITIES)}"
                f"{did_you_mean(key, ENTITIES)}"
            )
        if not re.fullmatch("[0-9]+" if key in INDICES else "[0-9A-Za-z]+", label):
            kind = "a number" if key in INDICES else "letters and digits"
            raise ConfigError(f"BIDS name {quoted(text)}: {key}- must be followed by {kind}")
        if key in found:
            raise ConfigError(f"BIDS name {quoted(text)}: {key}- was given before")
        found[key] = label
    missing = [key for key in ("sub", "task") if key not in found]
    if missing:
        raise ConfigError(f"BIDS names need sub- and task-, such as sub-01 task-film; {missing[0]}- is missing")
    return {key: found[key] for key in ENTITIES if key in found}


def sidecar_of(path: Path) -> Path:
    """The sidecar of a file: its name, with .json for the ending that says the format.

    >>> sidecar_of(Path("lh.predictions.func.gii")).name, sidecar_of(Path("predictions-lh.stc")).name
    ('lh.predictions.json', 'predictions-lh.json')
    """
    ending = next((ending for ending in ENDINGS if path.name.endswith(ending)), path.suffix)
    return path.with_name(f"{path.name.removesuffix(ending)}.json")


def write_dataset_files(folder: Path, series: AnySeries, written: Sequence[Path]) -> list[Path]:
    """What makes a folder that holds `written` a BIDS dataset of derivatives."""
    measured = is_measured(series)
    description = {
        "Name": "Measured BOLD on the cortical surface" if measured else "Predictions of TRIBE v2",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "tribe_np", "Version": __version__}],
    }
    readme = (
        f"{MEASURED_BOLD if measured else PREDICTED}.\n"
        "The sidecar of each file says what its time axis means, how it was made, and from what.\n"
    )
    unknown = [path for path in written if path.name.endswith(ON_SURFACES)]
    ignored = [path.relative_to(folder).as_posix() for data in unknown for path in (data, sidecar_of(data))]
    texts = {"dataset_description.json": json.dumps(description, indent=1) + "\n", "README": readme}
    if ignored:
        texts[".bidsignore"] = "".join(f"{name}\n" for name in ignored)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]
