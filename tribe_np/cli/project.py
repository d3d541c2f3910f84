"""tribe-np project: measured fMRI onto fsaverage5."""

import argparse
from pathlib import Path
from typing import Any

from tribe_np.cli import common


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np project`."""
    parser.add_argument(
        "bold", type=common.path, nargs="+", metavar="BOLD",
        help="a volume (.nii, .nii.gz, .mgz), CIFTI (.dtseries.nii), or the surfaces of both hemispheres (.func.gii, "
        ".mgh): two files, or one and the other is found beside it",
    )  # fmt: skip
    parser.add_argument("--out", type=common.path, required=True, metavar="DIR", help="folder to write")
    _add_space(parser)
    _add_sampling(parser)
    _add_cleaning(parser)
    _add_time(parser)
    _option(parser, "--compat", choices=["upstream"], help="reproduce the reference implementation's numbers")
    common.add_threads(parser)
    common.add_quiet(parser)
    common.add_json(parser, "what was written")


def _option(parser: argparse._ActionsContainer, name: str, **settings: Any) -> None:
    """An option whose default is `ProjectionOptions`'s: absent where it is not given."""
    parser.add_argument(name, default=argparse.SUPPRESS, **settings)


def _add_space(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("space")
    _option(
        group, "--space", choices=["mni152", "mni305", "native", "as-is"],
        help="the space of a volume (default: what its name, space-..., or its header says); native needs --subject; "
        "as-is takes fsaverage's coordinates for the volume's, as upstream does",
    )  # fmt: skip
    _option(group, "--subject", type=common.words, metavar="ID", help="the subject whose own surfaces are used")
    _option(
        group, "--subjects-dir", type=common.path, metavar="DIR",
        help="FreeSurfer's subjects folder (default for fsaverage: SUBJECTS_DIR, then nilearn's fsaverage5)",
    )  # fmt: skip
    _option(
        group, "--spheres", type=common.path, metavar="DIR",
        help="for data on fsLR-32k: folder of HCP's spheres registered to fsaverage (resample_fsaverage)",
    )  # fmt: skip
    _option(
        group, "--registration", choices=["barycentric", "nearest"],
        help="from other vertices to fsaverage's, on the registered sphere (default: barycentric)",
    )  # fmt: skip
    _option(
        group, "--mesh", choices=["fsaverage5", "fsaverage6", "fsaverage7"],
        help="mesh of the result (default: fsaverage5)"
    )  # fmt: skip


def _add_sampling(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("sampling of volumes")
    _option(
        group, "--kind", choices=["ball", "line", "depth", "auto"],
        help="points that are averaged: a ball around each vertex (default), a line along its normal, or from pial to "
        "white (depth, auto)",
    )  # fmt: skip
    _option(group, "--radius", type=float, metavar="MM", help="radius of the ball, or half of the line (default: 3)")
    _option(
        group, "--n-samples", type=int, metavar="N", help="points for each vertex (default: 20 in a ball, otherwise 10)"
    )
    _option(
        group, "--depth", type=float, nargs="+", metavar="D",
        help="depths of the points: 0 is pial, 1 white (of a line: fractions of the radius inward)",
    )  # fmt: skip
    _option(group, "--center-depth", type=float, metavar="C", help="the surface: 1 is pial (default), 0 white")
    _option(group, "--interpolation", choices=["linear", "nearest"], help="between voxels (default: linear)")
    _option(group, "--mask", type=common.path, metavar="FILE", help="brain mask; voxels outside of it count as 0")
    _option(group, "--smooth", type=float, metavar="MM", help="smooth the volumes first: full width at half maximum")


def _add_cleaning(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("cleaning")
    parser.set_defaults(no_detrend=False, no_standardize=False)
    _option(
        group,
        "--confounds",
        type=common.path,
        metavar="FILE",
        help="table of confounds to regress out, such as fMRIPrep's",
    )
    _option(
        group, "--confound-columns", type=_names, metavar="A,B",
        help="which columns, or sets of them: motion, motion24, wm-csf, global, compcor, cosine, non-steady, all",
    )  # fmt: skip
    group.add_argument("--no-detrend", action="store_true", help="keep the linear trend")
    group.add_argument("--no-standardize", action="store_true", help="keep the units: no z-score")


def _add_time(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("time")
    _option(
        group, "--tr", type=float, metavar="S", help="seconds between volumes (default: BIDS sidecar, then the header)"
    )
    _option(group, "--frequency", type=_rate, metavar="HZ", help="rows a second (default: 1), or native for the scan's")
    _option(
        group, "--align", action="store_true",
        help="rows of the stimulus, as a prediction has them: row t is the BOLD at start + t + offset",
    )  # fmt: skip
    _option(group, "--start", type=float, metavar="S", help="when the stimulus began in the scan (default: 0)")
    _option(group, "--offset", type=float, metavar="S", help="seconds from a stimulus to its BOLD (default: 5)")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _rate(text: str) -> float | str:
    return text if text == "native" else float(text)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    common.fix_threads(options)
    from dataclasses import fields

    from tribe_np.cortex.measured.projection import project
    from tribe_np.cortex.measured.projection_options import ProjectionOptions
    from tribe_np.outputs.measured_folder import PROJECT, measured_run, write_measured
    from tribe_np.outputs.whole import check_own_target
    from tribe_np.pipeline.provenance import provenance

    own = {field.name for field in fields(ProjectionOptions)}
    asked = {name: value for name, value in vars(options).items() if name in own}
    asked |= {"detrend": not options.no_detrend, "standardize": not options.no_standardize}
    inputs = {f"input {path.name}": path for path in options.bold}
    inputs |= {name: asked.get(name) for name in ("confounds", "mask", "subjects_dir", "spheres")}
    check_own_target(options.out, PROJECT, inputs)
    with common.progress(options).stage("projection", None, "volumes") as step:
        projection = project(options.bold, on_volumes=step, **asked)
    write_measured(options.out, projection, provenance())
    common.print_warnings(projection.warnings)
    result = {"out": str(options.out), "shape": list(projection.values.shape), **measured_run(projection)}
    common.print_result(options, result, _said(options.out, result))
    return 0


def _said(out: Path, result: dict[str, Any]) -> list[str]:
    n_rows, n_vertices = result["shape"]
    lines = [f"wrote {out}: bold.npy ({n_rows} rows of {result['tr']:g} s, {n_vertices} vertices), run.json"]
    later = f"of the stimulus; the BOLD is {result['hemodynamic_offset']:g} s later"
    start = round(result["start"], 3) + 0.0  # never -0
    lines.append(f"row 0 is second {start:g} {'of the scan' if result['time_axis'] == 'scan' else later}")
    if "space" in result:
        how = result.get("coordinates_note") or result["coordinates"]
        lines.append(f"space {result['space']} ({result['space_found_in']}): {how}")
    return lines
