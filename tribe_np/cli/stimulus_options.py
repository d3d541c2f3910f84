"""Options that say how a stimulus is shown, shared by the commands that take one."""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.errors import ConfigError

if TYPE_CHECKING:
    from tribe_np.pipeline.stimuli.picture_rows import PictureShow


def add_picture_stimulus_arguments(parser: argparse.ArgumentParser) -> None:
    """--seconds, --background and --beside, of a picture."""
    parser.add_argument(
        "--seconds", type=seconds, metavar="S",
        help="of a picture: how long it is shown (default: 2, an animated one as long as it lasts)",
    )  # fmt: skip
    parser.add_argument(
        "--background", choices=["grey", "white", "black", "none"],
        help="of a picture: the square ground on which the models see all of it (default: grey); none: it is cropped "
        "as a film is",
    )  # fmt: skip
    parser.add_argument("--beside", type=common.path, metavar="FILE", help="of a picture: show this one to its right")


def seconds(text: str) -> float:
    """A number of seconds above 0, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, got {text[:40]!r}")
    return value


def picture_show(options: argparse.Namespace) -> "PictureShow":
    """How a picture is shown.

    Raises   ConfigError for what cannot be, or for options of pictures beside another stimulus
    """
    from tribe_np.media.pictures.kinds import is_picture
    from tribe_np.pipeline.stimuli.picture_rows import PictureShow

    names = ("seconds", "background", "beside")
    given = [name for name in names if getattr(options, name) is not None]
    if given and not is_picture(options.stimulus):
        raise ConfigError(f"--{given[0]} is for pictures, and {Path(options.stimulus).name} is none; leave it out")
    return PictureShow(**{name: getattr(options, name) for name in given})
