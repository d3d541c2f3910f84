"""Options of commands that read measured data beside a stimulus."""

import argparse
from typing import TYPE_CHECKING

from tribe_np.cli import common

if TYPE_CHECKING:
    from tribe_np.pipeline.given_truth import GivenTruth


def add_truth(
    parser: argparse.ArgumentParser, whose: str, rest: str = "", *, about: str | None = None, required: bool = False
) -> None:
    """--truth and its times; `whose` begins what --truth is said to be, `rest` ends it."""
    group = parser.add_argument_group("measured data", about)
    group.add_argument(
        "--truth", type=common.path, nargs="+", required=required, metavar="FILE",
        help=f"{whose}, as evaluate takes it: a folder that project wrote, .npy, .npz, .h5, .dtseries.nii, the GIFTI "
        f"or mgh files of both hemispheres, or a table (.tsv) with the columns subject, run and file{rest}",
    )  # fmt: skip
    group.add_argument(
        "--truth-aligned", action="store_true",
        help="its rows stand at stimulus time already (default: they are rows of the scan, read at t + offset)",
    )  # fmt: skip
    group.add_argument("--tr", type=common.seconds_above_0, metavar="S", help="seconds between its rows")
    group.add_argument("--start", type=float, metavar="S", help="when the stimulus began in the scan (default: 0)")


def check_truth(options: argparse.Namespace) -> None:
    """Refuses what says something of a truth that is not given, and files that are not there, before any work.

    Raises   ConfigError, MissingFileError
    """
    from tribe_np.errors import ConfigError, MissingFileError

    given = {"--truth-aligned": options.truth_aligned, "--tr": options.tr, "--start": options.start}
    named = [name for name, value in given.items() if value not in (None, False)]
    if options.truth is None and named:
        raise ConfigError(f"{named[0]} says something of the truth; give --truth FILE too")
    for path in options.truth or ():
        if not path.exists() and "::" not in str(path):
            raise MissingFileError(f"--truth {path}: there is no such file or folder")


def given_truth(options: argparse.Namespace) -> "GivenTruth":
    """What was given, not read yet."""
    from tribe_np.analysis.evaluation.truth_runs import TruthTimes
    from tribe_np.pipeline.given_truth import GivenTruth

    return GivenTruth(options.truth, TruthTimes(options.tr, options.start, options.truth_aligned))
