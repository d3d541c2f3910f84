"""tribe-np features: a stimulus to one file of features per modality."""

import argparse

from tribe_np.cli import common
from tribe_np.cli.stimulus_options import add_picture_stimulus_arguments, picture_show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np features`."""
    common.add_event_arguments(parser)
    add_picture_stimulus_arguments(parser)
    parser.add_argument(
        "--out", type=common.path, required=True, metavar="DIR", help="folder to write: one .npz per modality"
    )
    common.add_model_arguments(parser)
    common.add_run_arguments(parser)
    common.add_json(parser, "what was written")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    common.prepare(options)
    from tribe_np.pipeline.run import features_to_folder

    shown, words = common.progress(options), common.word_source(options)
    shapes, record = features_to_folder(
        options.stimulus,
        options.out,
        load=lambda: common.load_model(options, words, shown),
        words=words,
        pictures=picture_show(options),
    )
    common.print_warnings(record.warnings)
    common.print_result(
        options,
        {"out": str(options.out), "shapes": shapes, **record.facts, "warnings": record.warnings},
        [
            *(_line(modality, shape) for modality, shape in shapes.items()),
            f"wrote {options.out}: {', '.join(f'{m}.npz' for m in shapes)}, events.tsv",
        ],
    )
    return 0


def _line(modality: str, shape: tuple[int, ...]) -> str:
    from tribe_np.pipeline.progress import number_of

    *groups, feature_dim, n_steps = shape  # no groups where a checkpoint averages them
    layers = f"{number_of(groups[0], 'layer groups')} x " if groups else ""
    return f"{modality}: {layers}{number_of(feature_dim, 'features')} x {number_of(n_steps, 'steps')}"
