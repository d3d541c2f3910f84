"""tribe-np batch work: one of N processes that share a study; what a plain job array calls."""

import argparse
from typing import TYPE_CHECKING

from tribe_np.batch.making.stopping import StopWish
from tribe_np.cli import common
from tribe_np.cli.batch_commands.study_arguments import (
    NOT_ALL_DONE,
    StudyFailedError,
    add_study,
    add_study_run_arguments,
    exit_code_of,
)
from tribe_np.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tribe_np.batch.study import Study
    from tribe_np.batch.task import TaskReport
    from tribe_np.batch.watching.status import StudyStatus

EXIT_CODES = """Exit codes: 0 when nothing is left for this process, though others may still be at work; 2 with a line
of error when something has failed; 3 when it was stopped (USR2, TERM) before the end, or another process was and left
tasks: call it again."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np batch work`."""
    parser.epilog = EXIT_CODES
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
    with StopWish().watching() as wish:
        from tribe_np.batch.making.performing import open_here

        place = open_here(options.study, options.threads, quiet=options.quiet)  # refused before NumPy is imported
        from tribe_np.batch.making.working import work_to_the_end

        place.progress.inner = common.progress(options)
        place.asked_by(wish)
        wish.heard = place.note_stop
        told, status = work_to_the_end(place, options.index, options.of)
    _print(options, told, status, is_stopped=wish())
    return _exit_code(told, status, place.study, is_stopped=wish())


def _print(
    options: argparse.Namespace, told: "Sequence[TaskReport]", status: "StudyStatus", *, is_stopped: bool
) -> None:
    from tribe_np.batch.making.working import did_line
    from tribe_np.batch.task import RUNNING
    from tribe_np.batch.watching.status_table import summary_line
    from tribe_np.pipeline.progress import number_of

    lines = [did_line(told), summary_line(status)]
    if (elsewhere := status.tasks[RUNNING]) and not is_stopped:
        lines.append(f"nothing is left to do here: other processes are at {number_of(elsewhere, 'tasks')}")
    common.print_result(options, {"did": [report.as_dict() for report in told], "study": status.as_dict()}, lines)


def _exit_code(told: "Sequence[TaskReport]", status: "StudyStatus", study: "Study", *, is_stopped: bool) -> int:
    """See `EXIT_CODES`.

    Raises   StudyFailedError where something has failed
    """
    from tribe_np.batch.task import FAILED
    from tribe_np.pipeline.progress import number_of

    if is_stopped and not status.is_over:
        common.print_warnings(["stopped as asked; finished clips are kept, call it again"])
        return NOT_ALL_DONE
    exit_code_of(status, study)
    for report in told:
        if report.state == FAILED and study.read_report(report.key) is None:  # such as on a disk that is full
            raise StudyFailedError(f"{study.folder}: {report.error}; that could not even be written down")
    if status.n_left:
        common.print_warnings([f"{number_of(status.n_left, 'tasks')} were left by processes that ended; call it again"])
        return NOT_ALL_DONE
    return 0
