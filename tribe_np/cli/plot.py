"""tribe-np plot: figures of predictions on the cortex."""

import argparse
from typing import Any

from tribe_np.cli import common
from tribe_np.cli.parser import region_names

SUPPRESS = argparse.SUPPRESS
COLUMNS = {"one": 85.0, "two": 180.0}  # mm of a journal's


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np plot`."""
    parser.add_argument(
        "predictions", type=common.path, nargs="+", metavar="PRED",
        help="a folder that predict, resample or project wrote, or a .npy file; several are drawn beside each other",
    )  # fmt: skip
    parser.add_argument("--out", type=common.path, required=True, metavar="FILE", help=".png, .svg or .pdf")
    _add_content(parser)
    _add_brain(parser)
    _add_colours(parser)
    _add_page(parser)
    common.add_quiet(parser)
    common.add_json(parser, "the file and what was odd")


def _add_content(parser: argparse.ArgumentParser) -> None:
    """What is drawn."""
    drawn = parser.add_mutually_exclusive_group()
    drawn.add_argument(
        "--at", type=float, nargs="+", default=SUPPRESS, metavar="SECONDS",
        help="these moments, with one scale for the whole run (default: the mean over time)",
    )  # fmt: skip
    drawn.add_argument(
        "--timesteps", action="store_true", default=SUPPRESS,
        help="a row of brains below the film, the sound and the words of each moment",
    )  # fmt: skip
    drawn.add_argument(
        "--rgb", nargs="?", const="rgb", default=SUPPRESS, choices=["rgb", "rgb_argmax", "tab10"],
        help="two or three PRED, or the rows of one .npy file, as red, green and blue on one brain",
    )  # fmt: skip
    parser.add_argument(
        "--minus",
        type=common.path,
        default=SUPPRESS,
        metavar="PRED",
        help="subtract this prediction from the other one",
    )
    parser.add_argument(
        "--every", type=int, default=SUPPRESS, metavar="N", help="with --timesteps: every N-th row (default: what fits)"
    )
    parser.add_argument(
        "--align", default=SUPPRESS, choices=["stimulus", "bold"],
        help="what is shown at a second: the BOLD predicted for what is on screen then, measured 5 s later (default), "
        "or the BOLD of that second, the answer to what was on screen 5 s before",
    )  # fmt: skip
    parser.add_argument(
        "--timeline", default=SUPPRESS, metavar="NAME", help="which recording to show, where a prediction holds several"
    )
    parser.add_argument(
        "--stimulus", type=common.path, default=SUPPRESS, metavar="FILE",
        help="with --timesteps: show this film, sound or picture instead of the run's own",
    )  # fmt: skip


def _add_brain(parser: argparse.ArgumentParser) -> None:
    """From where, on which surface, with which regions."""
    parser.add_argument(
        "--views", type=view_names, action="extend", default=SUPPRESS, metavar="NAMES",
        help="such as lateral,medial (default), dorsal, ventral, anterior, posterior, flat, left, medial_right",
    )  # fmt: skip
    parser.add_argument(
        "--surface", default=SUPPRESS, metavar="KIND",
        help="half (default, between pial and inflated), pial, inflated, white, sphere",
    )  # fmt: skip
    common.add_parcellation(parser, SUPPRESS)
    common.add_mask(parser, "for a prediction of the subcortex", SUPPRESS)
    parser.add_argument(
        "--label", dest="labels", type=region_names, action="extend", default=SUPPRESS, metavar="NAMES",
        help="regions to name, such as V1,FFC; without --parcellation, only these are outlined",
    )  # fmt: skip
    parser.add_argument(
        "--no-outlines", dest="outlines", action="store_false", default=SUPPRESS, help="draw no borders of regions"
    )
    parser.add_argument(
        "--subjects-dir", type=common.path, default=SUPPRESS, metavar="DIR",
        help="FreeSurfer's subjects folder (default: SUBJECTS_DIR, then nilearn's fsaverage5)",
    )  # fmt: skip


def _add_colours(parser: argparse.ArgumentParser) -> None:
    """From values to colours."""
    parser.add_argument(
        "--cmap", default=SUPPRESS, metavar="NAME",
        help="colour map of matplotlib, seaborn or colorcet (default: RdBu_r for values of both signs, else inferno)",
    )  # fmt: skip
    parser.add_argument(
        "--percentile", type=float, default=SUPPRESS, metavar="P",
        help="percentile of the values at which the colours end (default: 99; 100: the greatest value)",
    )  # fmt: skip
    parser.add_argument(
        "--limits",
        type=float,
        nargs=2,
        default=SUPPRESS,
        metavar=("LOW", "HIGH"),
        help="values at which the colours end",
    )
    parser.add_argument("--threshold", type=float, default=SUPPRESS, metavar="X", help="hide values nearer to 0 than X")
    parser.add_argument(
        "--symmetric", action=argparse.BooleanOptionalAction, default=SUPPRESS,
        help="limits as far from 0 on both sides (default: for diverging colour maps)",
    )  # fmt: skip
    parser.add_argument(
        "--no-fade", dest="fade", action="store_const", const=None, default=SUPPRESS,
        help="opaque colours; by default, values near 0 fade into the folds",
    )  # fmt: skip
    parser.add_argument(
        "--no-colour-bar",
        dest="colour_bar",
        action="store_false",
        default=SUPPRESS,
        help="draw no colour bar or legend",
    )


def _add_page(parser: argparse.ArgumentParser) -> None:
    """The figure itself."""
    parser.add_argument("--title", default=SUPPRESS, metavar="TEXT", help="title of the figure")
    parser.add_argument(
        "--names", nargs="+", default=SUPPRESS, metavar="TEXT", help="what the maps are called (default: their folders)"
    )
    parser.add_argument("--dpi", type=float, default=SUPPRESS, metavar="N", help="dots per inch (default: 300)")
    parser.add_argument(
        "--size", type=width_in_mm, default=SUPPRESS, metavar="MM",
        help="width in mm, or one (85 mm, a column of a journal) or two (180 mm)",
    )  # fmt: skip
    parser.add_argument("--columns", type=int, default=SUPPRESS, metavar="N", help="maps in a row (default: what fits)")
    parser.add_argument(
        "--background",
        default=SUPPRESS,
        metavar="COLOUR",
        help="white (default), black, transparent, or a colour such as #1a1a2e",
    )


def view_names(text: str) -> list[str]:
    """Names of views between commas, for argparse."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("must name a view such as lateral")
    return names


def width_in_mm(text: str) -> float:
    """A width, for argparse.

    >>> width_in_mm("two"), width_in_mm("120")
    (180.0, 120.0)
    """
    try:
        return COLUMNS[text] if text in COLUMNS else float(text.removesuffix("mm"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a width in mm, one or two, got {text[:40]!r}") from None


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    import logging

    from tribe_np.plots.figures.figure_files import check_figure_target, write_figure
    from tribe_np.plots.figures.figure_making import figure_inputs, make_figure
    from tribe_np.plots.figures.figure_options import FigureOptions

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # which tells of its font cache
    check_figure_target(options.out, figure_inputs(options.predictions, getattr(options, "minus", None)))
    made = make_figure(options.predictions, FigureOptions.of(_given(options, FigureOptions)))
    write_figure(made.figure, options.out)
    common.print_warnings(made.warnings)
    width, height = (round(float(length * made.figure.dpi)) for length in made.figure.get_size_inches())
    record = {"out": str(options.out), "pixels": [width, height], "warnings": list(made.warnings)}
    shown = f"{width} x {height} pixels"
    if options.out.suffix.lower() != ".png":  # which has no pixels of its own
        shown = " x ".join(f"{25.4 * length:.0f}" for length in made.figure.get_size_inches()) + " mm"
    common.print_result(options, record, [f"wrote {options.out}: {shown}"])
    return 0


def _given(options: argparse.Namespace, kind: Any) -> dict[str, Any]:
    """The options of the figure that were given, as `kind` takes them."""
    from dataclasses import fields

    known = {field.name for field in fields(kind)}
    given = {name: value for name, value in vars(options).items() if name in known}
    if "limits" in given:
        given["limits"] = tuple(given["limits"])
    if len(given.get("parcellation") or ()) == 1:
        given["parcellation"] = given["parcellation"][0]
    return given
