"""tribe-np demo: tiny random models, a film with speech, and the real pipeline on them."""

import argparse
import shlex
from typing import TYPE_CHECKING

from tribe_np.cli import common

if TYPE_CHECKING:
    from collections.abc import Callable

    from tribe_np.pipeline.demo import DemoPaths
    from tribe_np.pipeline.model import TribeModel
    from tribe_np.pipeline.progress import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np demo`."""
    parser.add_argument(
        "--out", type=common.path, default="demo", metavar="DIR", help="folder to write (default: demo)"
    )
    parser.add_argument("--seconds", type=int, default=30, metavar="N", help="length of the film (default: 30)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the random weights (default: 0)")
    parser.add_argument(
        "--experiment", action="store_true",
        help="also make pictures, words, sounds and films, put them into a design of 24 trials, and run it",
    )  # fmt: skip
    common.add_threads(parser)
    common.add_quiet(parser)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    threads = common.fix_threads(options)
    from tribe_np.pipeline.demo import NOTE, make_demo, remove_results
    from tribe_np.pipeline.run import predict_to_folder
    from tribe_np.pipeline.stimuli.stimulus import WordSource

    shown = common.progress(options)
    print(f"tribe-np demo: the four models have {NOTE}.")
    paths, engine = make_demo(options.out, seconds=options.seconds, seed=options.seed, progress=shown)
    remove_results(paths)
    print(
        f"made {paths.clip} ({options.seconds} s, H.264 + AAC, speech: {engine}), {paths.transcript}, {paths.models}/"
    )
    load = _loader(paths, shown)
    run = predict_to_folder(
        paths.clip,
        paths.predictions,
        load=load,
        words=WordSource(paths.transcript),
        command=options.command_line,
        threads=threads,
    )
    common.print_warnings(run["warnings"])
    print(run["summary"])
    print(f"wrote {paths.predictions}: predictions.npy, segments.json, events.tsv, run.json")
    print(f"remember: {NOTE}.")
    with shown.stage("page", None, "pages") as step:
        last = _page(paths)
        step(1)
    print(last)
    if options.experiment:
        _experiment(options, paths, load, threads)
    return 0


def _loader(paths: "DemoPaths", shown: "Progress") -> "Callable[[], TribeModel]":
    """What loads the demo's models."""
    from tribe_np.pipeline.model import TribeModel
    from tribe_np.pipeline.resolve import ModelLocations

    return lambda: TribeModel.load(
        str(paths.models / "encoder"),
        ModelLocations({}, (paths.models,), None),
        cache_folder=paths.cache,
        device="cpu",
        progress=shown,
    )


def _experiment(
    options: argparse.Namespace, paths: "DemoPaths", load: "Callable[[], TribeModel]", threads: int | None
) -> None:
    """Makes the experiment and runs it, and two of its films alone; says what to do next."""
    from tribe_np.pipeline.demo import COMMAND, NOTE
    from tribe_np.pipeline.demo_experiment import DESIGN, STIMULI, make_experiment
    from tribe_np.pipeline.experiments.experiment_run import ExperimentWishes, experiment_to_folder
    from tribe_np.pipeline.run import predict_to_folder
    from tribe_np.pipeline.stimuli.stimulus import WordSource

    spoken = make_experiment(paths.experiment, seed=options.seed, command=COMMAND)
    design = paths.experiment / DESIGN
    print(f"made {design} (24 trials of drawn faces and houses, words, sounds, films; speech: {spoken})")
    done = experiment_to_folder(
        design,
        paths.experiment_run,
        load=load,
        wishes=ExperimentWishes(hears=False),
        command=options.command_line,
        threads=threads,
    )
    common.print_warnings(done["warnings"])
    print(done["summary"])
    for out in (paths.motion, paths.static):
        film = paths.experiment / STIMULI / f"{out.name.removesuffix('_run')}.mp4"
        alone = predict_to_folder(
            film, out, load=load, words=WordSource(speech=False), command=options.command_line, threads=threads
        )
        print(alone["summary"])
    print(f"wrote {paths.experiment_run}, {paths.motion}, {paths.static}; remember: {NOTE}.")
    quote = shlex.quote
    source = quote(str(paths.experiment_run))
    for formula, out in (
        ("drawn_faces - drawn_houses", paths.faces_contrast), ("sentences - word_lists", paths.sentences_contrast),
    ):  # fmt: skip
        print(f"next: tribe-np contrast {source} {quote(formula)} --out {quote(str(out))}")
    pair = f"{quote(str(paths.motion))} {quote(str(paths.static))}"
    print(f"next: tribe-np compare {pair} --out {quote(str(paths.comparison))}")


def _page(paths: "DemoPaths") -> str:
    """Makes the page of the demo, and says what to do next; without what it needs, how to get that."""
    from tribe_np.errors import TribeError
    from tribe_np.plots.pages.page_making import page

    by_hand = f"tribe-np page {shlex.quote(str(paths.predictions))} --out {shlex.quote(str(paths.page))}"
    try:
        page(paths.predictions, paths.page)
    except TribeError as error:
        return f"next: {by_hand}; it was left out here: {error}"
    return f"next: open {paths.page} in a browser; made by: {by_hand}"
