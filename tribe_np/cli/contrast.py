"""tribe-np contrast: conditions of an experiment compared at every vertex."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.cli.map_options import add_map_formats, regions_given
from tribe_np.cli.picture_options import add_subjects_dir

if TYPE_CHECKING:
    from tribe_np.analysis import Contrast
    from tribe_np.outputs.map_folder import MapFiles

MOST_PERMUTATIONS = 10_000  # of stats' own default
EXAMPLE = "'faces - places', '0.5*a + 0.5*b - c'; a name with blanks or a dash goes in quotes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np contrast`."""
    parser.add_argument(
        "source", type=common.path, metavar="EXPERIMENT_OR_TABLE",
        help="a folder that experiment wrote, or a table (.tsv) with the columns prediction and trial_type, and onset, "
        "duration, run, pair where there are any; without onset a trial is a whole prediction",
    )  # fmt: skip
    parser.add_argument(
        "formulas", type=common.words, nargs="+", metavar="FORMULA", help=f"what is compared: {EXAMPLE}"
    )
    parser.add_argument("--out", type=common.path, required=True, metavar="DIR", help="folder to write; of several "
                        "formulas each has one in it")  # fmt: skip
    _add_observations(parser)
    _add_glm(parser)
    _add_outputs(parser)
    common.add_quiet(parser)
    common.add_json(parser, "the records")


def _add_observations(parser: argparse.ArgumentParser) -> None:
    """What is compared."""
    parser.add_argument(
        "--delay", type=float, default=0.0, metavar="SECONDS",
        help="seconds to add to every onset (default: 0; the rows already stand for what was shown then)",
    )  # fmt: skip
    parser.add_argument("--pair", action="store_true", help="compare within the pairs that the column pair names")
    parser.add_argument(
        "--by-stimulus", action="store_true",
        help="one observation a stimulus (stim_file or words), the mean of its repetitions, which are no new stimuli",
    )  # fmt: skip
    parser.add_argument(
        "--permute", type=int, nargs="?", const=MOST_PERMUTATIONS, metavar="N",
        help="p by relabelling the trials too: all ways where there are no more than N (10000), else N of them",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of --permute (default: 0)")
    parser.add_argument(
        "--fir", type=float, metavar="SECONDS",
        help="time courses too: the mean of each condition from so many seconds before the onset to as many after it",
    )  # fmt: skip
    parser.add_argument(
        "--anyway", action="store_true", help="take predictions of different models or versions of features together"
    )


def _add_glm(parser: argparse.ArgumentParser) -> None:
    """The model over rows."""
    parser.add_argument(
        "--glm", action="store_true",
        help="a linear model over rows instead of one observation a trial: 1 in the rows of a condition, 0 elsewhere, "
        "a constant a run, no drift (extra analysis)",
    )  # fmt: skip
    parser.add_argument(
        "--hrf", choices=["glover", "spm"],
        help="--glm: convolve with a response; rows then count at the time of their BOLD, since the model has learned "
        "the delay already (default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--noise", choices=["ar1", "ols"], default="ar1",
        help="--glm: ar1 (default) takes residuals as those of neighbours in time, ols as independent",
    )  # fmt: skip
    parser.add_argument(
        "--confounds", type=common.path, metavar="FILE.tsv", help="--glm: columns to take out, a line for each row"
    )


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    """What is written."""
    add_map_formats(parser)
    common.add_parcellation(parser)
    common.add_mask(parser, "for predictions of the subcortex")
    add_subjects_dir(parser, None)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    common.fix_threads(options)
    from tribe_np.analysis.contrasts.contrasting import several_contrasts
    from tribe_np.analysis.contrasts.trial_sources import read_trial_source
    from tribe_np.cortex.voxel_series import VoxelSeries
    from tribe_np.outputs.contrast_folder import check_contrast_target, folder_names, write_contrasts
    from tribe_np.outputs.map_folder import map_formats

    found = read_trial_source(options.source, anyway=options.anyway)
    is_surface = not isinstance(found.predictions[0].series, VoxelSeries)
    parcellation = regions_given(options, is_surface, f"{options.source}: ")
    formats = map_formats(
        options.to, is_surface, parcellation=options.parcellation, mask=options.mask, subjects_dir=options.subjects_dir
    )
    inputs: dict[str, Path | None] = {"experiment or table": options.source, "confounds": options.confounds}
    check_contrast_target(options.out, inputs, found.folders)
    results = several_contrasts(
        options.source, options.formulas, delay=options.delay, pair=options.pair, by_stimulus=options.by_stimulus,
        glm=options.glm, hrf=options.hrf,
        noise=options.noise, confounds=options.confounds, permute=options.permute, seed=options.seed, fir=options.fir,
        parcellation=parcellation, subjects_dir=options.subjects_dir, anyway=options.anyway,
    )  # fmt: skip
    names = folder_names(options.formulas)
    made = {name: _files(result) for name, result in zip(names, results, strict=True)}
    said = write_contrasts(options.out, made, formats)
    said += [text for files in made.values() for text in files.said]
    common.print_warnings(dict.fromkeys([*(text for result in results for text in result.warnings), *said]))
    folders = [options.out] if len(made) == 1 else [options.out / name for name in made]
    records = [{"out": str(folder), **files.record} for folder, files in zip(folders, made.values(), strict=True)]
    lines = [line for result, folder in zip(results, folders, strict=True) for line in _lines(result, folder)]
    common.print_result(options, {"out": str(options.out), "contrasts": records}, lines)
    return 0


def _files(result: "Contrast") -> "MapFiles":
    """What the folder of a contrast holds; a figure only where it can be drawn."""
    from tribe_np.analysis.contrasts.contrast_record import (
        EXPORTED,
        UNIT,
        cluster_rows,
        contrast_record,
        course_rows,
        maps_of,
        region_rows,
    )
    from tribe_np.outputs.map_folder import MapFiles, WrittenMap

    pictures, said = _pictures(result)
    maps = {
        name: WrittenMap(values, means, UNIT if name == "effect" else "none", name in EXPORTED or name.startswith("p_"))
        for name, (values, means) in maps_of(result).items()
    }
    tables = {}
    if result.regions is not None:
        tables["regions.tsv"] = region_rows(result.regions, result.options.level)
    if result.clusters is not None:
        tables["clusters.tsv"] = cluster_rows(result)
    courses = course_rows(result)
    if courses is not None:
        tables["fir.tsv"] = courses
    record = contrast_record(result)
    record["warnings"] = [*record["warnings"], *said]
    return MapFiles(result.series, maps, tables, pictures, record, tuple(said))


def _pictures(result: "Contrast") -> tuple[dict[str, bytes], list[str]]:
    import logging

    from tribe_np.errors import ConfigError, MeshError, MissingDependencyError
    from tribe_np.plots.figures.contrast_figure import contrast_figure, course_figure
    from tribe_np.plots.figures.figure_files import png_bytes

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # which tells of its font cache
    pictures, said = {}, []
    for name, draw in (("figure.png", contrast_figure), ("fir.png", course_figure)):
        try:
            figure = draw(result)
            if figure is not None:
                pictures[name] = png_bytes(figure)
        except (ConfigError, MeshError, MissingDependencyError) as error:
            said.append(f"no {name}: {error}")
    return pictures, said


def _lines(result: "Contrast", folder: Path) -> list[str]:
    """What a person reads."""
    from tribe_np.analysis.contrasts.contrast_record import strongest
    from tribe_np.cortex.series import SurfaceSeries

    counts = ", ".join(f"{name} {n}" for name, n in result.trials.items())
    unit = "vertices" if isinstance(result.series, SurfaceSeries) else "voxels"
    lines = [f"{result.formula}: {result.method}, trials: {counts}"]
    if result.df_range is not None:
        low, high = result.df_range
        degrees = " to ".join(dict.fromkeys([f"{low:.4g}", f"{high:.4g}"]))  # 19 and 19.000000000000004 are one
        lines.append(f"  df {degrees}; {result.n_significant} of {result.maps.n_vertices} {unit} have q < "
                     f"{result.options.level:g}")  # fmt: skip
    elif result.maps.is_effect_only:
        what = "one pair" if result.options.pair else "one observation in a condition"
        lines.append(f"  {what}, so that nothing can be tested")
    else:
        lines.append(f"  no {unit} have a t: their values do not vary, or are not finite")
    best = strongest(result)
    if best is not None:
        side = "" if best["hemisphere"] == "both" else f" ({best['hemisphere']})"
        t = "" if best["t"] is None else f", t = {best['t']:.3g}"
        lines.append(f"  strongest region: {best['region']}{side}: effect {best['effect']:.3g}{t}")
    return [*lines, f"  {result.across}", f"wrote {folder}"]
