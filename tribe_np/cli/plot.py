"""tribe-np plot: figures of predictions on the cortex."""

import argparse

from tribe_np.cli import common
from tribe_np.cli.picture_options import SUPPRESS, add_brain, add_colours, add_names, add_source, given_options

COLUMNS = {"one": 85.0, "two": 180.0}  # mm of a journal's


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np plot`."""
    parser.add_argument(
        "predictions", type=common.path, nargs="+", metavar="PRED",
        help=f"{common.PREDICTION_FOLDER}, or a .npy file; several are drawn beside each other",
    )  # fmt: skip
    parser.add_argument("--out", type=common.path, required=True, metavar="FILE", help=".png, .svg or .pdf")
    _add_content(parser)
    add_brain(parser, "pial, inflated, white, sphere")
    _add_marks(parser)
    add_colours(parser)
    _add_figure(parser)
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
        "--minus", type=common.path, default=SUPPRESS, metavar="PRED",
        help="subtract this prediction from the other one",
    )  # fmt: skip
    parser.add_argument(
        "--every", type=int, default=SUPPRESS, metavar="N", help="with --timesteps: every N-th row (default: what fits)"
    )
    parser.add_argument(
        "--align", default=SUPPRESS, choices=["stimulus", "bold"],
        help="what is shown at a second: the BOLD predicted for what is on screen then, measured 5 s later (default), "
        "or the BOLD of that second, the answer to what was on screen 5 s before",
    )  # fmt: skip
    add_source(parser, use="with --timesteps: ")


def _add_marks(parser: argparse.ArgumentParser) -> None:
    """Structures of the subcortex, and what is left out."""
    common.add_mask(parser, "for a prediction of the subcortex", SUPPRESS)
    parser.add_argument(
        "--no-outlines", dest="outlines", action="store_false", default=SUPPRESS, help="draw no borders of regions"
    )
    parser.add_argument(
        "--no-colour-bar", dest="colour_bar", action="store_false", default=SUPPRESS,
        help="draw no colour bar or legend",
    )  # fmt: skip


def _add_figure(parser: argparse.ArgumentParser) -> None:
    """The figure itself."""
    parser.add_argument("--title", default=SUPPRESS, metavar="TEXT", help="title of the figure")
    add_names(parser)
    parser.add_argument("--dpi", type=float, default=SUPPRESS, metavar="N", help="dots per inch (default: 300)")
    parser.add_argument(
        "--size", type=width_in_mm, default=SUPPRESS, metavar="MM",
        help="width in mm, or one (85 mm, a column of a journal) or two (180 mm)",
    )  # fmt: skip
    parser.add_argument("--columns", type=int, default=SUPPRESS, metavar="N", help="maps in a row (default: what fits)")
    parser.add_argument(
        "--background", default=SUPPRESS, metavar="COLOUR",
        help="white (default), black, transparent, or a colour such as #1a1a2e",
    )  # fmt: skip


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
    from dataclasses import fields

    from tribe_np.plots.figures.figure_files import check_figure_target, write_figure
    from tribe_np.plots.figures.figure_making import figure_inputs, make_figure
    from tribe_np.plots.figures.figure_options import FigureOptions

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # which tells of its font cache
    check_figure_target(options.out, figure_inputs(options.predictions, getattr(options, "minus", None)))
    given = given_options(options, [field.name for field in fields(FigureOptions)])
    made = make_figure(options.predictions, FigureOptions.of(given))
    write_figure(made.figure, options.out)
    common.print_warnings(made.warnings)
    width, height = (round(float(length * made.figure.dpi)) for length in made.figure.get_size_inches())
    record = {"out": str(options.out), "pixels": [width, height], "warnings": list(made.warnings)}
    shown = f"{width} x {height} pixels"
    if options.out.suffix.lower() != ".png":  # which has no pixels of its own
        shown = " x ".join(f"{25.4 * length:.0f}" for length in made.figure.get_size_inches()) + " mm"
    common.print_result(options, record, [f"wrote {options.out}: {shown}"])
    return 0
