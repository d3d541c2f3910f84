"""tribe-np sensitivity: which modality a region listens to, and how long before the BOLD signal."""

import argparse
from typing import TYPE_CHECKING, Any

from tribe_np.cli import common
from tribe_np.cli.earlier_options import add_subject, take_from_folder
from tribe_np.cli.map_options import add_map_formats
from tribe_np.cli.parser import region_names
from tribe_np.cli.picture_options import add_subjects_dir
from tribe_np.cli.stimulus_options import add_picture_stimulus_arguments, picture_show

if TYPE_CHECKING:
    from tribe_np.outputs.map_folder import MapFiles
    from tribe_np.pipeline.sensitivities.listening import RegionListening


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np sensitivity`."""
    common.add_event_arguments(
        parser, "; or a folder that predict or experiment wrote, for its events, models, options and cached features"
    )
    add_picture_stimulus_arguments(parser)
    parser.add_argument("--out", type=common.path, required=True, metavar="DIR", help="folder to write")
    parser.add_argument(
        "--roi", type=region_names, action="extend", metavar="NAMES",
        help="regions, such as V1,FFC; V* is every name that begins with V, *a every one that ends with a; all "
        "(default): every region, as maps",
    )  # fmt: skip
    parser.add_argument(
        "--hemisphere", choices=["both", "left", "right", "separate"], default="both",
        help="regions of both hemispheres (default) or of one; separate takes each region twice",
    )  # fmt: skip
    common.add_parcellation(parser)
    _add_amount(parser)
    add_map_formats(parser)
    add_subjects_dir(parser, None)
    common.add_model_arguments(parser)
    add_subject(parser)
    common.add_run_arguments(parser)
    common.add_json(parser, "the record")


def _add_amount(parser: argparse.ArgumentParser) -> None:
    """How much is asked."""
    parser.add_argument(
        "--rows", type=common.at_least_one, metavar="N",
        help="rows of each window that are asked about, spread over the middle half of those that are predicted "
        "(default: 9, or 1 for maps); each takes a backward pass a region",
    )  # fmt: skip
    parser.add_argument(
        "--windows", type=common.at_least_one, metavar="N",
        help="of a long stimulus ask in N windows, spread evenly (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--check", type=common.at_least_one, metavar="N",
        help="also compare the derivatives with differences of predictions in N random directions; takes --precision "
        "float64",
    )  # fmt: skip


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    common.fix_threads(options)
    from tribe_np.cortex.regions.asked_regions import ALL

    roi = None if options.roi in (None, [ALL]) else options.roi
    _check(options, roi)
    given = options.stimulus
    earlier = take_from_folder(options)
    threads = common.prepare(options)
    shown, words, pictures = common.progress(options), common.word_source(options), picture_show(options)
    from tribe_np.outputs.map_folder import MapFormats, map_formats
    from tribe_np.outputs.sensitivity_folder import check_sensitivity_target, write_sensitivity
    from tribe_np.pipeline.sensitivities.listening import Asking
    from tribe_np.pipeline.sensitivities.stimulus_listening import EarlierRows, listen_to_stimulus
    from tribe_np.pipeline.stimuli.stimulus import open_stimulus

    inputs = words.inputs(open_stimulus(options.stimulus, words=words))
    folder = {} if earlier is None else {"prediction": given}
    check_sensitivity_target(options.out, {**inputs, **folder, "picture": pictures.beside})
    given_formats = map_formats(options.to, True, parcellation=options.parcellation, subjects_dir=options.subjects_dir)
    formats = given_formats if roi is None else MapFormats((), is_default=True)  # some regions make no map
    chosen = None if roi is None else {"roi": roi, "parcellation": options.parcellation}
    model = common.load_model(options, words, shown, selection=chosen)
    columns = None if earlier is None else (earlier.selection or {}).get("vertices")
    found, run = listen_to_stimulus(
        options.stimulus, load=lambda: model, words=words, roi=roi, parcellation=options.parcellation,
        hemisphere=options.hemisphere, asking=Asking(options.rows, options.windows, options.check), pictures=pictures,
        command=options.command_line, threads=threads, subject=options.subject,
        earlier=None if earlier is None else EarlierRows(earlier.predictions, columns, str(given)),
    )  # fmt: skip
    files = _files(options, found, run)
    from tribe_np.analysis.sensitivities.sensitivity_record import curve_arrays

    said = write_sensitivity(options.out, files, curve_arrays(found.regions, found.curves), formats)
    common.print_warnings_of({**run, "warnings": dict.fromkeys([*run["warnings"], *files.said, *said])})
    common.print_result(options, {"out": str(options.out), **files.record}, _lines(options, found))
    return 0


def _check(options: argparse.Namespace, roi: list[str] | None) -> None:
    """Refuses what contradicts itself, before any work.

    Raises   ConfigError
    """
    from tribe_np.errors import ConfigError

    if options.check is not None and options.precision != "float64":
        raise ConfigError("--check compares with differences in float64: give --precision float64 too")
    if options.to is not None and roi is not None:
        raise ConfigError("--to is for maps, which are of every region; leave --roi out, or --to")


def _files(options: argparse.Namespace, found: "RegionListening", run: dict[str, Any]) -> "MapFiles":
    """What the folder holds: maps where all regions were asked for, figures where they can be drawn."""
    from tribe_np.analysis.sensitivities.sensitivity_record import (
        sensitivity_maps,
        sensitivity_record,
        sensitivity_tables,
    )
    from tribe_np.outputs.map_folder import MapFiles, WrittenMap

    regions, curves = found.regions, found.curves
    pictures, undrawn = _pictures(options, found, run)
    record = {
        **run,
        **sensitivity_record(regions, curves),
        "hemisphere": options.hemisphere,
        "absent_modalities": list(found.absent),
        "n_steps": found.n_steps,
        "n_constant_features": dict(found.n_constant),
        "n_windows": found.n_windows,
        "n_rows": len(found.predictions),
        "rows": sorted(found.predictions),
        "n_backward_passes": found.n_passes,
        "largest_error_of_derivatives": found.error,
        "warnings": [*run["warnings"], *undrawn],
    }
    maps = sensitivity_maps(regions, curves) if regions.is_all else {}
    written = {name: WrittenMap(values, means, units) for name, (values, means, units) in maps.items()}
    return MapFiles(regions.series, written, sensitivity_tables(regions, curves), pictures, record, tuple(undrawn))


def _pictures(
    options: argparse.Namespace, found: "RegionListening", run: dict[str, Any]
) -> tuple[dict[str, bytes], list[str]]:
    import logging

    from tribe_np.analysis.contributions.modality_record import SHARED_PERCENTILE, shared_limit
    from tribe_np.errors import ConfigError, MeshError, MissingDependencyError
    from tribe_np.plots.figures.figure_files import png_bytes
    from tribe_np.plots.figures.listening_figure import (
        MOST_CURVES,
        best_lag_figure,
        lag_curve_figure,
        strongest_figure,
    )
    from tribe_np.plots.figures.modality_figure import modality_figure

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # which tells of its font cache
    regions, curves = found.regions, found.curves
    note = _note(found, run)
    try:
        if not regions.is_all:
            more = len(regions.names) - MOST_CURVES
            note = f"{note}\nDashed: what is shown at the row itself"
            note = f"{note}; the first {MOST_CURVES} of {len(regions.names)} regions" if more > 0 else note
            figure = lag_curve_figure(regions, curves, offset=run["hemodynamic_offset"], note=note)
            return {"curves.png": png_bytes(figure)}, []
        lags = best_lag_figure(regions, curves, note=note, subjects_dir=options.subjects_dir)
        strongest = strongest_figure(regions, curves, note=note, subjects_dir=options.subjects_dir)
        shares = {m: regions.painted(x) for m, x in curves.shares().items()}
        mixed = modality_figure(
            regions.series, shares, shared_limit(shares, SHARED_PERCENTILE), title="What regions listen to",
            note=note, unit="share of the squared derivatives", subjects_dir=options.subjects_dir,
        )  # fmt: skip
        drawn = {"lag.png": lags, "modality.png": strongest, "shares.png": mixed}
        return {name: png_bytes(figure) for name, figure in drawn.items()}, []
    except (ConfigError, MeshError, MissingDependencyError) as error:
        return {}, [f"no figure: {error}"]


def _note(found: "RegionListening", run: dict[str, Any]) -> str:
    """What stands under every figure."""
    from tribe_np.cortex.random_weights import RANDOM
    from tribe_np.pipeline.progress import number_of

    random = f"\n{RANDOM[0].upper()}{RANDOM[1:]}" if run["random_weights"] else ""
    return (
        f"Derivatives of the mean prediction of each region ({found.regions.parcellation.name}) at "
        f"{number_of(len(found.predictions), 'rows')} of {number_of(found.n_windows, 'windows')}; lags are from what "
        f"is shown to the BOLD that a row estimates{random}"
    )


def _lines(options: argparse.Namespace, found: "RegionListening") -> list[str]:
    """What a person reads."""
    from tribe_np.analysis.sensitivities.sensitivity_record import map_lines, sensitivity_lines
    from tribe_np.pipeline.progress import number_of

    regions, curves = found.regions, found.curves
    rows = f"{number_of(len(found.predictions), 'rows')} of {number_of(found.n_windows, 'windows')}"
    lines = [
        f"{number_of(len(regions.names), 'regions')} of {regions.parcellation.name}, {rows}; shares of the squared "
        "derivatives, lags from what is shown to the BOLD that a row estimates",
        *(map_lines(curves) if regions.is_all else sensitivity_lines(regions, curves)),
    ]
    if found.absent:
        lines.append(f"  not in this run, so that nothing is said of it: {', '.join(found.absent)}")
    if found.error is not None:
        lines.append(
            f"  derivatives differ from differences of predictions by at most {found.error:.1e} of the largest"
        )
    return [*lines, f"wrote {options.out}"]
