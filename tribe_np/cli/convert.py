"""tribe-np convert: best.ckpt as model.safetensors and build_args.json."""

import argparse

from tribe_np.cli import common


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np convert`."""
    parser.add_argument("checkpoint", type=common.path, metavar="CKPT", help="best.ckpt, or a folder that holds it")
    parser.add_argument("folder", type=common.path, metavar="OUTDIR", help="folder to write")
    common.add_quiet(parser)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    from tribe_np.pipeline.convert import convert_checkpoint

    done = convert_checkpoint(options.checkpoint, options.folder, progress=common.progress(options))
    config = ", config.yaml" if done.has_config else ""
    print(
        f"wrote {options.folder}: model.safetensors ({done.n_tensors} tensors, {done.n_bytes / 1e6:.1f} MB), "
        f"build_args.json{config}"
    )
    if not done.has_config:
        print(f"there was no config.yaml beside the checkpoint: copy one to {options.folder} before loading the model")
    return 0
