"""tribe-np info: what a checkpoint or model folder holds and takes."""

import argparse

from tribe_np.cli import common


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np info`."""
    parser.add_argument(
        "checkpoint", type=common.path, metavar="MODEL",
        help="a brain encoder or an extractor: its folder, or its name in the models folder or the hub's cache",
    )  # fmt: skip
    parser.add_argument("--models", type=common.path, metavar="DIR", action="append", help="folder that holds models")
    parser.add_argument(
        "--for", dest="selection", type=common.path, metavar="CHECKPOINT",
        help="show an extractor's layer groups as this brain encoder selects them (default: the released selection)",
    )  # fmt: skip
    common.add_json(parser, "the description")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    from tribe_np.pipeline.info import as_lines, describe

    models = common.locations(options)
    folder = models.find(str(options.checkpoint)) or options.checkpoint
    selection = options.selection and (models.find(str(options.selection)) or options.selection)
    description = describe(folder, selection)
    common.print_result(options, description, as_lines(description))
    return 0
