"""tribe-np networks: independent components of a prediction, or of a model's last units, beside templates."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tribe_np.cli import common
from tribe_np.cli.map_options import add_map_formats
from tribe_np.cli.picture_options import add_subjects_dir

if TYPE_CHECKING:
    from tribe_np.analysis import Networks
    from tribe_np.outputs.map_folder import MapFiles

FIGURE_FILE = "networks.png"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np networks`."""
    parser.add_argument(
        "source", type=common.words, metavar="PRED_OR_CHECKPOINT",
        help=f"{common.PREDICTION_FOLDER}, or a .npy file: components of its rows; or a brain encoder's folder or "
        "name: components of the maps of its last units",
    )  # fmt: skip
    parser.add_argument("--out", type=common.path, required=True, metavar="DIR", help="folder to write")
    parser.add_argument(
        "--components", type=common.at_least_one, metavar="K", help="how many (default: 20, or what few rows hold)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of ICA's start and the spins (default: 0)")
    parser.add_argument(
        "--restarts", type=int, default=10, metavar="N",
        help="other starts, seed + 1 and on, that tell how stable each component is (default: 10; 0: none)",
    )  # fmt: skip
    parser.add_argument(
        "--standardize", action="store_true", help="every vertex to a standard deviation of 1 over rows first"
    )
    _add_templates(parser)
    _add_checkpoint(parser)
    add_map_formats(parser)
    parser.add_argument("--no-figure", dest="figure", action="store_false", help=f"do not draw {FIGURE_FILE}")
    add_subjects_dir(parser, None)
    common.add_quiet(parser)
    common.add_json(parser, "the record")


def _add_templates(parser: argparse.ArgumentParser) -> None:
    """What components are matched to."""
    parser.add_argument(
        "--templates", type=common.words, action="append", metavar="X",
        help="maps to match: a parcellation's name, folder or files, whose networks (else regions) are the templates; "
        ".npy (maps, vertices); .npz, an array a name; .func.gii, .shape.gii, .mgh of both hemispheres; or none "
        "(default: yeo-7 where it is at hand)",
    )  # fmt: skip
    parser.add_argument(
        "--spins", type=int, default=1000, metavar="N",
        help="rotations of the sphere for the null of the matching (default: 1000)",
    )  # fmt: skip
    parser.add_argument(
        "--within", type=common.words, action="append", metavar="PARCELLATION",
        help="only vertices that have a region in it take part: without its medial wall",
    )  # fmt: skip


def _add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """Of a brain encoder."""
    parser.add_argument(
        "--units", choices=["head", "hidden"],
        help="of a checkpoint: head (default), the columns of the predictor, a map for each of its inputs; hidden, a "
        "map for each channel of the last hidden state, through the low-rank head",
    )  # fmt: skip
    parser.add_argument(
        "--subject", type=common.words, metavar="ID", help="of a checkpoint: whose maps (default: the average subject)"
    )
    parser.add_argument("--models", type=common.path, metavar="DIR", action="append", help="folder that holds models")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    common.fix_threads(options)
    from tribe_np.analysis import networks
    from tribe_np.analysis.decompositions.decomposing import ROWS_OF_TIME, ROWS_OF_UNITS
    from tribe_np.outputs.map_folder import map_formats
    from tribe_np.outputs.network_folder import check_network_target, write_networks

    formats = map_formats(options.to, True, subjects_dir=options.subjects_dir)
    source, facts = _source(options)
    check_network_target(options.out, _inputs(options), Path(facts["path"]))
    templates = options.templates if options.templates != ["none"] else False
    made = networks(
        source, components=options.components, seed=options.seed, restarts=options.restarts,
        standardize=options.standardize, templates=templates, spins=options.spins, within=options.within,
        subjects_dir=options.subjects_dir, rows=ROWS_OF_UNITS if "units" in facts else ROWS_OF_TIME,
        stage=common.progress(options).stage,
    )  # fmt: skip
    files = _files(made, options, facts)
    said = [*files.said, *write_networks(options.out, files, formats)]
    common.print_warnings(dict.fromkeys([*made.warnings, *said]))
    common.print_result(options, {"out": str(options.out), **files.record}, [*_lines(made), f"wrote {options.out}"])
    return 0


def _source(options: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    """What rows are taken from, and where it lies.

    Raises   ConfigError for options of a checkpoint where none is given
    """
    from tribe_np.errors import ConfigError

    path = Path(options.source)
    found = path if path.exists() else common.locations(options).find(options.source)
    if found is not None and (found / "config.yaml").is_file():
        from tribe_np.pipeline.unit_maps import unit_maps

        maps = unit_maps(found, units=options.units or "head", subject=options.subject)
        return maps.series, {"path": str(found), "units": maps.units, "subject": dict(maps.subject)}
    for name in ("units", "subject"):
        if getattr(options, name) is not None:
            raise ConfigError(f"--{name} is for a checkpoint, but {options.source} is a prediction")
    return options.source, {"path": options.source}


def _inputs(options: argparse.Namespace) -> dict[str, Path | None]:
    """What the result must not replace."""
    given = [*(options.templates or ()), *(options.within or ())]
    return {f"template {name}": Path(name) for name in given if Path(name).exists()}


def _files(made: "Networks", options: argparse.Namespace, facts: dict[str, Any]) -> "MapFiles":
    """What the folder holds; the figure only where it can be drawn."""
    from tribe_np.analysis.decompositions.network_tables import (
        DEFINITIONS,
        component_name,
        network_record,
        network_tables,
    )
    from tribe_np.outputs.map_folder import MapFiles, WrittenMap

    pictures, said = _pictures(made) if options.figure else ({}, [])
    maps = {
        component_name(component): WrittenMap(values, DEFINITIONS["map"], "standard deviations over vertices")
        for component, values in enumerate(made.maps())
    }
    record = {**network_record(made), **{name: value for name, value in facts.items() if name != "path"}}
    record["warnings"] = [*record["warnings"], *said]
    return MapFiles(made.series, maps, network_tables(made), pictures, record, tuple(said))


def _pictures(made: "Networks") -> tuple[dict[str, bytes], list[str]]:
    import logging

    from tribe_np.errors import MeshError, MissingDependencyError
    from tribe_np.plots.figures.figure_files import png_bytes
    from tribe_np.plots.figures.network_figure import network_figure

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # which tells of its font cache
    try:
        return {FIGURE_FILE: png_bytes(network_figure(made))}, []
    except (MeshError, MissingDependencyError) as error:
        return {}, [f"no {FIGURE_FILE}: {error}"]


def _lines(made: "Networks") -> list[str]:
    """What a person reads."""
    has_runs, has_templates = len(made.stability.seeds) > 0, made.spins is not None
    head = f"{'component':>9}  {'share':>7}  {'skewness':>8}"
    head += f"  {'stability':>9}" if has_runs else ""
    lines = [head + ("  best template" if has_templates else "")]
    for component in range(made.n_components):
        share, skewness = made.found.shares[component], made.found.skewness[component]
        line = f"{component + 1:>9}  {100 * share:>6.2f}%  {skewness:>8.2f}"
        line += f"  {made.stability.matched[:, component].mean():>9.3f}" if has_runs else ""
        best = made.best(component)
        if best is not None and made.spins is not None and made.templates is not None:
            r, p = made.spins.r[component, best], made.spins.p_best[component]
            line += f"  {made.templates.names[best]} r = {r:.3f}, p = {p:.4g}"
        lines.append(line)
    kept = 100 * made.reduced.variances.sum() / made.reduced.total
    of = f"of {len(made.series.values)} {made.options.rows} x {made.rows.n_used} vertices"
    noun, verb = ("component", "keeps") if made.n_components == 1 else ("components", "keep")
    return [*lines, f"{made.n_components} {noun} {of} {verb} {kept:.1f}% of the variance"]
