"""tribe-np experiment: a table of trials to a folder of predictions, one timeline per run."""

import argparse
import math
import shlex
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.cli.predict import add_choice_arguments
from tribe_np.cli.stimulus_options import BACKGROUND_NAMES
from tribe_np.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tribe_np.pipeline.experiments.experiment_run import ExperimentWishes
    from tribe_np.pipeline.progress import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np experiment`."""
    parser.add_argument(
        "design", type=common.path, metavar="DESIGN",
        help="a .tsv table of trials: onset, duration, trial_type, and stim_file or words; also run, volume, "
        "background, beside, pair",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=common.path, required=True, metavar="DIR",
        help="folder to write; it appears complete or not at all",
    )  # fmt: skip
    parser.add_argument(
        "--preview",
        type=common.path,
        metavar="FILE",
        help="also write a film of what a participant would see and hear, such as run.mp4",
    )
    _add_order_arguments(parser)
    _add_shown_arguments(parser)
    common.add_recogniser_arguments(parser)
    parser.add_argument(
        "--no-recogniser", action="store_true",
        help="words of sounds and films only from transcripts beside them; one without is taken without words",
    )  # fmt: skip
    common.add_reading_arguments(parser)
    common.add_model_arguments(parser)
    add_choice_arguments(parser)
    parser.add_argument(
        "--dry-run", action="store_true",
        help="print the trials with their times, what would run, how long it would take and in how much memory, and "
        "stop",
    )  # fmt: skip
    common.add_run_arguments(parser)
    common.add_json(parser, "run.json")


def _add_order_arguments(parser: argparse.ArgumentParser) -> None:
    """When the trials come."""
    parser.add_argument(
        "--shuffle", type=seed, metavar="SEED", help="put the trials of each run into a random order, by this seed"
    )
    parser.add_argument(
        "--isi", type=gap_seconds, metavar="S",
        help="show the trials one after another with this gap, whatever their onsets; those of one onset stay together",
    )  # fmt: skip
    parser.add_argument(
        "--jitter", type=gap_seconds, metavar="S", default=0.0,
        help="make each gap longer by 0 to S seconds, at random (by the seed of --shuffle, else 0)",
    )  # fmt: skip
    parser.add_argument(
        "--most", type=hours, metavar="HOURS", help="refuse a design whose runs last longer together (default: 12)"
    )


def _add_shown_arguments(parser: argparse.ArgumentParser) -> None:
    """How pictures and words are shown."""
    parser.add_argument(
        "--background", choices=BACKGROUND_NAMES,
        help="the screen between pictures, and the ground of pictures whose row names none (default: grey, where there "
        "are pictures or films)",
    )  # fmt: skip
    parser.add_argument(
        "--seconds",
        type=common.seconds_above_0,
        metavar="S",
        help="how long a picture is shown whose duration is n/a (default: 2)",
    )
    parser.add_argument(
        "--words", choices=["spoken", "direct"], default="spoken",
        help="of text files: spoken by a voice (default), or direct: shown word by word, as those of the column words",
    )  # fmt: skip
    parser.add_argument(
        "--seconds-per-word", type=common.seconds_above_0, metavar="S",
        help="how long each word is shown in a trial whose duration is n/a (default: 0.45)",
    )  # fmt: skip
    parser.add_argument(
        "--seconds-per-letter",
        type=common.seconds_above_0,
        metavar="S",
        help="show longer words longer, by so much a letter",
    )


def seed(text: str) -> int:
    """A seed, for argparse."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise argparse.ArgumentTypeError(f"must be a seed, a whole number from 0 on, got {text[:40]!r}")
    return int(text)


def gap_seconds(text: str) -> float:
    """Seconds from 0 on, for argparse."""
    value = common.number_or_nan(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"must be seconds from 0 on, got {text[:40]!r}")
    return value


def hours(text: str) -> float:
    """Hours above 0, for argparse."""
    value = common.number_or_nan(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of hours above 0, got {text[:40]!r}")
    return value


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    chosen = common.selection(options)
    _check(options)
    common.check_places(options)
    threads, shown = common.fix_threads(options), common.progress(options)  # before NumPy is imported
    wishes = _wishes(options)
    _check_preview(options, wishes)
    if options.dry_run:
        return _dry_run(options, wishes, shown, chosen)
    from tribe_np.pipeline.experiments.experiment_run import experiment_to_folder

    run = experiment_to_folder(
        options.design,
        options.out,
        load=lambda: common.open_model(options, shown, selection=chosen),
        wishes=wishes,
        command=options.command_line,
        threads=threads,
        subject=options.subject,
    )
    common.print_warnings_of(run)
    folder = shlex.quote(str(options.out))
    lines = [
        run["summary"], _counts(run["experiment"]),
        f"wrote {options.out}: predictions.npy, segments.json, events.tsv, trials.tsv, run.json",
    ]  # fmt: skip
    if options.preview is not None:
        from tribe_np.plots.films.run_preview import run_preview

        films = run_preview(options.out, options.preview, stage=shown.stage)
        common.print_warnings([warning for film in films for warning in film.warnings])
        lines += [
            f"wrote {film.path}: what is seen and heard in {film.timeline}, {film.duration:.1f} s" for film in films
        ]
    names = list(run["experiment"]["conditions"])
    formula = shlex.quote(f"{names[0]} - {names[1]}" if len(names) > 1 else names[0])
    common.print_result(options, run, [*lines, f"next: tribe-np contrast {folder} {formula} --out contrast"])
    return 0


def _check_preview(options: argparse.Namespace, wishes: "ExperimentWishes") -> None:
    """Refuses a film that could not be written, before any work."""
    if options.preview is None:
        return
    from tribe_np.outputs.whole import real_path
    from tribe_np.plots.films.run_preview import check_preview

    if real_path(options.out) in real_path(options.preview).parents:
        raise ConfigError(f"--preview {options.preview}: lies in --out {options.out}; give it a place beside it")
    design = wishes.read(options.design)
    files = {row.stim_file: row.stimulus.path for row in design if row.stimulus is not None}
    runs = list(dict.fromkeys(row.run for row in design))
    check_preview(options.preview, runs, {"design": options.design, **files})


def _counts(facts: "Mapping[str, object]") -> str:
    """What was computed, and how often it was shown."""
    rows, computed = facts["rows"], facts["computed"]
    assert isinstance(rows, dict)
    assert isinstance(computed, dict)
    return "features: " + ", ".join(f"{computed[kind]} different of {n} {kind} rows" for kind, n in rows.items())


def _check(options: argparse.Namespace) -> None:
    """Refuses options that contradict each other, before any library is imported."""
    if options.no_recogniser and (options.transcriber or options.whisper_model):
        raise ConfigError("--no-recogniser contradicts --transcriber and --whisper-model; give only one of them")
    if options.no_speech and (options.transcriber or options.whisper_model or options.no_recogniser):
        raise ConfigError("--no-speech contradicts what names, or leaves out, a recogniser; give only one of them")
    if options.seconds_per_word is not None and options.seconds_per_letter is not None:
        raise ConfigError("--seconds-per-word contradicts --seconds-per-letter; give only one of them")


def _wishes(options: argparse.Namespace) -> "ExperimentWishes":
    from tribe_np.pipeline.experiments.experiment_run import ExperimentWishes
    from tribe_np.pipeline.experiments.schedule import Order
    from tribe_np.pipeline.stimuli.picture_rows import PictureShow
    from tribe_np.pipeline.stimuli.stimulus import WordSource

    words = WordSource(
        None, options.transcriber, not options.no_speech, options.whisper_model,
        seconds_per_word=options.seconds_per_word or WordSource.seconds_per_word,
        seconds_per_letter=options.seconds_per_letter,
    )  # fmt: skip
    return ExperimentWishes(
        Order(options.shuffle, options.isi, options.jitter),
        words,
        PictureShow(options.seconds, options.background or PictureShow.background),
        is_direct=options.words == "direct",
        hears=not options.no_recogniser,
        screen=options.background,
        most_hours=options.most or ExperimentWishes.most_hours,
    )


def _dry_run(
    options: argparse.Namespace, wishes: "ExperimentWishes", shown: "Progress", chosen: "Mapping[str, object] | None"
) -> int:
    from tribe_np.pipeline.experiments.experiment_run import experiment_dry_run

    planned = experiment_dry_run(
        options.design,
        options.out,
        load=lambda: common.open_model(options, shown, selection=chosen),
        wishes=wishes,
        subject=options.subject,
    )
    common.print_result(options, planned.as_dict(), planned.lines())
    return 0
