"""tribe-np predict: a stimulus to a folder of predictions."""

import argparse
import json
import sys

from tribe_np.cli import common


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np predict`."""
    common.add_event_arguments(parser)
    parser.add_argument(
        "--out", type=common.path, required=True, metavar="DIR", help="folder to make; appears whole or not at all"
    )
    common.add_model_arguments(parser)
    parser.add_argument("--roi", nargs="+", metavar="NAME", help="only the vertices of these HCP-MMP1 areas")
    common.add_run_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print run.json on standard output")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    common.check_speech_options(options)
    threads = common.set_threads(options)
    from tribe_np.pipeline.run import predict_to_folder

    shown = common.progress(options)
    run = predict_to_folder(
        options.stimulus,
        options.out,
        load=lambda: common.load_model(options, shown),
        words=common.word_source(options),
        command=options.command_line,
        threads=threads,
    )
    for warning in run["warnings"]:
        print(f"tribe-np: warning: {warning}", file=sys.stderr)
    if options.json:
        print(json.dumps(run, indent=1))
    else:
        print(run["summary"])
        also = ", transcript.json" if (options.out / "transcript.json").is_file() else ""
        print(f"wrote {options.out}: predictions.npy, segments.json, events.tsv, run.json{also}")
    return 0
