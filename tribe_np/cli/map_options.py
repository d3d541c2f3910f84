"""Options of commands that write maps, and find regions in them."""

import argparse

from tribe_np.outputs.exports.format_names import EXPORT_FORMATS


def add_map_formats(parser: argparse.ArgumentParser) -> None:
    """--to."""
    parser.add_argument(
        "--to", nargs="+", choices=["npy", *EXPORT_FORMATS], metavar="FORMAT",
        help=f"formats of the maps: npy and those of export, {', '.join(EXPORT_FORMATS)} (default: npy gifti)",
    )  # fmt: skip


def regions_given(options: argparse.Namespace, is_surface: bool, where: str = "") -> list[str] | None:
    """What regions or structures are found in, as it was given; `where` begins an error.

    Raises   ConfigError for one that is not for this kind of prediction
    """
    from tribe_np.errors import ConfigError

    wrong, right = (options.mask, "--parcellation") if is_surface else (options.parcellation, "--mask")
    if wrong is not None:
        holds = "a cortical surface" if is_surface else "the voxels of a mask"
        raise ConfigError(f"{where}the predictions are of {holds}; regions are found by {right}")
    given = options.parcellation if is_surface else options.mask
    return None if given is None else [str(part) for part in given]
