"""tribe-np roi: named regions of a prediction, as time courses, means and ranks."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.cli.parser import region_names

if TYPE_CHECKING:
    from tribe_np.cortex import RegionTable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np roi`."""
    common.add_prediction(parser)
    common.add_parcellation(parser)
    common.add_mask(parser, "for a prediction of the subcortex")
    parser.add_argument(
        "--hemisphere", choices=["both", "left", "right", "separate"], default="both",
        help="vertices of both hemispheres (default) or of one; separate gives each region twice",
    )  # fmt: skip
    parser.add_argument(
        "--regions", type=region_names, action="extend", metavar="NAMES",
        help="only these, such as V1,FFC; V* is every name that begins with V, *a every one that ends with a",
    )  # fmt: skip
    parser.add_argument("--top", type=int, metavar="N", help="only the N highest means over time, highest first")
    parser.add_argument(
        "--network", action="store_true", help="networks instead of regions, where the names tell them (Schaefer, Yeo)"
    )
    parser.add_argument(
        "--network-table", type=common.path, metavar="FILE",
        help="networks instead of regions, by a table (.csv, .tsv) with the columns region, network and, if need be, "
        "hemisphere",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=common.path, metavar="FILE",
        help=".tsv or .csv: time courses, a row a TR and a column a region; .json: those and the summary",
    )  # fmt: skip
    parser.add_argument(
        "--summary", action="store_true", help="into a .tsv or .csv, write a row a region: counts, mean, rank"
    )
    common.add_quiet(parser)
    common.add_json(parser, "time courses and summary")


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    from tribe_np.cortex import roi
    from tribe_np.outputs.region_files import as_record, check_table_target, write_regions

    given = _atlas(options)
    if options.out is not None:
        check_table_target(options.out, _inputs(options))
    table = roi(
        options.predictions,
        given,
        hemisphere=options.hemisphere,
        top=options.top,
        networks=options.network_table or options.network,
        regions=options.regions,
    )
    common.print_warnings(table.warnings)
    if options.out is not None:
        write_regions(table, options.out, summary=options.summary)
    out = None if options.out is None else str(options.out)
    common.print_result(options, {"out": out} | as_record(table), _lines(table, options.out))
    return 0


def _atlas(options: argparse.Namespace) -> list[str] | None:
    """The files of the regions or structures, as far as they were given.

    Raises   ConfigError for one that is not for this kind of prediction
    """
    from tribe_np.cortex.voxel_series import is_voxel_folder
    from tribe_np.errors import ConfigError

    is_mask = is_voxel_folder(options.predictions)
    other = options.parcellation if is_mask else options.mask
    if other is not None:
        names, right = ("--parcellation", "--mask") if is_mask else ("--mask", "--parcellation")
        holds = "the voxels of a mask" if is_mask else "a cortical surface"
        raise ConfigError(f"{names} is not for {options.predictions}, which holds {holds}; use {right}")
    given = options.mask if is_mask else options.parcellation
    return None if given is None else [str(part) for part in given]


def _inputs(options: argparse.Namespace) -> dict[str, Path | None]:
    """What the result must not replace."""
    given = [*(options.parcellation or ()), *(options.mask or ())]
    parcellation = {f"parcellation {name}": Path(name) for name in given if Path(name).exists()}
    return {"predictions": options.predictions, "table of networks": options.network_table, **parcellation}


def _lines(table: "RegionTable", out: Path | None) -> list[str]:
    """What a person reads: where the file is, or else the summary."""
    from tribe_np.cortex import VoxelMask

    is_mask = isinstance(table.parcellation, VoxelMask)
    kind, unit = ("structures", "voxels") if is_mask else ("regions", "vertices")
    n_rows, n = table.values.shape
    what = f"{n} of {table.n_ranked}" if n < table.n_ranked else str(n)
    if out is not None:
        return [f"wrote {out}: {n_rows} rows, {what} {kind} ({table.parcellation.name})"]
    width = max(len(kind), *(len(name) for name in table.names))
    lines = [
        f"{table.series.origin}: means of {n_rows} rows in {what} {kind} ({table.parcellation.name})",
        f"{'rank':>5}  {kind[:-1]:{width}}  {unit:>12}  {'mean':>12}",
    ]
    n_used = table.n_computed - table.n_left_out
    for name, rank, mean, of, used in zip(table.names, table.ranks, table.means, table.n_vertices, n_used, strict=True):
        counted = str(of) if of == used else f"{used} of {of}"
        lines.append(f"{rank or '-':>5}  {name:{width}}  {counted:>12}  {mean:>12.6g}")
    return lines
