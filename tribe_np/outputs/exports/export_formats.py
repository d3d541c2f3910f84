"""A format that `export` writes: a record in a file of its own family, loaded when it is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from tribe_np.errors import ConfigError
from tribe_np.outputs.exports.format_names import EXPORT_FORMATS
from tribe_np.shown import did_you_mean, quoted


@dataclass(frozen=True)
class ExportOptions:
    """What can be asked for beside the format; which format takes what is `ExportFormat.takes`."""

    times: str = "stimulus"  # or "bold": what a row's time means in the files
    bids: tuple[str, ...] = ()  # "sub-01", "task-film": names as of a BIDS derivative; also in one text
    fill_gaps: bool = False  # rows of NaN where the time axis has gaps
    mask_medial_wall: bool = False
    parcellation: Any = None  # of regions, and of the medial wall: what `cortex.load_parcellation` takes
    surface: str | None = None  # to write beside the values: what `cortex.load_surface` takes
    subjects_dir: str | Path | None = None
    mask: Any = None  # of a prediction in a mask: what `cortex.load_mask` takes
    resolution: float | None = None  # mm, of a volume: 2 where no `like` is given
    like: str | Path | None = None  # a volume whose grid to take
    smooth: float = 0.0  # mm, FWHM within the ribbon of a volume
    space: str = "mni305"  # or "mni152": of a volume
    warnings: list[str] = field(default_factory=list)  # what a format has to say while it writes


COMMON = ("times",)


@dataclass(frozen=True)
class ExportFormat:
    """A format: the extra that it needs, the options it takes beside the common ones, and what writes it.

    `write` fills a folder and gives the paths of what it wrote: files of data, each followed by its sidecar.
    """

    name: str
    extra: str | None
    write: "Callable[[Any, Path, ExportOptions], list[Path]]"  # of a SurfaceSeries, or a VoxelSeries
    takes: tuple[str, ...] = ()
    only_with: Mapping[str, str] = field(default_factory=dict)  # an option that means nothing without another
    keeps_dtype: bool = False  # else values become float32
    leaves_out: bool = False  # vertices that were not computed; else they are NaN


def find_format(name: str) -> ExportFormat:
    """The record of a format.

    Raises   ConfigError for an unknown one
    """
    if name not in EXPORT_FORMATS:
        raise ConfigError(
            f"format {quoted(name)} is unknown; known are {', '.join(EXPORT_FORMATS)}"
            f"{did_you_mean(name, list(EXPORT_FORMATS))}"
        )
    module, _, record = EXPORT_FORMATS[name][0].rpartition(".")
    found: ExportFormat = getattr(import_module(module), record)
    return found


def check_options(chosen: ExportFormat, given: Mapping[str, Any]) -> ExportOptions:
    """The options as a record.

    Raises   ConfigError for one that this format does not take, or not without another
    """
    known = (*COMMON, *chosen.takes)
    for name in given:
        if name not in known:
            raise ConfigError(
                f"the format {chosen.name} does not take {_option(name)}; it takes {', '.join(map(_option, known))}"
                f"{did_you_mean(name, known)}"
            )
    for name, other in chosen.only_with.items():
        if name in given and not given.get(other):
            raise ConfigError(f"the format {chosen.name} takes {_option(name)} only with {_option(other)}")
    bids = given.get("bids", ())
    return ExportOptions(**{**given, "bids": tuple(bids.split() if isinstance(bids, str) else bids)})


def _option(name: str) -> str:
    """The option as the command line spells it; in Python it has underscores. What is none is quoted."""
    is_option = name in {field.name for field in fields(ExportOptions)} - {"warnings"}
    return f"--{name.replace('_', '-')}" if is_option else quoted(name)
