"""tribe-np demo: tiny random models, a film with speech, and the real pipeline on them."""

import argparse
import shlex
from typing import TYPE_CHECKING

from tribe_np.cli import common

if TYPE_CHECKING:
    from tribe_np.pipeline.demo import DemoPaths


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np demo`."""
    parser.add_argument(
        "--out", type=common.path, default="demo", metavar="DIR", help="folder to write (default: demo)"
    )
    parser.add_argument("--seconds", type=int, default=30, metavar="N", help="length of the film (default: 30)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the random weights (default: 0)")
    common.add_threads(parser)
    common.add_quiet(parser)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    threads = common.fix_threads(options)
    from tribe_np.pipeline.demo import NOTE, make_demo, remove_results
    from tribe_np.pipeline.model import TribeModel
    from tribe_np.pipeline.resolve import ModelLocations
    from tribe_np.pipeline.run import predict_to_folder
    from tribe_np.pipeline.stimuli.stimulus import WordSource

    shown = common.progress(options)
    print(f"tribe-np demo: the four models have {NOTE}.")
    paths, engine = make_demo(options.out, seconds=options.seconds, seed=options.seed, progress=shown)
    remove_results(paths)
    print(
        f"made {paths.clip} ({options.seconds} s, H.264 + AAC, speech: {engine}), {paths.transcript}, {paths.models}/"
    )
    run = predict_to_folder(
        paths.clip,
        paths.predictions,
        load=lambda: TribeModel.load(
            str(paths.models / "encoder"),
            ModelLocations({}, (paths.models,), None),
            cache_folder=paths.cache,
            device="cpu",
            progress=shown,
        ),
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
    return 0


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
