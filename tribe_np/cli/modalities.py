"""tribe-np modalities: what text, sound and film each contribute to a prediction."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tribe_np.cli import common
from tribe_np.cli.earlier_options import add_subject, take_from_folder
from tribe_np.cli.map_options import add_map_formats, regions_given
from tribe_np.cli.picture_options import add_subjects_dir
from tribe_np.cli.predict import add_dry_run, show_plan
from tribe_np.cli.stimulus_options import add_picture_stimulus_arguments, picture_show
from tribe_np.cli.truth_options import add_truth, check_truth, given_truth

if TYPE_CHECKING:
    from tribe_np.analysis.contrasts.region_effects import RegionMeans
    from tribe_np.analysis.contributions.modality_maps import ModalityMaps
    from tribe_np.analysis.contributions.modality_record import ColouredMaps
    from tribe_np.outputs.map_folder import MapFiles, MapFormats
    from tribe_np.pipeline.ablation.ablating import Ablation

WAYS = ("absent", "zeroed")  # as pipeline.ablation has them; --help does without it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np modalities`."""
    common.add_event_arguments(
        parser, "; or a folder that predict or experiment wrote, for its events, models, options and cached features"
    )
    add_picture_stimulus_arguments(parser)
    parser.add_argument(
        "--out", type=common.path, required=True, metavar="DIR",
        help="folder to write; of two ways of taking modalities away each has one in it",
    )  # fmt: skip
    parser.add_argument(
        "--absence", nargs="+", choices=WAYS, default=["absent"], metavar="WAY",
        help="how a modality is taken away: absent (default), its block of the encoder's input is zero, as with "
        "--only; zeroed, its features are zero and the bias of its projector stays; or both",
    )  # fmt: skip
    parser.add_argument(
        "--percentile", type=percentile, metavar="P",
        help="of all maps together, where the colours of the figure are full (default: 95, as upstream's RGB maps)",
    )  # fmt: skip
    add_map_formats(parser)
    common.add_parcellation(parser)
    common.add_mask(parser, "for a checkpoint of the subcortex")
    add_subjects_dir(parser, None)
    common.add_model_arguments(parser)
    add_subject(parser)
    add_truth(parser, "measured BOLD", about="the contributions are then those to r, too")
    add_dry_run(parser)
    common.add_run_arguments(parser)
    common.add_json(parser, "the records")


def percentile(text: str) -> float:
    """A percentile of the upper half, for argparse."""
    number = common.number_or_nan(text)
    if not 50 < number <= 100:
        raise argparse.ArgumentTypeError(f"must be a number above 50 and at most 100, got {text[:40]!r}")
    return number


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    given = options.stimulus
    check_truth(options)
    earlier = take_from_folder(options)
    threads = common.prepare(options)
    shown, words, pictures = common.progress(options), common.word_source(options), picture_show(options)
    from tribe_np.analysis.contrasts.region_effects import find_regions
    from tribe_np.cortex.series import SurfaceSeries
    from tribe_np.outputs.map_folder import map_formats
    from tribe_np.outputs.modalities_folder import check_modalities_target
    from tribe_np.pipeline.ablation.ablating import ablate_stimulus
    from tribe_np.pipeline.model_columns import columns_of
    from tribe_np.pipeline.stimuli.stimulus import open_stimulus

    inputs = words.inputs(open_stimulus(options.stimulus, words=words))
    folder = {} if earlier is None else {"prediction": given}
    check_modalities_target(options.out, {**inputs, **folder, **_truth_inputs(options), "picture": pictures.beside})
    chosen, before = (None, None) if earlier is None else (earlier.selection, earlier.predictions)
    if options.dry_run:
        return show_plan(options, words, shown, chosen, pictures, list(dict.fromkeys(options.absence)))
    model = common.load_model(options, words, shown, selection=chosen)
    series = columns_of(model)
    is_surface = isinstance(series, SurfaceSeries)
    formats = map_formats(
        options.to, is_surface, parcellation=options.parcellation, mask=options.mask, subjects_dir=options.subjects_dir
    )
    regions, without = find_regions(series, regions_given(options, is_surface))
    found = ablate_stimulus(
        options.stimulus, load=lambda: model, words=words, absences=options.absence, pictures=pictures,
        command=options.command_line, threads=threads, subject=options.subject, truth=given_truth(options),
        earlier=before,
    )  # fmt: skip
    made = {absence: _files(options, found, absence, regions, without) for absence in found.maps}
    _write(options, found, made, formats)
    return 0


def _write(options: argparse.Namespace, found: "Ablation", made: "dict[str, MapFiles]", formats: "MapFormats") -> None:
    """The folder, and what a person reads of it."""
    from tribe_np.outputs.modalities_folder import write_modalities

    said = write_modalities(options.out, made, formats)
    told = [*found.run["warnings"], *(text for files in made.values() for text in files.said), *said]
    common.print_warnings_of({**found.run, "warnings": dict.fromkeys(told)})
    folders = [options.out] if len(made) == 1 else [options.out / name for name in made]
    records = [{"out": str(folder), **files.record} for folder, files in zip(folders, made.values(), strict=True)]
    lines = [line for absence, maps in found.maps.items() for line in _lines(absence, maps)]
    common.print_result(options, {"out": str(options.out), "contributions": records}, [*lines, f"wrote {options.out}"])


def _truth_inputs(options: argparse.Namespace) -> dict[str, Path | None]:
    return {f"truth {path.name}": path for path in options.truth or () if path.exists()}


def _files(
    options: argparse.Namespace,
    found: "Ablation",
    absence: str,
    regions: "RegionMeans | None",
    said: Sequence[str],
) -> "MapFiles":
    """What the folder of one way holds; a figure only where it can be drawn, regions where there are some."""
    from tribe_np.analysis.contributions.modality_record import (
        SHARED_PERCENTILE,
        coloured_maps,
        modality_record,
        modality_region_rows,
        named_maps,
        shared_limit,
    )
    from tribe_np.outputs.map_folder import MapFiles, WrittenMap
    from tribe_np.pipeline.ablation.subset_predictions import ABSENCES
    from tribe_np.plots.figures.modality_figure import colours_of

    maps, method = found.maps[absence], f"{absence}: {ABSENCES[absence]}"
    shared, shown = options.percentile or SHARED_PERCENTILE, coloured_maps(maps)
    limit = shared_limit(shown.values, shared)
    pictures, undrawn = _pictures(options, found, absence, shown, limit, f"percentile {shared:g} of all maps together")
    colours = {
        "map": shown.name, "percentile_of_all_maps": shared, "none_at": 0, "full_at": limit,
        "colours": colours_of(list(maps.modalities)),
    }  # fmt: skip
    record = {
        **found.run, "difference_from_the_folder": found.difference, "absence": absence, "method": method,
        **modality_record(maps), "rgb": colours, "parcellation": None if regions is None else regions.facts(),
        "warnings": [*found.run["warnings"], *said, *undrawn],
    }  # fmt: skip
    written = {
        name: WrittenMap(values, f"{means}; {method}", units)
        for name, (values, means, units) in named_maps(maps).items()
    }
    tables = {} if regions is None else {"regions.tsv": modality_region_rows(maps, regions)}
    return MapFiles(found.series, written, tables, pictures, record, (*said, *undrawn))


def _pictures(
    options: argparse.Namespace,
    found: "Ablation",
    absence: str,
    shown: "ColouredMaps",
    limit: float | None,
    full_at: str,
) -> tuple[dict[str, bytes], list[str]]:
    import logging

    from tribe_np.cortex.random_weights import RANDOM
    from tribe_np.errors import ConfigError, MeshError, MissingDependencyError
    from tribe_np.plots.figures.figure_files import png_bytes
    from tribe_np.plots.figures.modality_figure import modality_figure

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # which tells of its font cache
    random = f"\n{RANDOM[0].upper()}{RANDOM[1:]}" if found.run["random_weights"] else ""
    note = f"Full: {full_at}. {shown.means}; what is taken away is {absence}{random}"
    title = f"What each modality contributes ({absence})"
    try:
        figure = modality_figure(
            found.series, shown.values, limit, title=title, note=note, unit=shown.unit,
            subjects_dir=options.subjects_dir,
        )  # fmt: skip
        return {"figure.png": png_bytes(figure)}, []
    except (ConfigError, MeshError, MissingDependencyError) as error:
        return {}, [f"no figure.png: {error}"]


def _lines(absence: str, maps: "ModalityMaps") -> list[str]:
    """What a person reads."""
    from tribe_np.analysis.contributions.modality_record import modality_lines, truth_lines

    size = f"{maps.n_rows} rows x {maps.n_vertices} columns"
    return [
        f"{absence}: {size}; means over columns, change {maps.change.mean():.3g}",
        *modality_lines(maps),
        *truth_lines(maps),
    ]
