"""tribe-np demo: tiny random models, a film with speech, and the real pipeline on them."""

import argparse

from tribe_np.cli import common


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
    return 0
