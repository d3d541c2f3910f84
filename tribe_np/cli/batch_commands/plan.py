"""tribe-np batch plan: stimuli to a study's tasks, with what they will take."""

import argparse
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tribe_np.cli import common
from tribe_np.cli.batch_commands.study_arguments import absolute
from tribe_np.cli.predict import add_choice_arguments
from tribe_np.cli.stimulus_options import add_picture_stimulus_arguments
from tribe_np.errors import ConfigError
from tribe_np.files.home import user_cache_folder
from tribe_np.machine import threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tribe_np.batch.planning.study_planning import PlanningResult
    from tribe_np.batch.settings import StudySettings
    from tribe_np.batch.study import Study

USUAL_THREADS = 4
"""Of a task, where the machine has them: more tasks at once use a cluster better than more threads of each."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np batch plan`."""
    parser.add_argument(
        "stimuli", nargs="+", metavar="STIMULI",
        help="films, sounds, texts, pictures, a folder of them, a glob, @FILE with a path a line, or a table (.tsv, "
        ".csv) with a column stimulus, and transcript, language, subject and others if wanted",
    )  # fmt: skip
    parser.add_argument("--out", type=common.path, required=True, metavar="STUDY", help="folder of the study")
    common.add_recogniser_arguments(parser)
    common.add_shown_words(parser)
    parser.set_defaults(transcript=None, align=None)  # of one stimulus: a column of the table
    common.add_reading_arguments(parser)
    add_picture_stimulus_arguments(parser)
    common.add_model_arguments(parser)
    add_choice_arguments(parser)
    parser.add_argument(
        "--threads", type=common.at_least_one, metavar="N",
        help="threads of each task, the same in the whole study, since results round otherwise (default: "
        f"OMP_NUM_THREADS, or the processors that this process may use, at most {USUAL_THREADS})",
    )  # fmt: skip
    parser.add_argument(
        "--cache", type=common.path, metavar="DIR",
        help="folder of features, where all tasks meet: on a cluster, on a disk that every node sees (default: the "
        "user cache)",
    )  # fmt: skip
    parser.add_argument(
        "--clips-per-task", type=common.at_least_one, metavar="N",
        help="clips of film in a task (default: about half an hour of them, at least 8)",
    )  # fmt: skip
    common.add_quiet(parser)
    common.add_json(parser, "the numbers of the plan")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    common.check_words_given(options)
    if options.cache == Path("none"):
        raise ConfigError(
            "--cache none: the tasks of a study meet in the cache; give a folder that all of them can write to"
        )
    options.cache = absolute(options.cache or user_cache_folder())
    common.check_places(options)
    from tribe_np.batch.study import Study

    study = Study(absolute(options.out))
    options.threads = task_threads(options, study)
    common.fix_threads(options)
    from tribe_np.batch.lists.stimulus_list import list_stimuli
    from tribe_np.batch.planning.study_planning import plan_study

    listed, notes = list_stimuli(options.stimuli, study=study.folder)
    result = plan_study(
        study, listed, study_settings(options), clips_per_task=options.clips_per_task,
        progress=common.progress(options),
    )  # fmt: skip
    return show_study_plan(options, study, result, notes)


def task_threads(options: argparse.Namespace, study: "Study") -> int:
    """Those that were asked for, or those of the plan that is there, or what suits this machine.

    Raises   ConfigError, OutputError for a plan that cannot be used
    """
    if options.threads is not None:
        return int(options.threads)
    if study.plan.is_file():
        from tribe_np.batch.plan import read_plan

        return read_plan(study).settings.threads
    if os.environ.get("OMP_NUM_THREADS"):
        return threads.running_threads()
    return min(threads.available_threads(), USUAL_THREADS)


def study_settings(options: argparse.Namespace) -> "StudySettings":
    """The settings that the options ask for, with the models where they are now.

    Raises   CheckpointError, ConfigError
    """
    from tribe_np.batch.settings import StudySettings
    from tribe_np.pipeline.early_checks import found_extractors

    locations = common.locations(options, extractors=True)
    checkpoint = absolute(locations.checkpoint(options.checkpoint))
    models = {m: str(absolute(folder)) for m, folder in found_extractors(checkpoint, locations).items()}
    return StudySettings(
        str(checkpoint), models, str(options.cache), options.threads, options.device, options.precision,
        common.pipeline_options(options), _words(options), _pictures(options), _selection(options), options.subject,
        tuple(str(absolute(folder)) for folder in locations.folders),
        None if locations.hub_cache is None else str(absolute(locations.hub_cache)),
    )  # fmt: skip


def _words(options: argparse.Namespace) -> dict[str, Any]:
    """Where words come from, for all stimuli."""
    words = common.word_source(options)
    model = words.whisper_model
    return {
        "transcriber": words.transcriber, "speech": words.speech, "how": words.how,
        "whisper_model": str(absolute(Path(model))) if model is not None and Path(model).is_dir() else model,
        "seconds_per_word": words.seconds_per_word, "seconds_per_letter": words.seconds_per_letter,
    }  # fmt: skip


def _pictures(options: argparse.Namespace) -> dict[str, Any]:
    """How pictures are shown, as far as it was said."""
    beside = None if options.beside is None else str(absolute(options.beside))
    given = {"seconds": options.seconds, "background": options.background, "beside": beside}
    return {name: value for name, value in given.items() if value is not None}


def _selection(options: argparse.Namespace) -> dict[str, Any] | None:
    """The columns that are computed; a parcellation of the environment is named, since nodes have another one."""
    chosen = common.selection(options)
    if chosen is None:
        return None
    from tribe_np.cortex.parcellations.parcellation_names import known_name

    found: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    given = os.environ.get("TRIBE_NP_PARCELLATION")
    if "roi" in found and "parcellation" not in found and given:
        found["parcellation"] = [given]
    if "parcellation" in found:
        found["parcellation"] = [
            name if known_name(name) else str(absolute(Path(name))) for name in found["parcellation"]
        ]
    if "mask" in found:
        found["mask"] = str(absolute(found["mask"]))
    return found


def show_study_plan(
    options: argparse.Namespace, study: "Study", result: "PlanningResult", notes: "Sequence[str]"
) -> int:
    """Prints what was planned: before anything is sent, what it will take."""
    from tribe_np.batch.planning.plan_summary import failures_of, summary_of, told_of

    summary, failures = summary_of(result), failures_of(result.plan)
    common.print_warnings(failures)
    told = [*notes, *told_of(result)]
    folder = shlex.quote(str(options.out))
    lines = [
        *summary.lines(),
        *told,
        f"features go to {options.cache}; on a cluster it must be on a disk that every node sees (--cache DIR)",
        f"wrote {options.out}: plan.json, events/; nothing was computed",
        f"next: tribe-np batch run {folder}, or on a cluster tribe-np batch submit {folder} --slurm",
    ]
    errors = {stimulus.name: stimulus.error for stimulus in result.plan.stimuli if stimulus.error}
    as_json = {
        "study": str(study.folder), "cache": str(options.cache), **summary.as_dict(), "notes": told, "errors": errors,
    }  # fmt: skip
    common.print_result(options, as_json, lines)
    return 0
