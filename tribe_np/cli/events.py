"""tribe-np events: a stimulus to a table of events."""

import argparse
from collections import Counter

from tribe_np.cli import common
from tribe_np.cli.stimulus_options import add_picture_stimulus_arguments, picture_show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np events`."""
    common.add_event_arguments(parser)
    add_picture_stimulus_arguments(parser)
    parser.add_argument("--out", type=common.path, required=True, metavar="FILE.tsv", help="table to write")
    parser.add_argument(
        "--models", type=common.path, metavar="DIR", action="append", help="folder that holds the recogniser's model"
    )
    common.add_run_arguments(parser)
    common.add_json(parser, "what was written")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    common.prepare(options)
    from tribe_np.pipeline.options import PipelineConfig
    from tribe_np.pipeline.run import events_to_file

    events, record = events_to_file(
        options.stimulus,
        options.out,
        config=PipelineConfig.from_dict(common.pipeline_options(options)),
        cache_folder=common.cache_folder(options),
        words=common.word_source(options),
        pictures=picture_show(options),
        progress=common.progress(options),
        models=common.locations(options),
    )
    common.print_warnings(record.warnings)
    counts = dict(sorted(Counter(event.type for event in events).items()))
    common.print_result(
        options,
        {"out": str(options.out), "events": counts, **record.facts, "warnings": record.warnings},
        [f"wrote {options.out}: {', '.join(f'{n} {kind}' for kind, n in counts.items())}"],
    )
    return 0
