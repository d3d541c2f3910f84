"""tribe-np film: a prediction as a film, the stimulus with its own sound beside the cortex."""

import argparse
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.cli.parser import region_names

if TYPE_CHECKING:
    from tribe_np.plots.films.film_making import FilmMade

SUPPRESS = argparse.SUPPRESS
NOT_OF_FILM = ("predictions", "out", "command", "command_line", "quiet", "json", "threads")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np film`."""
    parser.add_argument(
        "predictions", type=common.path, metavar="PRED", help="a folder that predict, resample or project wrote"
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
        "--beside",
        type=common.path,
        default=SUPPRESS,
        metavar="PRED2",
        help="show this prediction of the same rows too",
    )
    parser.add_argument(
        "--minus", type=common.path, default=SUPPRESS, metavar="PRED2", help="show the difference, PRED - PRED2"
    )
    parser.add_argument(
        "--names", nargs="+", default=SUPPRESS, metavar="TEXT", help="what the maps are called (default: their folders)"
    )
    parser.add_argument("--title", default=SUPPRESS, metavar="TEXT", help="default: the name of the stimulus")
    _add_times(parser)
    _add_brain(parser)
    _add_colours(parser)
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
    parser.add_argument(
        "--timeline", default=SUPPRESS, metavar="NAME", help="which recording to show, where a prediction holds several"
    )
    parser.add_argument(
        "--stimulus", type=common.path, default=SUPPRESS, metavar="FILE",
        help="show this film, sound or picture instead of the run's own",
    )  # fmt: skip
    parser.add_argument("--size", default=SUPPRESS, metavar="WxH", help="default: 1280x720; of a GIF 800x450")
    parser.add_argument(
        "--fps", type=float, default=SUPPRESS, metavar="N", help="film frames a second (default: 24; of a GIF 10)"
    )


def _add_brain(parser: argparse.ArgumentParser) -> None:
    """From where, on which surface, with which regions."""
    parser.add_argument(
        "--views", type=view_list, action="extend", default=SUPPRESS, metavar="NAMES",
        help="such as lateral,medial (default), dorsal, ventral, anterior, posterior, flat, left, medial_right",
    )  # fmt: skip
    parser.add_argument(
        "--surface", default=SUPPRESS, metavar="KIND",
        help="half (default, between pial and inflated), pial, inflated, white",
    )  # fmt: skip
    common.add_parcellation(parser, SUPPRESS)
    parser.add_argument(
        "--label", dest="labels", type=region_names, action="extend", default=SUPPRESS, metavar="NAMES",
        help="regions to name, such as V1,FFC; without --parcellation, only these are outlined",
    )  # fmt: skip
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
        help="percentile of all values at which the colours end (default: 99; 100: the greatest value)",
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


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    from tribe_np.plots.films.film_making import film

    given = {name: value for name, value in vars(options).items() if name not in NOT_OF_FILM}
    if "limits" in given:
        given["low"], given["high"] = given.pop("limits")
    if len(given.get("parcellation", ())) == 1:
        given["parcellation"] = given["parcellation"][0]
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


def view_list(text: str) -> list[str]:
    """Names of views between commas, for argparse.

    >>> view_list("lateral, dorsal")
    ['lateral', 'dorsal']
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("must name a view such as lateral")
    return names
