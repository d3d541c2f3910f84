"""tribe-np film: a prediction as a film, the stimulus with its own sound beside the cortex."""

import argparse
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.cli.picture_options import SUPPRESS, add_brain, add_colours, add_names, add_source, given_options

if TYPE_CHECKING:
    from tribe_np.plots.films.film_making import FilmMade

NOT_OF_FILM = ("predictions", "out", "command", "command_line", "quiet", "json", "threads")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np film`."""
    parser.add_argument(
        "predictions",
        type=common.path,
        metavar="PRED",
        help=f"{common.PREDICTION_FOLDER}, or a .npy file",
    )
    parser.add_argument(
        "--out", type=common.path, required=True, metavar="FILE",
        help="the film: .mp4 (H.264 and the stimulus's own sound) or .gif (no sound)",
    )  # fmt: skip
    parser.add_argument(
        "--align", default=SUPPRESS, choices=["stimulus", "bold"],
        help="what is shown at a second: the BOLD predicted for what is on screen then, measured 5 s later (default), "
        "or the BOLD of that second, the answer to what was on screen 5 s before",
    )  # fmt: skip
    parser.add_argument(
        "--beside", type=common.path, default=SUPPRESS, metavar="PRED2",
        help="show this prediction of the same rows too",
    )  # fmt: skip
    parser.add_argument(
        "--minus", type=common.path, default=SUPPRESS, metavar="PRED2", help="show the difference, PRED - PRED2"
    )
    add_names(parser)
    parser.add_argument("--title", default=SUPPRESS, metavar="TEXT", help="default: the name of the stimulus")
    _add_times(parser)
    add_brain(parser, "pial, inflated, white")
    add_colours(parser)
    common.add_quiet(parser)
    common.add_json(parser, "what was made")


def _add_times(parser: argparse.ArgumentParser) -> None:
    """Which part, how large, how smooth."""
    parser.add_argument(
        "--start", type=float, default=SUPPRESS, metavar="SECONDS", help="where in the stimulus the film begins"
    )
    parser.add_argument(
        "--stop", type=float, default=SUPPRESS, metavar="SECONDS", help="where in the stimulus the film ends"
    )
    add_source(parser)
    parser.add_argument("--size", default=SUPPRESS, metavar="WxH", help="default: 1280x720; of a GIF 800x450")
    parser.add_argument(
        "--fps", type=float, default=SUPPRESS, metavar="N", help="film frames a second (default: 24; of a GIF 10)"
    )


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    from tribe_np.plots.films.film_making import film

    given = given_options(options, [name for name in vars(options) if name not in NOT_OF_FILM])
    if "limits" in given:
        given["low"], given["high"] = given.pop("limits")
    made = film(options.predictions, options.out, stage=common.progress(options).stage, **given)
    common.print_warnings(made.warnings)
    common.print_result(options, _record(made), [_line(made)])
    return 0


def _record(made: "FilmMade") -> dict[str, object]:
    return {
        "out": str(made.path), "size": list(made.size), "fps": made.fps, "n_film_frames": made.n_film_frames,
        "start": made.start, "duration": made.duration, "has_sound": made.has_sound, "warnings": list(made.warnings),
    }  # fmt: skip


def _line(made: "FilmMade") -> str:
    sound = "with sound" if made.has_sound else "without sound"
    width, height = made.size
    return f"wrote {made.path}: {made.duration:.1f} s, {width} x {height}, {made.fps:g} film frames a second, {sound}"
