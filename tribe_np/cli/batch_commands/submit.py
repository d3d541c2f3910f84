"""tribe-np batch submit: what is missing of a study goes to Slurm as job arrays, and the command ends."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tribe_np.cli import common
from tribe_np.cli.batch_commands.study_arguments import (
    StudyFailedError,
    absolute,
    add_study,
    asked,
    exit_code_of,
    open_study,
)
from tribe_np.errors import ConfigError, TribeError
from tribe_np.shown import shown, some_of

if TYPE_CHECKING:
    from tribe_np.batch.engines.engine import Sent
    from tribe_np.batch.engines.slurm_engine import SlurmEngine
    from tribe_np.batch.engines.slurm_options import SlurmOptions
    from tribe_np.batch.plan import Plan
    from tribe_np.batch.study import Study
    from tribe_np.batch.watching.outgoing import Outgoing

Value = TypeVar("Value")
FEATURES = "JOBS-OF-FEATURES"
"""Stands in a printed script for the names that Slurm will give to the arrays before it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np batch submit`."""
    add_study(parser)
    parser.add_argument("--slurm", action="store_true", help="send to Slurm: the only scheduler that is known")
    parser.add_argument("--partition", type=common.words, metavar="P", help="of Slurm (default: the site's)")
    parser.add_argument("--account", type=common.words, metavar="A", help="of Slurm (default: yours)")
    parser.add_argument(
        "--time", type=_as_slurm("minutes", "a time as Slurm writes it, such as 30, 1:30:00 or 2-0"), metavar="T",
        help="wall time of each element of an array: 30 (minutes), 1:30:00, 2-0 (days-hours) (default: 3 times the "
        "estimate, at least 10 minutes); one that meets it stops after its clip, and is requeued",
    )  # fmt: skip
    parser.add_argument(
        "--cpus", type=common.at_least_one, metavar="C",
        help="processors of each element (default: the study's threads, which they do not change; fewer are refused)",
    )  # fmt: skip
    parser.add_argument(
        "--memory", type=_as_slurm("memory", "memory as Slurm writes it, such as 2G or 500M"), metavar="M",
        help="of each element: 2G, 500M (default: 1.2 times the largest estimate of its array, and 0.3 GB)",
    )  # fmt: skip
    parser.add_argument(
        "--max-parallel", type=common.at_least_one, metavar="N", help="elements of each array that run at once"
    )
    parser.add_argument(
        "--setup", type=common.path, metavar="FILE",
        help="lines of shell that come before the command in each script, such as module load",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="print the scripts, and send nothing")
    common.add_json(parser, "the scripts, what was sent, and how the study stands")


def _as_slurm(what: str, right: str) -> Callable[[str], int]:
    """A time in minutes or memory in bytes, for argparse."""

    def read(text: str) -> int:
        from tribe_np.batch.engines.slurm_options import memory_of, minutes_of  # here: --help does without

        try:
            return (minutes_of if what == "minutes" else memory_of)(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be {right}, got {text[:40]!r}") from None

    return read


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    if not options.slurm:
        raise ConfigError(
            "batch submit knows one scheduler: give --slurm; under another, let a job array call tribe-np batch work "
            f"{options.study} --index I --of N"
        )
    study, plan = open_study(options)
    threads = options.threads = plan.settings.threads
    if options.cpus is not None and options.cpus < threads:
        raise ConfigError(
            f"--cpus {options.cpus}: this study computes with {threads} threads, everywhere the same, since another "
            f"number rounds otherwise; give at least {threads}, or plan it with --threads {options.cpus}"
        )
    common.fix_threads(options)
    from tribe_np.batch.engines.slurm_engine import SlurmEngine
    from tribe_np.batch.jobs import jobs_of_tasks
    from tribe_np.batch.watching.outgoing import outgoing_tasks

    engine = SlurmEngine(study, _slurm_options(options))
    engine.check()
    outgoing = outgoing_tasks(study, plan, jobs_of_tasks(study))
    scripts = list(_scripts(engine, outgoing))
    if not options.json:
        for told, script in scripts:
            print("\n".join(map(shown, [*told, *script.splitlines(), ""])), flush=True)
    return _sent(options, engine, outgoing, scripts, study, plan)


def _slurm_options(options: argparse.Namespace) -> "SlurmOptions":
    from tribe_np.batch.engines.slurm_options import SlurmOptions

    setup = None if options.setup is None else str(absolute(Path(options.setup)))
    return SlurmOptions(
        options.partition, options.account, options.time, options.cpus, options.memory, options.max_parallel, setup
    )


def _scripts(engine: "SlurmEngine", outgoing: "Outgoing") -> "Iterator[tuple[list[str], str]]":
    """What is to be said of arrays, and their script: one for those that differ by their length alone."""
    from tribe_np.batch.engines.slurm_arrays import array_line

    before = [*outgoing.under_way, *([FEATURES] if outgoing.features else [])]
    for tasks, after in ((outgoing.features, []), (outgoing.ready, []), (outgoing.later, before)):
        alike: dict[tuple[object, ...], list[str]] = {}
        scripts: dict[tuple[object, ...], str] = {}
        for array in engine.arrays(tasks):
            request = (array.kind, array.memory, array.minutes, array.cpus, array.warning)
            if request not in scripts:
                scripts[request] = engine.script(array, after)
            alike.setdefault(request, []).append(f"# {array_line(array)}")
        yield from ((lines, scripts[request]) for request, lines in alike.items())


def _sent(
    options: argparse.Namespace, engine: "SlurmEngine", outgoing: "Outgoing",
    scripts: "Sequence[tuple[list[str], str]]", study: "Study", plan: "Plan",
) -> int:  # fmt: skip
    """Sends it, unless only the scripts were asked for; how the study stands then."""
    from tribe_np.batch.watching.outgoing import send_outgoing
    from tribe_np.batch.watching.status_table import summary_line

    as_json: dict[str, object] = {"scripts": [script for _, script in scripts], "sent": []}
    if options.dry_run:
        line = f"nothing was sent: --dry-run ({outgoing.n_tasks} tasks)"
        common.print_result(options, as_json, [line])
        return 0
    sent = send_outgoing(study, engine, outgoing)
    common.print_warnings(_stuck_lines(engine, sent))
    status = asked(study, plan)
    as_json |= {"sent": [job.job for job in sent], "study": status.as_dict()}
    common.print_result(options, as_json, [*_sent_lines(sent), summary_line(status)])
    try:
        exit_code_of(status, study)
    except StudyFailedError as error:
        if not sent:
            raise
        common.print_warnings([str(error)])
    return 0  # what was asked for is done: `status` says when the study is


def _sent_lines(sent: "Sequence[Sent]") -> list[str]:
    from tribe_np.batch.engines.slurm_engine import parents
    from tribe_np.pipeline.progress import number_of

    if not sent:
        return ["nothing is to be sent"]
    n_tasks = number_of(sum(len(job.keys) for job in sent), "tasks")
    jobs = some_of(parents(job.job for job in sent), 10)
    return [f"sent {n_tasks} to Slurm, in {number_of(len(sent), 'elements')} of {jobs}"]


def _stuck_lines(engine: "SlurmEngine", sent: "Sequence[Sent]") -> list[str]:
    """What Slurm took but will never start: it says so when its scheduler has looked."""
    try:
        stuck = engine.stuck(sent) if sent else []
    except TribeError as error:
        return [str(error)]
    by_array = {state.job.partition("_")[0]: state for state in stuck}
    return [
        f"{parent} will not start as it is: {state.words()}; scancel {parent}, and submit again with other requests"
        for parent, state in by_array.items()
    ]
