"""tribe-np predict: a stimulus to a folder of predictions."""

import argparse
import shlex
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.cli.parser import region_names
from tribe_np.cli.stimulus_options import add_picture_stimulus_arguments, picture_show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from tribe_np.pipeline.progress import Progress
    from tribe_np.pipeline.stimuli.picture_rows import PictureShow
    from tribe_np.pipeline.stimuli.stimulus import WordSource


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np predict`."""
    common.add_event_arguments(parser)
    add_picture_stimulus_arguments(parser)
    parser.add_argument(
        "--out",
        type=common.path,
        required=True,
        metavar="DIR",
        help="folder to write; it appears complete or not at all",
    )
    common.add_model_arguments(parser)
    add_choice_arguments(parser)
    add_dry_run(parser)
    common.add_run_arguments(parser)
    common.add_json(parser, "run.json")


def add_choice_arguments(parser: argparse.ArgumentParser) -> None:
    """Which columns are computed, and for whom."""
    parser.add_argument(
        "--roi", type=region_names, action="extend", metavar="NAME",
        help="only the vertices of these regions, such as V1,MT or V3*, separated by commas or spaces",
    )  # fmt: skip
    common.add_parcellation(parser)
    parser.add_argument(
        "--structure", type=region_names, action="extend", metavar="NAME",
        help="for a checkpoint of the subcortex: only the voxels of these structures, separated by commas, such as "
        "'Left Thalamus', or Thalamus for both sides",
    )  # fmt: skip
    parser.add_argument(
        "--mask", type=common.path, metavar="FILE",
        help="the atlas of --structure: FSL's data/atlases, or a NIfTI file with a table of its labels "
        "(default: TRIBE_NP_SUBCORTEX, FSLDIR, or nilearn's download)",
    )  # fmt: skip
    parser.add_argument(
        "--subject",
        type=subject,
        metavar="ID",
        help="subject of the checkpoint, by name or index (default: the average one)",
    )


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """--dry-run."""
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print what would run, how long it would take and in how much memory, and stop",
    )


def subject(text: str) -> str | None:
    """A subject by name or index, for argparse; None for the average one."""
    name = common.words(text)
    return None if name == "average" else name


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    chosen, threads = common.selection(options), common.prepare(options)
    shown, words, pictures = common.progress(options), common.word_source(options), picture_show(options)
    if options.dry_run:
        return dry_run(options, words, shown, chosen, pictures)
    from tribe_np.pipeline.run import predict_to_folder

    run = predict_to_folder(
        options.stimulus,
        options.out,
        load=lambda: common.load_model(options, words, shown, selection=chosen),
        words=words,
        pictures=pictures,
        command=options.command_line,
        threads=threads,
        subject=options.subject,
    )
    common.print_warnings_of(run)
    also = ", transcript.json" if (options.out / "transcript.json").is_file() else ""
    wrote = f"wrote {options.out}: predictions.npy, segments.json, events.tsv, run.json{also}"
    common.print_result(options, run, [run["summary"], wrote, _next(run, options.out)])
    return 0


def _next(run: "Mapping[str, Any]", out: "Path") -> str:
    """What to type next: a page of the cortex, a volume of voxels, or what else was predicted as an array."""
    folder = shlex.quote(str(out))
    match run.get("space", {}).get("kind", "surface"):
        case "surface":
            return f"next: tribe-np page {folder} --out page.html"
        case "mask":
            return f"next: tribe-np export {folder} --to nifti --out volumes"
    return f"next: numpy.load({str(out / 'predictions.npy')!r}) in Python"


def dry_run(
    options: argparse.Namespace,
    words: "WordSource",
    shown: "Progress",
    chosen: "Mapping[str, Any] | None",
    pictures: "PictureShow",
    absences: "Sequence[str]" = (),
) -> int:
    """Prints what a run would do: with ways of taking modalities away, one of `modalities`."""
    from tribe_np.pipeline.dry_run import dry_run_of

    planned = dry_run_of(
        options.stimulus,
        options.out,
        load=lambda: common.load_model(options, words, shown, selection=chosen),
        words=words,
        pictures=pictures,
        subject=options.subject,
        absences=absences,
    )
    common.print_result(options, planned.as_dict(), planned.lines())
    return 0
