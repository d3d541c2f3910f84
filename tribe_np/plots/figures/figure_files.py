"""Figures as files: PNG, SVG and PDF, of the same bytes for the same figure, with text that stays text."""

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tribe_np.errors import ConfigError, OutputError
from tribe_np.optional import require
from tribe_np.outputs.whole import Inputs, check_file_target, write_file_whole
from tribe_np.plots.figures.lettering import FIGURE_WHY, without_glyph_warnings
from tribe_np.shown import did_you_mean, quoted

COMMAND = "plot"
WITHOUT_DATES: Mapping[str, Mapping[str, None]] = {  # what would differ from day to day and from version to version
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
DRAWING = (  # settings of matplotlib that change a picture
    "agg.", "axes", "figure.", "font.", "grid.", "hatch.", "image.", "lines.", "patch", "path.", "pdf.", "savefig.",
    "svg.", "text.", "xtick.", "ytick.",
)  # fmt: skip
SETTINGS = {"svg.hashsalt": "tribe_np", "svg.fonttype": "none", "pdf.fonttype": 42}  # ids; text as text, in TrueType


def suffix_of(path: str | Path) -> str:
    """.png, .svg or .pdf.

    Raises   ConfigError for another one
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WITHOUT_DATES:
        known = ", ".join(WITHOUT_DATES)
        said = f"ends in {quoted(Path(path).suffix)}" if suffix else "has no suffix"
        near = did_you_mean(suffix, list(WITHOUT_DATES))
        raise ConfigError(f"--out {path}: {said}; a figure is one of {known}{near}")
    return suffix


def check_figure_target(path: Path, inputs: Inputs) -> None:
    """Refuses, before any work, a file that could not be written.

    Raises   ConfigError for an unknown suffix, OutputError
    """
    suffix_of(path)
    check_file_target(path, COMMAND, inputs)


def write_figure(figure: Any, path: Path) -> None:
    """The figure as a file that appears whole or not at all.

    Raises   ConfigError for an unknown suffix, OutputError
    """
    suffix = suffix_of(path)

    def fill(partial: Path) -> None:
        with partial.open("wb") as file:
            save_figure(figure, file, suffix)

    write_file_whole(path, fill, COMMAND)


def save_figure(figure: Any, file: BinaryIO, suffix: str) -> None:
    """Writes the figure in the format of a suffix: the same figure gives the same bytes.

    Raises   OutputError for a picture that is too large for the format
    """
    with own_settings(), without_glyph_warnings():
        try:
            figure.savefig(
                file, format=suffix[1:], dpi=figure.dpi, facecolor=figure.get_facecolor(),
                metadata=dict(WITHOUT_DATES[suffix]),
            )  # fmt: skip
        except ValueError as error:
            raise OutputError(f"the figure cannot be drawn: {error}") from error


def png_bytes(figure: Any) -> bytes:
    """The figure as a PNG, for notebooks."""
    buffer = io.BytesIO()
    save_figure(figure, buffer, ".png")
    return buffer.getvalue()


@contextmanager
def own_settings() -> Iterator[None]:
    """matplotlib's own defaults instead of a person's matplotlibrc, and ours; what was set before comes back."""
    matplotlib = require("matplotlib", extra="plot", why=FIGURE_WHY)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # settings that are about to go
        defaults = {name: value for name, value in matplotlib.rcParamsDefault.items() if name.startswith(DRAWING)}
        context = matplotlib.rc_context({**defaults, **SETTINGS})
        context.__enter__()
    try:
        yield
    finally:
        context.__exit__(None, None, None)
