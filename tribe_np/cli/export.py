"""tribe-np export: predictions in files that other tools open."""

import argparse

from tribe_np.cli import common
from tribe_np.outputs.exports.format_names import EXPORT_FORMATS

SUPPRESS = argparse.SUPPRESS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np export`."""
    common.add_prediction(parser)
    formats = "; ".join(f"{name}, {text}" for name, (_, text) in EXPORT_FORMATS.items())
    parser.add_argument("--to", required=True, choices=list(EXPORT_FORMATS), metavar="FORMAT", help=formats)
    parser.add_argument("--out", type=common.path, required=True, metavar="DIR", help="folder to write")
    parser.add_argument(
        "--times", default=SUPPRESS, choices=["stimulus", "bold"],
        help="what the time of a row is: where the stimulus that it describes begins (default), or where its BOLD is "
        "estimated, 5 s later",
    )  # fmt: skip
    parser.add_argument(
        "--bids", nargs="+", default=SUPPRESS, metavar="KEY-LABEL",
        help="gifti, cifti, nifti: names of a BIDS derivative, sub-01 task-film, also ses-, acq-, run-, desc-",
    )  # fmt: skip
    parser.add_argument(
        "--fill-gaps", action="store_true", default=SUPPRESS,
        help="rows of NaN where rows are missing; without it such predictions go only into formats that hold every "
        "row's time",
    )  # fmt: skip
    parser.add_argument(
        "--mask-medial-wall", action="store_true", default=SUPPRESS,
        help="cifti: leave out the vertices that have no region in --parcellation",
    )  # fmt: skip
    common.add_parcellation(parser, SUPPRESS)
    parser.add_argument(
        "--surface", type=common.words, default=SUPPRESS, metavar="KIND",
        help="mz3: put this surface into the files: white, pial, inflated, half, sphere, flat",
    )  # fmt: skip
    parser.add_argument(
        "--subjects-dir", type=common.path, default=SUPPRESS, metavar="DIR",
        help="FreeSurfer's subjects folder, for --surface and nifti (default: SUBJECTS_DIR, then nilearn's fsaverage5)",
    )  # fmt: skip
    _add_volume_arguments(parser)
    common.add_quiet(parser)
    common.add_json(parser, "the list of files")


def _add_volume_arguments(parser: argparse.ArgumentParser) -> None:
    """What is asked of a volume."""
    parser.add_argument(
        "--resolution", type=float, default=SUPPRESS, metavar="MM", help="nifti: edge of a voxel (default: 2)"
    )
    parser.add_argument(
        "--like", type=common.path, default=SUPPRESS, metavar="FILE",
        help="nifti: take this volume's grid of voxels; it must lie in the same --space",
    )  # fmt: skip
    parser.add_argument(
        "--smooth", type=float, default=SUPPRESS, metavar="MM",
        help="nifti: full width at half maximum of a Gaussian within the ribbon (default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--space", default=SUPPRESS, choices=["mni305", "mni152"],
        help="nifti: mni305, fsaverage's own space (default), or mni152: by surfaces made in it where the subjects "
        "folder has them, otherwise by FreeSurfer's published 4 x 4, an approximation",
    )  # fmt: skip
    common.add_mask(parser, "nifti and npz, of a prediction of the subcortex", SUPPRESS)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    from dataclasses import fields

    from tribe_np.outputs.exports.export_formats import ExportOptions
    from tribe_np.outputs.exports.exporting import export

    known = {field.name for field in fields(ExportOptions)}
    given = {name: value for name, value in vars(options).items() if name in known}
    if len(given.get("parcellation", ())) == 1:
        given["parcellation"] = given["parcellation"][0]
    done = export(options.predictions, options.to, options.out, **given)
    common.print_warnings(done.warnings)
    common.print_result(
        options,
        {
            "out": str(done.folder),
            "format": options.to,
            "files": [str(path) for path in done.files],
            "warnings": list(done.warnings),
        },
        [f"wrote {path}" for path in done.files],
    )
    return 0
