"""tribe-np film: a prediction as a film, the stimulus with its own sound beside the cortex."""

import argparse
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.cli.parser import region_names

if TYPE_CHECKING:
    from tribe_np.plots.films.film_making import FilmMade

COLOURS = ("cmap", "low", "high", "percentile", "threshold")


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
        "--align", default="stimulus", choices=["stimulus", "bold"],
        help="what is shown at a moment: the BOLD predicted for what is on screen, which is measured 5 s later "
        "(default), or the BOLD of that moment, the answer to what was on screen 5 s before",
    )  # fmt: skip
    parser.add_argument("--beside", type=common.path, metavar="PRED2", help="another prediction of the same rows, beside it")
    parser.add_argument("--minus", type=common.path, metavar="PRED2", help="show the difference PRED - PRED2")
    parser.add_argument(
        "--labels", type=comma_list, metavar="A,B", help="what the maps are called (default: names of their folders)"
    )
    parser.add_argument("--title", type=common.words, metavar="TEXT", help="default: the name of the stimulus")
    _add_times(parser)
    _add_brain(parser)
    common.add_quiet(parser)
    common.add_json(parser, "what was made")


def _add_times(parser: argparse.ArgumentParser) -> None:
    """Which part, how large, how smooth."""
    parser.add_argument("--start", type=float, metavar="S", help="first second of the stimulus that is shown")
    parser.add_argument("--stop", type=float, metavar="S", help="second of the stimulus at which the film ends")
    parser.add_argument("--timeline", type=common.words, metavar="NAME", help="which one, of a run on several")
    parser.add_argument(
        "--stimulus", type=common.path, metavar="FILE", help="where the stimulus is now (default: where run.json says)"
    )
    parser.add_argument("--size", type=common.words, metavar="WxH", help="default: 1280x720, of a GIF 800x450")
    parser.add_argument("--fps", type=float, metavar="N", help="film frames a second (default: 24, of a GIF 10)")


def _add_brain(parser: argparse.ArgumentParser) -> None:
    """What is seen of the cortex, in which colours."""
    parser.add_argument(
        "--views", type=comma_list, default=["lateral", "medial"], metavar="NAMES",
        help="such as lateral,medial,dorsal,ventral,flat (default: lateral,medial, each of both hemispheres)",
    )  # fmt: skip
    parser.add_argument(
        "--surface", type=common.words, default="half", metavar="KIND",
        help="white, pial, inflated or half, midway between the last two (default)",
    )  # fmt: skip
    parser.add_argument(
        "--subjects-dir", type=common.path, metavar="DIR",
        help="FreeSurfer's subjects folder (default: SUBJECTS_DIR, then nilearn's fsaverage5)",
    )  # fmt: skip
    common.add_parcellation(parser)
    parser.add_argument(
        "--regions", type=region_names, action="extend", metavar="NAMES",
        help="outline only these, such as V1,FFC (default: all of --parcellation, none without it)",
    )  # fmt: skip
    parser.add_argument("--cmap", type=common.words, metavar="NAME", help="a colour map (default: RdBu_r or inferno)")
    parser.add_argument("--low", type=float, metavar="X", help="value of the first colour")
    parser.add_argument("--high", type=float, metavar="X", help="value of the last colour")
    parser.add_argument(
        "--percentile", type=float, default=99.0, metavar="P",
        help="limits that are not given hold so many percent of all values (default: 99)",
    )  # fmt: skip
    parser.add_argument("--threshold", type=float, metavar="X", help="values nearer to 0 are not shown")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    from tribe_np.plots.films.film_making import film

    given = options.parcellation
    made = film(
        options.predictions, options.out, views=options.views, size=options.size, fps=options.fps,
        align=options.align, start=options.start, stop=options.stop, timeline=options.timeline,
        stimulus=options.stimulus, beside=options.beside, minus=options.minus, labels=options.labels,
        parcellation=given[0] if given is not None and len(given) == 1 else given, regions=options.regions,
        surface=options.surface, subjects_dir=options.subjects_dir, title=options.title,
        stage=common.progress(options).stage, **{name: vars(options)[name] for name in COLOURS},
    )  # fmt: skip
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


def comma_list(text: str) -> list[str]:
    """Texts between commas, for argparse.

    >>> comma_list("a, b")
    ['a', 'b']
    """
    found = [part.strip() for part in text.split(",")]
    if not all(found):
        raise argparse.ArgumentTypeError("must be names with commas in between")
    return found
