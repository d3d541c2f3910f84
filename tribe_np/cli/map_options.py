"""Options of commands that write maps."""

import argparse

from tribe_np.outputs.exports.format_names import EXPORT_FORMATS


def add_map_formats(parser: argparse.ArgumentParser) -> None:
    """--to."""
    parser.add_argument(
        "--to", nargs="+", choices=["npy", *EXPORT_FORMATS], metavar="FORMAT",
        help=f"formats of the maps: npy and those of export, {', '.join(EXPORT_FORMATS)} (default: npy gifti)",
    )  # fmt: skip
