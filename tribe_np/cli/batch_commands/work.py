"""tribe-np batch work: one of N processes that share a study; what a plain job array calls."""

import argparse

from tribe_np.batch.making.stopping import StopWish
from tribe_np.cli import common
from tribe_np.cli.batch_commands.study_arguments import (
    NOT_ALL_DONE,
    add_study,
    add_study_run_arguments,
    exit_code_of,
    open_study,
)
from tribe_np.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np batch work`."""
    add_study(parser)
    parser.add_argument(
        "--index", type=_whole_number, required=True, metavar="I",
        help="number of this process, from 0: $SLURM_ARRAY_TASK_ID of sbatch --array=0-9",
    )  # fmt: skip
    parser.add_argument(
        "--of", type=common.at_least_one, required=True, metavar="N",
        help="how many there are: $SLURM_ARRAY_TASK_COUNT, 10 of --array=0-9",
    )  # fmt: skip
    add_study_run_arguments(parser)
    common.add_json(parser, "what was done, and how the study stands then")


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"must be a whole number from 0, got {text[:40]!r}")
    return int(text)


def execute(options: argparse.Namespace) -> int:
    """Runs the command: USR2 and TERM end it after the clip that runs."""
    if options.index >= options.of:
        raise ConfigError(
            f"--index {options.index} --of {options.of}: must be from 0 to {options.of - 1}; number the processes from "
            f"0, such as sbatch --array=0-{options.of - 1}"
        )
    wish = StopWish()
    wish.watch()
    open_study(options)  # refused before NumPy is imported
    from tribe_np.batch.making.performing import open_here

    place = open_here(options.study, options.threads, quiet=options.quiet)
    from tribe_np.batch.making.working import did_line, work_on
    from tribe_np.batch.watching.status import study_status
    from tribe_np.batch.watching.status_table import summary_line

    place.progress.inner = common.progress(options)
    place.asked_by(wish)
    wish.heard = place.note_stop
    told = work_on(place, options.index, options.of)
    status = study_status(place.study, place.plan)
    lines = [did_line(told), summary_line(status)]
    common.print_result(options, {"did": [report.as_dict() for report in told], "study": status.as_dict()}, lines)
    if wish() and not status.is_done:
        common.print_warnings(["stopped as asked; finished clips are kept, call it again"])
        return NOT_ALL_DONE
    return exit_code_of(status, place.study)
