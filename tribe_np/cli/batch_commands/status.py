"""tribe-np batch status: how a study stands."""

import argparse
import shutil
import sys
import time
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.cli.batch_commands.study_arguments import add_study, asked, exit_code_of, open_study

if TYPE_CHECKING:
    from tribe_np.batch.plan import Plan
    from tribe_np.batch.study import Study
    from tribe_np.batch.watching.status import StudyStatus

SECONDS_BETWEEN = 5.0
IDLE_LOOKS = 2
"""How often in a row nothing must run or wait before it is over: between two tasks a process has none for a moment."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np batch status`."""
    add_study(parser)
    parser.add_argument(
        "--watch", action="store_true", help="show it again every few seconds, until all is done or nothing runs"
    )
    common.add_json(parser, "the status")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    study, plan = open_study(options)
    common.fix_threads(options)
    status = watched(study, plan) if options.watch else asked(study, plan)
    from tribe_np.batch.watching.status_table import status_lines

    common.print_result(options, status.as_dict(), status_lines(status, study))
    return exit_code_of(status, study)


def watched(study: "Study", plan: "Plan") -> "StudyStatus":
    """`asked` again and again, shown on standard error, until all is done or nothing runs or waits."""
    from tribe_np.batch.watching.status_table import status_lines, summary_line

    n_lines, before, idle = 0, "", 0
    while True:
        status = asked(study, plan)
        idle = 0 if status.is_at_work else idle + 1
        if status.is_done or idle == IDLE_LOOKS:
            print(_erase(n_lines), end="", file=sys.stderr, flush=True)
            return status
        if sys.stderr.isatty():
            lines = fitting_lines(status_lines(status, study))
            print(_erase(n_lines) + "\n".join(lines), file=sys.stderr, flush=True)
            n_lines = len(lines)
        elif (line := summary_line(status)) != before:
            print(line, file=sys.stderr, flush=True)
            before = line
        time.sleep(SECONDS_BETWEEN)


def fitting_lines(lines: list[str]) -> list[str]:
    """Lines as a terminal shows them without breaking or scrolling, so that they can be taken off it again."""
    width, height = shutil.get_terminal_size()
    cut = [line if len(line) < width else f"{line[: max(0, width - 4)]}..." for line in lines]
    return cut if len(cut) < height else [*cut[: max(1, height - 2)], "..."]


def _erase(n_lines: int) -> str:
    """What takes the last lines off a terminal."""
    return f"\x1b[{n_lines}F\x1b[J" if n_lines else ""
