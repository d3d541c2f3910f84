"""tribe-np features: a stimulus to one file of features per modality."""

import argparse
import sys

from tribe_np.cli import common


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np features`."""
    common.add_event_arguments(parser)
    parser.add_argument(
        "--out", type=common.path, required=True, metavar="DIR", help="folder to make: one .npz per modality"
    )
    common.add_model_arguments(parser)
    common.add_run_arguments(parser)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    common.check_speech_options(options)
    common.set_threads(options)
    from tribe_np.pipeline.run import features_to_folder

    shown = common.progress(options)
    shapes, record = features_to_folder(
        options.stimulus,
        options.out,
        load=lambda: common.load_model(options, shown),
        words=common.word_source(options),
    )
    for warning in record.warnings:
        print(f"tribe-np: warning: {warning}", file=sys.stderr)
    for modality, (n_groups, feature_dim, n_steps) in shapes.items():
        print(f"{modality}: {n_groups} layer groups x {feature_dim} features x {n_steps} steps of 0.5 s")
    print(f"wrote {options.out}: {', '.join(f'{m}.npz' for m in shapes)}")
    return 0
