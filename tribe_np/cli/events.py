"""tribe-np events: a stimulus to a table of events."""

import argparse
import sys

from tribe_np.cli import common


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np events`."""
    common.add_event_arguments(parser)
    parser.add_argument("--out", type=common.path, required=True, metavar="FILE.tsv", help="table to write")
    common.add_run_arguments(parser)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    common.check_speech_options(options)
    common.check_places(options)
    common.set_threads(options)
    from tribe_np.pipeline.config import PipelineConfig
    from tribe_np.pipeline.run import events_to_file

    events, record = events_to_file(
        options.stimulus,
        options.out,
        config=PipelineConfig.from_dict(common.pipeline_options(options)),
        cache_folder=common.cache_folder(options),
        transcript=options.transcript,
        transcriber=options.transcriber,
        speech=not options.no_speech,
        progress=common.progress(options),
    )
    for warning in record.warnings:
        print(f"tribe-np: warning: {warning}", file=sys.stderr)
    counts = ", ".join(f"{len(events.of_type(kind))} {kind}" for kind in sorted({e.type for e in events}))
    print(f"wrote {options.out}: {counts}")
    return 0
