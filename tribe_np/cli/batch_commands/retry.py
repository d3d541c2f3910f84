"""tribe-np batch retry: errors and deaths are forgotten, and what is missing is sent again."""

import argparse

from tribe_np.cli import common
from tribe_np.cli.batch_commands.study_arguments import add_study, open_study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np batch retry`."""
    add_study(parser)
    common.add_json(parser, "what was forgotten, and sent")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    study, plan = open_study(options)
    common.fix_threads(options)
    from tribe_np.batch.watching.retrying import forget_failures
    from tribe_np.batch.watching.sending_again import check_sender, send_again

    check_sender(study)
    forgotten = forget_failures(study, plan)
    again = send_again(study, plan, (*forgotten.failed, *forgotten.killed))
    sent = {"sent": [job.job for job in again.sent], "more": list(again.more), "next": again.advice}
    common.print_result(options, forgotten.as_dict() | sent, [*forgotten.lines(), *again.lines()])
    return 0
