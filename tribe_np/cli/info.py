"""tribe-np info: what a checkpoint or model folder holds and takes."""

import argparse
import json

from tribe_np.cli import common


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np info`."""
    parser.add_argument(
        "checkpoint", type=common.path, metavar="CHECKPOINT", help="folder of a brain encoder or an extractor"
    )
    parser.add_argument(
        "--for", dest="selection", type=common.path, metavar="CHECKPOINT",
        help="show an extractor's layer groups as this brain encoder selects them (default: the released selection)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    from tribe_np.pipeline.info import as_lines, describe

    description = describe(options.checkpoint, options.selection)
    print(json.dumps(description, indent=1) if options.json else "\n".join(as_lines(description)))
    return 0
