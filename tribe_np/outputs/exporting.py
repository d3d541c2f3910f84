"""Predictions in files that other tools open: `export` writes a folder of them, whole or not at all."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tribe_np.cortex.series import as_series
from tribe_np.outputs.export_formats import check_options, find_format
from tribe_np.outputs.whole import check_own_target, write_whole


@dataclass(frozen=True)
class ExportResult:
    """What was written: the folder, its files, and what there is to say about them."""

    folder: Path
    files: tuple[Path, ...]
    warnings: tuple[str, ...] = ()


def export(source: Any, to: str, out: str | Path, **options: Any) -> ExportResult:
    """Writes a predictions folder, an array or a SurfaceSeries in the format `to` into the folder `out`.

    Raises   ConfigError for an unknown format or option; OutputError for a folder that cannot be written
    """
    chosen, out = find_format(to), Path(out)
    asked = check_options(chosen, options)
    series = as_series(source)
    inputs = {"predictions": Path(source)} if isinstance(source, (str, Path)) else {}
    check_own_target(out, "export", inputs)
    written: list[Path] = []

    def fill(partial: Path) -> None:
        partial.mkdir(exist_ok=True)
        written.extend(path.relative_to(partial) for path in chosen.write(series, partial, asked))

    write_whole(out, fill, "export")
    return ExportResult(out, tuple(out / name for name in written))
