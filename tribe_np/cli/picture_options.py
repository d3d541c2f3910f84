"""What `plot` and `film` both ask about a picture: from where, on which surface, with which regions and colours.

An option that is not given is absent from the namespace: what it is by default, the function that draws says.
"""

import argparse
from collections.abc import Iterable
from typing import Any

from tribe_np.cli import common
from tribe_np.cli.parser import names_between_commas, region_names

SUPPRESS = argparse.SUPPRESS


def add_source(parser: argparse.ArgumentParser, *, use: str = "") -> None:
    """Which recording of a run, and which file is shown in the place of its stimulus."""
    parser.add_argument(
        "--timeline", default=SUPPRESS, metavar="NAME", help="which recording to show, where a prediction holds several"
    )
    parser.add_argument(
        "--stimulus", type=common.path, default=SUPPRESS, metavar="FILE",
        help=f"{use}show this film, sound or picture instead of the run's own",
    )  # fmt: skip


def add_names(parser: argparse.ArgumentParser) -> None:
    """What the maps are called."""
    parser.add_argument(
        "--names", nargs="+", default=SUPPRESS, metavar="TEXT", help="what the maps are called (default: their folders)"
    )


def add_brain(parser: argparse.ArgumentParser, surfaces: str) -> None:
    """From where, on which of the `surfaces` (a text: all of them but the default), with which regions."""
    parser.add_argument(
        "--views", type=view_names, action="extend", default=SUPPRESS, metavar="NAMES",
        help="such as lateral,medial (default), dorsal, ventral, anterior, posterior, flat, left, medial_right",
    )  # fmt: skip
    parser.add_argument(
        "--surface", default=SUPPRESS, metavar="KIND",
        help=f"half (default, between pial and inflated), {surfaces}",
    )  # fmt: skip
    common.add_parcellation(parser, SUPPRESS)
    parser.add_argument(
        "--label", dest="labels", type=region_names, action="extend", default=SUPPRESS, metavar="NAMES",
        help="regions to name, such as V1,FFC; without --parcellation, only these are outlined",
    )  # fmt: skip
    add_subjects_dir(parser)


def add_subjects_dir(parser: argparse.ArgumentParser, default: str | None = SUPPRESS) -> None:
    """Where meshes are found."""
    parser.add_argument(
        "--subjects-dir", type=common.path, default=default, metavar="DIR",
        help="FreeSurfer's subjects folder (default: SUBJECTS_DIR, then nilearn's fsaverage5)",
    )  # fmt: skip


def add_colours(parser: argparse.ArgumentParser) -> None:
    """From values to colours."""
    parser.add_argument(
        "--cmap", default=SUPPRESS, metavar="NAME",
        help="colour map of matplotlib, seaborn or colorcet (default: RdBu_r for values of both signs, else inferno)",
    )  # fmt: skip
    parser.add_argument(
        "--percentile", type=float, default=SUPPRESS, metavar="P",
        help="percentile of the values at which the colours end (default: 99; 100: the greatest value)",
    )  # fmt: skip
    parser.add_argument(
        "--limits", type=float, nargs=2, default=SUPPRESS, metavar=("LOW", "HIGH"),
        help="values at which the colours end",
    )  # fmt: skip
    parser.add_argument("--threshold", type=float, default=SUPPRESS, metavar="X", help="hide values nearer to 0 than X")
    parser.add_argument(
        "--symmetric", action=argparse.BooleanOptionalAction, default=SUPPRESS,
        help="limits as far from 0 on both sides (default: for diverging colour maps)",
    )  # fmt: skip
    parser.add_argument(
        "--no-fade", dest="fade", action="store_const", const=None, default=SUPPRESS,
        help="opaque colours; by default, values near 0 fade into the folds",
    )  # fmt: skip


def view_names(text: str) -> list[str]:
    """Names of views between commas, for argparse.

    >>> view_names("lateral, dorsal")
    ['lateral', 'dorsal']
    """
    return names_between_commas(text, "a view such as lateral")


def given_options(options: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Those of the named options that were given, as functions of the library take them."""
    given = {name: getattr(options, name) for name in names if hasattr(options, name)}
    if "limits" in given:
        given["limits"] = tuple(given["limits"])
    if len(given.get("parcellation") or ()) == 1:
        given["parcellation"] = given["parcellation"][0]
    return given
