"""tribe-np resample: predictions on another mesh."""

import argparse

from tribe_np.cli import common


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np resample`."""
    common.add_prediction(parser)
    parser.add_argument(
        "--to", required=True, type=common.words, metavar="MESH", help="fsaverage3 to fsaverage7, or fsLR-32k"
    )
    parser.add_argument("--out", required=True, type=common.path, metavar="DIR", help="prediction folder to write")
    parser.add_argument(
        "--method", choices=["subsample", "inverse-distance", "barycentric"],
        help="subsample: the values of shared vertices, unchanged (default to a coarser mesh); inverse-distance: of 5 "
        "nearest vertices (default to a finer one); barycentric: on registered spheres (default to fsLR-32k)",
    )  # fmt: skip
    parser.add_argument(
        "--labels", action="store_true", help="values are labels: take the most frequent one, not the mean"
    )
    parser.add_argument(
        "--subjects-dir", type=common.path, metavar="DIR",
        help="FreeSurfer's subjects, with fsaverage, fsaverage6 and so on (default: SUBJECTS_DIR, then nilearn)",
    )  # fmt: skip
    for option, mesh in (("--from-sphere", "PRED's mesh"), ("--to-sphere", "MESH")):
        parser.add_argument(
            option, type=common.path, nargs=2, metavar=("LEFT", "RIGHT"),
            help=f"registered sphere of {mesh}, GIFTI or FreeSurfer (default: fsaverage's own)",
        )  # fmt: skip
    parser.add_argument(
        "--spheres", type=common.path, metavar="DIR",
        help="folder with registered spheres under HCP's names, such as resample_fsaverage",
    )  # fmt: skip
    common.add_json(parser, "what was done")
    common.add_quiet(parser)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    from tribe_np.cortex.meshes.resampling import resample
    from tribe_np.outputs.resampled_folder import check_resample_target, write_resampled

    check_resample_target(options.out, options.predictions)
    made = resample(
        options.predictions,
        options.to,
        method=options.method,
        labels=options.labels or None,
        subjects_dir=options.subjects_dir,
        from_sphere=options.from_sphere,
        to_sphere=options.to_sphere,
        spheres=options.spheres,
    )
    run = write_resampled(options.out, made, options.predictions)
    common.print_warnings(made.warnings)
    n_rows, n_vertices = made.values.shape
    numbering = {name: run[name] for name in ("numbering",) if name in run}
    how = made.record["method"] + (", of labels" if options.labels else "")
    common.print_result(
        options,
        {"out": str(options.out), "shape": [n_rows, n_vertices], **numbering, **run["resampled"]},
        [f"wrote {options.out}: {n_rows} rows x {n_vertices} vertices of {made.series.mesh} ({how})"],
    )
    return 0
