"""tribe-np compare: predictions of different stimuli beside each other."""

import argparse
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.cli.parser import names_between_commas

if TYPE_CHECKING:
    from tribe_np.analysis import Comparison

FIGURE = "similarity.png"
MOST_LINES = 20  # of a table on the terminal
OF_MEAN = "mean"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np compare`."""
    parser.add_argument(
        "predictions", type=common.words, nargs="+", metavar="PRED",
        help="two or more folders that predict, experiment, resample or project wrote, or .npy files; DIR::run-1 is "
        "one timeline of a folder that has several, which without it are all compared",
    )  # fmt: skip
    parser.add_argument("--out", type=common.path, required=True, metavar="DIR", help="folder to write")
    parser.add_argument(
        "--baseline", type=common.words, metavar="PRED",
        help="a prediction whose mean map is subtracted from every row of all, or mean: the mean of their mean maps",
    )  # fmt: skip
    parser.add_argument(
        "--align", default="seconds", choices=["seconds", "share"],
        help="how courses over time are laid on each other: second by second from the start, as far as the shortest "
        "goes (default), or by share of duration",
    )  # fmt: skip
    parser.add_argument(
        "--metric", default="pearson", choices=["pearson", "cosine"], help="likeness of mean maps (default: pearson)"
    )
    parser.add_argument(
        "--rsa", action="store_true",
        help="representational similarity too: do two stimuli have alike and unlike moments at the same times?",
    )  # fmt: skip
    parser.add_argument(
        "--nearest", type=int, default=3, metavar="K", help="the K most similar others of each (default: 3)"
    )
    parser.add_argument(
        "--names",
        type=_names,
        metavar="NAMES",
        help="names of the predictions, separated by commas (default: short paths)",
    )
    common.add_parcellation(parser)
    parser.add_argument("--no-figure", dest="figure", action="store_false", help=f"do not draw {FIGURE}")
    parser.add_argument(
        "--anyway", action="store_true", help="compare what differs in model, features, subject or vertices too"
    )
    common.add_quiet(parser)
    common.add_json(parser, "the comparison")


def _names(text: str) -> list[str]:
    return names_between_commas(text, "each prediction")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    import logging

    from tribe_np.analysis import compare
    from tribe_np.analysis.comparisons.comparison_tables import comparison_record, comparison_tables
    from tribe_np.formats.folder_kinds import COMPARISON_RECORD
    from tribe_np.outputs.comparison_folder import check_comparison_target, write_comparison
    from tribe_np.plots.figures.figure_files import png_bytes
    from tribe_np.plots.figures.similarity_figure import SIMILARITY_WHY

    if options.figure:
        from tribe_np.optional import require

        logging.getLogger("matplotlib").setLevel(logging.ERROR)  # which tells of its font cache
        require("matplotlib.figure", extra="plot", why=SIMILARITY_WHY)
    check_comparison_target(options.out, _inputs(options))
    made = compare(
        options.predictions, names=options.names, baseline=options.baseline, align=options.align, metric=options.metric,
        rsa=options.rsa, nearest=options.nearest, parcellation=options.parcellation, anyway=options.anyway,
    )  # fmt: skip
    pictures = {FIGURE: png_bytes(_figure(made))} if options.figure else {}
    record, tables = comparison_record(made), comparison_tables(made)
    write_comparison(options.out, tables, pictures, record)
    common.print_warnings(made.warnings)
    lines = _lines(made)
    written = ", ".join([*tables, *pictures, COMPARISON_RECORD])
    common.print_result(options, {"out": str(options.out), **record}, [*lines, f"wrote {options.out}: {written}"])
    return 0


def _inputs(options: argparse.Namespace) -> dict[str, Path | None]:
    """What the result must not replace."""
    given = {f"prediction {name}": name for name in options.predictions}
    if options.baseline not in (None, OF_MEAN):
        given["baseline"] = options.baseline
    given |= {f"parcellation {name}": name for name in options.parcellation or ()}
    folders = {
        what: Path(name if Path(name).exists() else name.rpartition("::")[0] or name) for what, name in given.items()
    }
    return {what: folder for what, folder in folders.items() if folder.exists()}


def _figure(made: "Comparison") -> object:
    from tribe_np.cortex.random_weights import RANDOM
    from tribe_np.plots.figures.similarity_figure import similarity_figure

    kind = {"pearson": "Pearson's r", "cosine": "Cosine"}[made.metric]
    squares = [(f"{kind} of mean maps", made.similarity)]
    if made.rsa is not None:
        squares.append(("RSA over time (Spearman)", made.rsa))
    less = "" if made.baseline is None else f"; less {made.baseline}"
    random = f"; {RANDOM}" if RANDOM in made.warnings else ""
    return similarity_figure(made.names, squares, note=f"{len(made.vertices)} vertices{less}{random}")


def _lines(made: "Comparison") -> list[str]:
    """What a person reads: the level of each stimulus, and what is most like what."""
    width = max(len("stimulus"), *(len(name) for name in made.names))
    lines = [f"{'stimulus':{width}}  {'rows':>6}  {'mean':>10}  {'low':>10}  {'high':>10}"]
    for place, (name, item) in enumerate(zip(made.names, made.items, strict=True)):
        levels = (made.means[place, 0], made.lows[place, 0], made.highs[place, 0])
        lines.append(f"{name:{width}}  {len(item.series.values):>6}  " + "  ".join(f"{x:>10.4g}" for x in levels))
    lines = _cut(lines)
    if len(made.items) == 2:
        return [*lines, *_of_two(made)]
    lines.append(f"{'stimulus':{width}}  most similar ({made.metric} of mean maps)")
    near = [
        f"{made.names[item]:{width}}  "
        + (", ".join(f"{made.names[o]} {made.similarity[item, o]:.3f}" for o in others) or "none: its map is flat")
        for item, others in enumerate(made.nearest)
    ]
    return [*lines, *_cut(near)]


def _of_two(made: "Comparison") -> list[str]:
    from tribe_np.analysis.comparisons.similarities import FEWEST_MOMENTS

    n_points = len(made.grid.points)
    of_time = "a course is flat" if n_points >= FEWEST_MOMENTS else f"{n_points} of {FEWEST_MOMENTS} moments it needs"
    facts = [
        (f"{made.metric} of the mean maps", made.similarity[0, 1], "a map is flat"),
        ("difference of the means (first - second)", made.differences(0, 1)[0], ""),
        ("correlation over time of the cortex's mean", made.correlations[0, 0, 1], of_time),
    ]
    if made.rsa is not None:
        facts.append(("rsa over time", made.rsa[0, 1], "a moment is flat"))
    return [f"{what}: {f'{value:.4g}' if isfinite(value) else f'n/a ({why})'}" for what, value, why in facts]


def _cut(lines: Sequence[str]) -> list[str]:
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], *([f"... and {more} more, in the tables"] if more > 0 else [])]
