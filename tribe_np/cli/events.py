"""tribe-np events: a stimulus to a table of events."""

import argparse
import sys

from tribe_np.cli import common


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np events`."""
    common.add_event_arguments(parser)
    parser.add_argument("--out", type=common.path, required=True, metavar="FILE.tsv", help="table to write")
    parser.add_argument(
        "--models", type=common.path, metavar="DIR", action="append", help="folder that holds the recogniser's model"
    )
    common.add_run_arguments(parser)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    common.check_speech_options(options)
    common.set_threads(options)
    from tribe_np.pipeline.config import PipelineConfig
    from tribe_np.pipeline.run import events_to_file

    events, record = events_to_file(
        options.stimulus,
        options.out,
        config=PipelineConfig.from_dict(common.pipeline_options(options)),
        cache_folder=common.cache_folder(options),
        words=common.word_source(options),
        progress=common.progress(options),
        models=common.locations(options),
    )
    for warning in record.warnings:
        print(f"tribe-np: warning: {warning}", file=sys.stderr)
    counts = ", ".join(f"{len(events.of_type(kind))} {kind}" for kind in sorted({e.type for e in events}))
    print(f"wrote {options.out}: {counts}")
    return 0
