"""tribe-np batch run: a study on this machine, or on a Dask cluster that is there, watched to its end."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.cli.batch_commands.study_arguments import add_study, asked, exit_code_of, open_study
from tribe_np.errors import ConfigError

if TYPE_CHECKING:
    from tribe_np.batch.engines.dask_engine import DaskEngine
    from tribe_np.batch.making.course import Course
    from tribe_np.batch.plan import Plan
    from tribe_np.batch.study import Study
    from tribe_np.pipeline.progress import DrawnProgress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np batch run`."""
    add_study(parser)
    parser.add_argument(
        "--workers", type=common.at_least_one, metavar="N",
        help="processes on this machine (default: its processors, divided by the study's threads); fewer where the "
        "largest tasks would not fit into memory together",
    )  # fmt: skip
    parser.add_argument(
        "--scheduler", type=common.words, metavar="ADDRESS",
        help="a Dask cluster that is there, such as tcp://192.168.1.5:8786; its workers must see the study, the "
        "models and the cache under the same paths",
    )  # fmt: skip
    common.add_quiet(parser)
    common.add_json(parser, "how the study stands at the end")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    if options.workers is not None and options.scheduler is not None:
        raise ConfigError("--workers starts processes here, --scheduler takes those that are there; give only one")
    study, plan = open_study(options)
    options.threads = plan.settings.threads
    common.fix_threads(options)
    from tribe_np.batch.engines.dask_cluster import require_dask
    from tribe_np.batch.making.course import open_course
    from tribe_np.batch.watching.status_table import status_lines
    from tribe_np.pipeline.progress import terminal_progress

    require_dask()
    course = open_course(study, plan)
    if not course.is_empty():
        _run(options, study, plan, course, terminal_progress(quiet=options.quiet))
    status = asked(study, plan)
    common.print_result(options, status.as_dict(), status_lines(status, study))
    return exit_code_of(status, study)


def _run(
    options: argparse.Namespace, study: "Study", plan: "Plan", course: "Course", progress: "DrawnProgress"
) -> None:
    from tribe_np.batch.making.running import StudyRun, told_costs

    run = None
    try:
        with _engine(options, study, plan, course, progress) as engine:
            tasks = {task.key: task for task in (*plan.tasks(), *plan.predictions())}
            progress.note(told_costs(task for task in tasks.values() if task.key not in course.over))
            run = StudyRun(study, engine, course, tasks, progress)
            run.finish()
    except TimeoutError as error:  # Dask's own, where the machine has too much to do; the study says how far it came
        common.print_warnings([f"Dask did not answer in time ({error or 'no reason given'})"])
    finally:
        if run is not None and options.scheduler is None:  # workers of others live on, and tell themselves
            run.note_stopped()


@contextmanager
def _engine(
    options: argparse.Namespace, study: "Study", plan: "Plan", course: "Course", progress: "DrawnProgress"
) -> "Iterator[DaskEngine]":
    """The engine that the options ask for; what is to be said of its workers is said."""
    from tribe_np.batch.engines import dask_cluster
    from tribe_np.batch.engines.dask_engine import DaskEngine
    from tribe_np.batch.engines.dask_local import local_client
    from tribe_np.batch.making.worker_numbers import worker_number
    from tribe_np.machine.memory import available_memory
    from tribe_np.machine.threads import available_threads
    from tribe_np.pipeline.progress import number_of

    threads = plan.settings.threads
    if options.scheduler is not None:
        with dask_cluster.client_of(options.scheduler, study.logs) as client:
            with dask_cluster.probed(study, plan) as probes:
                number, notes = dask_cluster.check_workers(client, options.scheduler, probes, threads)
            common.print_warnings(notes)
            progress.note(f"{number_of(number, 'workers')} at {options.scheduler}")
            yield DaskEngine(client, study)
        return
    chosen = worker_number(
        options.workers, threads=threads, processors=available_threads(), n_tasks=course.n_left,
        largest=course.largest_memory(), memory=available_memory(),
    )  # fmt: skip
    common.print_warnings(chosen.notes)
    progress.note(chosen.told(threads))
    with local_client(chosen.number, threads, study.logs) as client:
        yield DaskEngine(client, study, n_workers=chosen.number)
