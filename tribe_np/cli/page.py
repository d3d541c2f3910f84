"""tribe-np page: one HTML file in which the cortex moves while the stimulus plays."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.cli.parser import region_names
from tribe_np.cli.picture_options import add_subjects_dir
from tribe_np.errors import ConfigError

if TYPE_CHECKING:
    from tribe_np.plots.pages.page_making import WrittenPage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np page`."""
    parser.add_argument(
        "predictions", type=common.path, nargs="+", metavar="PRED",
        help=f"{common.PREDICTION_FOLDER}, or a .npy file; each is a layer with its own stimulus",
    )  # fmt: skip
    parser.add_argument("--out", type=common.path, metavar="FILE.html", help="the page; it appears whole or not at all")
    parser.add_argument(
        "--layer", type=common.words, action="append", default=[], metavar="NAME=SOURCE",
        help="a further layer: a folder, or an .npy file of rows or of one map; may be repeated",
    )  # fmt: skip
    common.add_parcellation(parser)
    parser.add_argument(
        "--regions", type=region_names, action="extend", metavar="NAMES",
        help="regions whose curves are drawn at the start, such as V1,FFC; V* is every name that begins with V",
    )  # fmt: skip
    parser.add_argument(
        "--stimulus", type=common.path, metavar="FILE", help="show this film, sound or picture instead of the run's own"
    )
    parser.add_argument("--no-stimulus", action="store_true", help="leave out the stimulus and its words")
    _add_limits(parser)
    parser.add_argument("--title", type=common.words, metavar="TEXT", help="default: the name of the stimulus")
    add_subjects_dir(parser, None)
    parser.add_argument(
        "--niivue", type=common.path, metavar="DIR",
        help="also, or instead of --out, a folder of .mz3 and GIFTI files that niivue opens",
    )  # fmt: skip
    common.add_quiet(parser)
    common.add_json(parser, "what was written")


def _add_limits(parser: argparse.ArgumentParser) -> None:
    """Which part of the time, how large, how far colours reach."""
    parser.add_argument(
        "--timeline",
        type=common.words,
        metavar="NAME",
        help="which recording to show, where a prediction holds several",
    )
    parser.add_argument("--start", type=float, default=0.0, metavar="S", help="first second that is shown (default: 0)")
    parser.add_argument("--stop", type=float, metavar="S", help="second at which it ends (default: the end)")
    parser.add_argument(
        "--max-mb", type=float, default=30.0, metavar="N",
        help="megabytes of the page (default: 30): the stimulus takes what the predictions leave, as a film of at most "
        "480p, as sound alone, or as a still",
    )  # fmt: skip
    parser.add_argument(
        "--percentile",
        type=float,
        default=99.0,
        metavar="P",
        help="percentile of the values at which the colours end (default: 99)",
    )


def execute(options: argparse.Namespace) -> int:
    """Runs the command.

    Raises   ConfigError without a result to write
    """
    if options.out is None and options.niivue is None:
        raise ConfigError("give --out FILE.html, or --niivue DIR")
    layers = _layers(options.layer)
    result: dict[str, object] = {}
    lines: list[str] = []
    if options.out is not None:
        with common.progress(options).stage("page", None, "pages") as step:
            made = _page(options, layers)
            step(1)
        common.print_warnings(made.notes)
        result |= {
            "out": str(made.path), "bytes": made.n_bytes, "layers": list(made.layers), "stimuli": list(made.stimuli),
            "notes": list(made.notes),
        }  # fmt: skip
        size, shown = f"{made.n_bytes / 1e6:.1f} MB", ", ".join(made.layers)
        lines.append(f"wrote {made.path}: {size}, {shown}; stimulus: {', '.join(made.stimuli)}; open it in a browser")
    if options.niivue is not None:
        from tribe_np.plots.pages.niivue_files import write_niivue
        from tribe_np.plots.pages.page_sources import ShownPart

        written = write_niivue(
            options.predictions[0],
            options.niivue,
            window=ShownPart(options.start, options.stop),
            timeline=options.timeline,
            subjects_dir=options.subjects_dir,
        )
        common.print_warnings(written.warnings)
        result["niivue"] = [str(written.folder / name) for name in written.files]
        lines.append(f"wrote {written.folder}: {len(written.files)} files, README.txt says how niivue opens them")
    common.print_result(options, result, lines)
    return 0


def _page(options: argparse.Namespace, layers: dict[str, Path]) -> "WrittenPage":
    from tribe_np.plots.pages.page_making import page

    return page(
        options.predictions,
        options.out,
        layers=layers,
        parcellation=options.parcellation,
        regions=options.regions,
        stimulus=options.stimulus,
        with_stimulus=not options.no_stimulus,
        timeline=options.timeline,
        start=options.start,
        stop=options.stop,
        percentile=options.percentile,
        title=options.title,
        max_mb=options.max_mb,
        subjects_dir=options.subjects_dir,
    )


def _layers(given: list[str]) -> dict[str, Path]:
    """Layers by name.

    Raises   ConfigError for what is not NAME=SOURCE, and for a name given twice
    """
    found: dict[str, Path] = {}
    for text in given:
        name, sign, source = text.partition("=")
        if not (name.strip() and sign and source.strip()):
            raise ConfigError(f"--layer takes NAME=FOLDER or NAME=FILE.npy, got {text!r}")
        if name.strip() in found:
            raise ConfigError(f"--layer {name.strip()} is given twice; layers need names of their own")
        found[name.strip()] = Path(source)
    return found
