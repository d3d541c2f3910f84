"""tribe-np evaluate: a prediction beside measured BOLD."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tribe_np.cli import common
from tribe_np.cli.picture_options import add_subjects_dir
from tribe_np.outputs.exports.format_names import EXPORT_FORMATS

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


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", nargs="+", choices=["npy", *EXPORT_FORMATS], metavar="FORMAT",
        help=f"formats of the maps: npy and those of export, {', '.join(EXPORT_FORMATS)} (default: npy gifti)",
    )  # fmt: skip
    common.add_parcellation(parser)
    add_subjects_dir(parser, None)
    parser.add_argument("--no-figure", dest="figure", action="store_false", help=f"do not draw {FIGURE}")


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
        aligned=options.truth_aligned, parcellation=options.parcellation,
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
    from tribe_np.analysis.evaluation.evaluation_record import (
        evaluation_maps,
        evaluation_record,
        evaluation_summary,
        region_score_rows,
    )
    from tribe_np.outputs.map_folder import MapFiles, WrittenMap

    pictures, said = _pictures(made, options) if options.figure else ({}, [])
    maps = {
        name: WrittenMap(values, means, "none", is_for_all)
        for name, (values, means, is_for_all) in evaluation_maps(made).items()
    }
    tables: dict[str, Any] = {"summary.tsv": evaluation_summary(made)}
    regions = region_score_rows(made)
    if regions is not None:
        tables["regions.tsv"] = regions
    record = evaluation_record(made)
    record["warnings"] = [*record["warnings"], *said]
    return MapFiles(made.series, maps, tables, pictures, record, tuple(said))


def _pictures(made: "Evaluation", options: argparse.Namespace) -> tuple[dict[str, bytes], list[str]]:
    import logging

    from tribe_np.errors import MeshError, MissingDependencyError
    from tribe_np.plots.figures.evaluation_figure import evaluation_figure
    from tribe_np.plots.figures.figure_files import png_bytes

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # which tells of its font cache
    try:
        return {FIGURE: png_bytes(evaluation_figure(made, options.subjects_dir))}, []
    except (MeshError, MissingDependencyError) as error:
        return {}, [f"no {FIGURE}: {error}"]


def _lines(made: "Evaluation", folder: Path) -> list[str]:
    """What a person reads."""
    from tribe_np.analysis.evaluation.evaluation_record import QUANTILES
    from tribe_np.analysis.evaluation.running_scores import summarise_map

    lines = []
    for one in made.subjects:
        dropped = (sum(run.rows.n_dropped_prediction for run in one.runs),
                   sum(run.rows.n_dropped_truth for run in one.runs))  # fmt: skip
        lines.append(
            f"{one.subject}: {one.n_rows} rows ({dropped[0]} of the prediction and {dropped[1]} of the truth dropped), "
            f"mean r {summarise_map(one.scores.r).mean:.4f}"
        )
    whole = summarise_map(made.r, QUANTILES)
    quantiles = ", ".join(f"{100 * level:g} % {value:.3f}" for level, value in whole.quantiles.items())
    lines.append(f"r over {whole.n} vertices: mean {whole.mean:.4f}; {quantiles}")
    lines.append(f"mean squared error {summarise_map(made.mse).mean:.4g}, R2 {summarise_map(made.r2).mean:.4g}")
    return [*lines, f"wrote {folder}"]
