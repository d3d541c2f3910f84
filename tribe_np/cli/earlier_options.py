"""A folder that predict wrote in the place of a stimulus: its events, models and options become the command's."""

import argparse
from argparse import SUPPRESS
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.cli.predict import subject

if TYPE_CHECKING:
    from tribe_np.pipeline.earlier_run import EarlierRun


def add_subject(parser: argparse.ArgumentParser) -> None:
    """--subject, by which the average one can be asked of a folder that is of another."""
    parser.add_argument(
        "--subject", type=subject, default=SUPPRESS, metavar="ID",
        help="subject of the checkpoint, by name or index, or average (default: the folder's, else the average one)",
    )  # fmt: skip


def take_from_folder(options: argparse.Namespace) -> "EarlierRun | None":
    """The folder of a prediction stands for its events, models and options; what is given comes first.

    Raises   OutputError
    """
    if not options.stimulus.is_dir():
        vars(options).setdefault("subject", None)
        return None
    common.fix_threads(options)  # before the folder is read, which takes NumPy
    from tribe_np.pipeline.earlier_run import earlier_run

    found, given = earlier_run(options.stimulus), vars(options)
    options.stimulus = found.events
    if options.checkpoint is None and options.models is None:
        options.checkpoint = found.checkpoint
        for modality, folder in found.models.items():
            given[f"{modality}_model"] = given[f"{modality}_model"] or folder
    for name, value in {**found.own, "subject": found.subject}.items():
        given.setdefault(name, value)
    options.cache = options.cache or found.cache
    if options.precision == "float32":
        options.precision = found.precision
    return found
