"""Options that say how a stimulus is shown, shared by the commands that take one."""

import argparse
from typing import TYPE_CHECKING

from tribe_np.cli import common

if TYPE_CHECKING:
    from tribe_np.pipeline.stimuli.picture_rows import PictureShow

BACKGROUND_NAMES = ("grey", "white", "black", "none")  # as media.pictures has them; --help does without it


def add_picture_stimulus_arguments(parser: argparse.ArgumentParser) -> None:
    """--seconds, --background and --beside, of a picture."""
    parser.add_argument(
        "--seconds", type=common.seconds_above_0, metavar="S",
        help="of a picture: how long it is shown (default: 2, an animated one as long as it lasts)",
    )  # fmt: skip
    parser.add_argument(
        "--background", choices=BACKGROUND_NAMES,
        help="of a picture: the square ground on which the models see all of it (default: grey); none: it is cropped "
        "as a film is",
    )  # fmt: skip
    parser.add_argument("--beside", type=common.path, metavar="FILE", help="of a picture: show this one to its right")


def picture_show(options: argparse.Namespace) -> "PictureShow":
    """How a picture is shown.

    Raises   ConfigError for what cannot be, or for options of pictures beside another stimulus
    """
    from tribe_np.pipeline.stimuli.picture_rows import show_of_picture

    given = {name: getattr(options, name) for name in ("seconds", "background", "beside")}
    return show_of_picture(options.stimulus, {name: value for name, value in given.items() if value is not None})
