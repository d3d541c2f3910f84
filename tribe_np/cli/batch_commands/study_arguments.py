"""What the commands on a study have in common: its folder, what they print of it, and their exit codes."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.errors import OutputError, TribeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tribe_np.batch.plan import Plan
    from tribe_np.batch.study import Study
    from tribe_np.batch.watching.status import StimulusStatus, StudyStatus

NOT_ALL_DONE = 3
"""Exit code where nothing has failed, but something is still to be done."""


class StudyFailedError(TribeError, RuntimeError):
    """Something in a study has failed: exit code 2, and one line; how the study stands has been printed by then."""

    has_result = True


def add_study(parser: argparse.ArgumentParser) -> None:
    """The folder of a study."""
    parser.add_argument("study", type=common.path, metavar="STUDY", help="folder that tribe-np batch plan wrote")


def add_study_run_arguments(parser: argparse.ArgumentParser) -> None:
    """--threads and --quiet of the commands that compute."""
    parser.add_argument(
        "--threads", type=common.at_least_one, metavar="N",
        help="threads of each process (default: as the study was planned; another number rounds otherwise)",
    )  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="no progress")


def open_study(options: argparse.Namespace) -> "tuple[Study, Plan]":
    """The study that the options name, and its plan; NumPy is not imported.

    Raises   ConfigError, OutputError
    """
    from tribe_np.batch.plan import read_plan
    from tribe_np.batch.study import Study

    study = Study(options.study)
    return study, read_plan(study)


def absolute(path: Path) -> Path:
    """The path from the root, so that it is the same for processes that start elsewhere."""
    return Path(os.path.abspath(path.expanduser()))


def asked(study: "Study", plan: "Plan") -> "StudyStatus":
    """The status of now, which is written to status.tsv too, unless somebody only looks at another's study."""
    from tribe_np.batch.jobs import jobs_of_tasks
    from tribe_np.batch.watching.status import study_status
    from tribe_np.batch.watching.status_table import write_status_table

    status = study_status(study, plan, jobs_of_tasks(study))
    try:
        write_status_table(study, status)
    except OutputError as error:
        common.print_warnings([str(error)])
    return status


def exit_code_of(status: "StudyStatus", study: "Study") -> int:
    """0 where all is done, 3 where something is still to be done.

    Raises   StudyFailedError where something has failed
    """
    from tribe_np.pipeline.progress import number_of

    failed = status.failed
    if failed:
        raise StudyFailedError(
            f"{study.folder}: {number_of(len(failed), 'stimuli')} of {len(status.stimuli)} failed: "
            f"{failed[0].name}: {failed[0].why}; {_what_to_do(failed, study)}"
        )
    return 0 if status.is_done else NOT_ALL_DONE


def _what_to_do(failed: "Sequence[StimulusStatus]", study: "Study") -> str:
    """Which command comes next: stimuli that could not be planned have no task that `retry` could send."""
    retry = f"tribe-np batch retry {study.folder}"
    unplanned = [stimulus for stimulus in failed if not stimulus.tasks]
    if not unplanned:
        return f"mend what is wrong, then {retry}"
    again = f"tribe-np batch plan, into {study.folder} with the options of then"
    return f"mend what is wrong, then {again}" + (f", and {retry}" if len(unplanned) < len(failed) else "")
