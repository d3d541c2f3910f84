"""tribe-np evaluate: a prediction beside measured BOLD."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.cli.map_options import add_map_formats
from tribe_np.cli.picture_options import add_subjects_dir

if TYPE_CHECKING:
    from tribe_np.analysis import Evaluation
    from tribe_np.outputs.map_folder import MapFiles

FIGURE = "figure.png"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np evaluate`."""
    parser.add_argument(
        "prediction", type=common.words, metavar="PRED",
        help="a folder that predict, experiment or resample wrote, DIR::run-1 for one timeline of it, or a .npy file",
    )  # fmt: skip
    parser.add_argument(
        "truth", type=common.path, nargs="+", metavar="TRUTH",
        help="a folder that project wrote, .npy (rows x vertices), .npz, .h5, .dtseries.nii, the GIFTI or mgh files of "
        "both hemispheres (or one, and the other is found beside it), or a table (.tsv) with the columns subject, run "
        "and file for many",
    )  # fmt: skip
    parser.add_argument("--out", type=common.path, required=True, metavar="DIR", help="folder to write")
    _add_times(parser)
    _add_limits(parser)
    _add_outputs(parser)
    common.add_threads(parser)
    common.add_quiet(parser)
    common.add_json(parser, "the record")


def _add_times(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("time")
    group.add_argument(
        "--truth-aligned", action="store_true",
        help="rows of the truth stand at stimulus time already, shifted by the offset (default: they are rows of the "
        "scan, and are read at t + offset)",
    )  # fmt: skip
    group.add_argument(
        "--tr", type=float, metavar="S",
        help="seconds between rows of the truth (default: what the file says, else the prediction's)",
    )  # fmt: skip
    group.add_argument("--start", type=float, metavar="S", help="when the stimulus began in the scan (default: 0)")
    group.add_argument(
        "--offset", type=float, metavar="S",
        help="seconds from a stimulus to its BOLD, for a PRED that is a .npy file (default: 5; a folder says its own)",
    )  # fmt: skip


def _add_limits(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("limits")
    group.add_argument(
        "--lags", type=float, default=10.0, metavar="S",
        help="how far the lag scan reads the truth earlier and later (default: 10; 0 for none)",
    )  # fmt: skip
    group.add_argument(
        "--threshold", type=float, default=0.1, metavar="R",
        help="least reliability of which r / ceiling is taken, where there are repetitions (default: 0.1)",
    )  # fmt: skip
    group.add_argument(
        "--splits", type=int, default=1000, metavar="N",
        help="split halves: all there are, or N drawn ones where there are more (default: 1000)",
    )  # fmt: skip
    group.add_argument(
        "--null", choices=["phases", "shifts", "blocks"],
        help="p of every vertex against surrogates that keep the autocorrelation: random phases, circular shifts, or "
        "blocks in another order (default: none)",
    )  # fmt: skip
    group.add_argument("--surrogates", type=int, default=1000, metavar="N", help="of --null (default: 1000)")
    group.add_argument(
        "--null-seconds", type=float, metavar="S",
        help="least shift, or length of a block, from 30 on (default: shifts 30, blocks 60)",
    )  # fmt: skip
    group.add_argument("--seed", type=int, default=0, metavar="N", help="of --null and --splits (default: 0)")
    group.add_argument("--level", type=float, default=0.05, metavar="Q", help="of q that is counted (default: 0.05)")


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    add_map_formats(parser)
    common.add_parcellation(parser)
    add_subjects_dir(parser, None)
    parser.add_argument("--no-figure", dest="figure", action="store_false", help="do not draw figures")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    common.fix_threads(options)
    from tribe_np.analysis import evaluate
    from tribe_np.outputs.evaluation_folder import check_apart_from_truth, check_evaluation_target, write_evaluation
    from tribe_np.outputs.map_folder import map_formats

    formats = map_formats(
        options.to, True, parcellation=options.parcellation, mask=None, subjects_dir=options.subjects_dir
    )
    check_evaluation_target(options.out, _inputs(options))
    made = evaluate(
        options.prediction, options.truth, tr=options.tr, start=options.start, offset=options.offset,
        aligned=options.truth_aligned, parcellation=options.parcellation, reach=options.lags, splits=options.splits,
        threshold=options.threshold, null=options.null, surrogates=options.surrogates,
        null_seconds=options.null_seconds, seed=options.seed, level=options.level,
    )  # fmt: skip
    check_apart_from_truth(options.out, [path for path in made.truth_files if path.exists()])
    files = _files(made, options)
    said = write_evaluation(options.out, files, formats)
    common.print_warnings(dict.fromkeys([*made.warnings, *files.said, *said]))
    common.print_result(options, {"out": str(options.out), **files.record}, _lines(made, options.out))
    return 0


def _inputs(options: argparse.Namespace) -> dict[str, Path | None]:
    """What the result must not replace."""
    named = {"prediction": options.prediction} | {f"truth {path.name}": str(path) for path in options.truth}
    named |= {f"parcellation {name}": name for name in options.parcellation or ()}
    places = {what: Path(name if Path(name).exists() else name.partition("::")[0]) for what, name in named.items()}
    return {what: place for what, place in places.items() if place.exists()}


def _files(made: "Evaluation", options: argparse.Namespace) -> "MapFiles":
    from tribe_np.analysis.evaluation.evaluation_maps import evaluation_maps
    from tribe_np.analysis.evaluation.evaluation_record import evaluation_record
    from tribe_np.analysis.evaluation.evaluation_tables import region_table, summary_table
    from tribe_np.outputs.map_folder import MapFiles, WrittenMap

    pictures, said = _pictures(made, options) if options.figure else ({}, [])
    maps = {
        name: WrittenMap(one.values, one.means, one.units, one.is_exported)
        for name, one in evaluation_maps(made).items()
    }
    tables: dict[str, list[list[str]]] = {"summary.tsv": summary_table(made)}
    regions = region_table(made)
    if regions is not None:
        tables["regions.tsv"] = regions
    if made.lags is not None:
        tables["lags.tsv"] = made.lags.cells()
    record = evaluation_record(made)
    record["warnings"] = [*record["warnings"], *said]
    return MapFiles(made.series, maps, tables, pictures, record, tuple(said))


def _pictures(made: "Evaluation", options: argparse.Namespace) -> tuple[dict[str, bytes], list[str]]:
    """The figures that can be drawn, and why others cannot."""
    import logging

    from tribe_np.errors import MeshError, MissingDependencyError
    from tribe_np.plots.figures.evaluation_figure import evaluation_figure, lag_figure
    from tribe_np.plots.figures.figure_files import png_bytes

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # which tells of its font cache
    maps = {FIGURE: "r"}
    if made.ceilings:
        maps["normalised.png"] = "r_normalised"
    if made.group is not None:
        maps["group.png"] = "r_group"
    pictures, said = {}, []
    try:
        for name, one in maps.items():
            pictures[name] = png_bytes(evaluation_figure(made, one, options.subjects_dir))
    except (MeshError, MissingDependencyError) as error:
        said.append(f"no {FIGURE}: {error}")
    try:
        lags = lag_figure(made)
        if lags is not None:
            pictures["lags.png"] = png_bytes(lags)
    except MissingDependencyError as error:
        said.append(f"no lags.png: {error}")
    return pictures, said


def _lines(made: "Evaluation", folder: Path) -> list[str]:
    """What a person reads."""
    from tribe_np.analysis.evaluation.evaluation_text import evaluation_lines

    return [*evaluation_lines(made), f"wrote {folder}"]
