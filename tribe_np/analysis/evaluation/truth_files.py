"""Measured data of one run from a file or folder of any kind that holds them, with what it says of its times.

Arrays (.npy, .npz, .h5), surfaces (two GIFTI or mgh files, one CIFTI file), and folders that `project` wrote.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.analysis.evaluation.truth_arrays import TruthArray, array_in_file, array_in_memory
from tribe_np.cortex.hemisphere_marks import counterpart, hemisphere_of
from tribe_np.cortex.measured.measured_surfaces import MeasuredSurface, read_dense, read_surfaces
from tribe_np.cortex.measured.scan_time import scan_time, stimulus_time
from tribe_np.cortex.series import SurfaceSeries, as_series
from tribe_np.errors import MeasurementError, OutputError
from tribe_np.files.small_files import check_regular
from tribe_np.formats.cifti_series import is_cifti
from tribe_np.formats.folder_kinds import PREDICTIONS
from tribe_np.formats.prediction_folder import MEASURED
from tribe_np.formats.voxel_files import open_voxels, read_head
from tribe_np.shown import some_of

ARRAY_SIGN = "::"  # FILE.h5::NAME is one array of a file
SURFACES = (".gii", ".mgh", ".mgz", ".nii", ".nii.gz")
ARRAYS = (".npy", ".npz", ".h5", ".hdf5")


def read_truth_file(source: Any, *, tr: float | None = None) -> tuple[TruthArray, list[str]]:
    """What a source holds, and what was odd; `tr` (--tr) is for surfaces whose header does not say it.

    `source` is a path, the paths of two hemispheres, an array (R, V), a SurfaceSeries, or what `project` returns.
    Raises   MeasurementError, naming the file, for what cannot be used; ConfigError where a time is needed
    """
    source = getattr(source, "series", source)
    if isinstance(source, SurfaceSeries):
        return _of_series(source), []
    if isinstance(source, np.ndarray):
        return array_in_memory(source), []
    given = source if isinstance(source, (list, tuple)) else [source]
    are_paths = all(isinstance(path, (str, Path)) for path in given)
    if not 1 <= len(given) <= 2 or not are_paths:
        got = f"{len(given)} of them" if are_paths else some_of([type(one).__name__ for one in given], 3)
        raise MeasurementError(
            f"the truth: expected one file or folder, the files of two hemispheres, or an array, got {got}; several "
            "runs stand in a table, or in a mapping from subjects to their runs"
        )
    paths = [Path(path) for path in given]
    if len(paths) == 1 and paths[0].is_dir():
        return _of_folder(paths[0])
    named = str(paths[0]).rpartition(ARRAY_SIGN)
    file, key = (Path(named[0]), named[2]) if named[1] and not paths[0].exists() else (paths[0], "")
    if len(paths) == 1 and file.suffix.lower() in ARRAYS:
        return array_in_file(file, key), []
    return _of_surfaces(paths, tr)


def _of_series(series: SurfaceSeries) -> TruthArray:
    """Rows that know their times: of the scan, where measured data are not shifted, else of the stimulus."""
    if not series.run and series.hemodynamic_offset == 0:  # an array
        return TruthArray(
            series.full(), series.tr, float(series.starts[0]), origin=series.origin, numbering=series.numbering
        )
    if series.timelines is not None:
        raise MeasurementError(f"{series.origin}: has several timelines; give one file a run, in a table")
    steps = np.diff(series.starts)
    if len(steps) and not np.allclose(steps, series.tr, rtol=0, atol=1e-3 * series.tr):
        raise MeasurementError(f"{series.origin}: its rows are not {series.tr:g} s apart throughout")
    is_scan = series.run.get("time_axis") == "scan"
    return TruthArray(
        series.full(), series.tr, float(series.starts[0]), "scan" if is_scan else "stimulus",
        None if is_scan else series.hemodynamic_offset, series.origin, numbering=series.numbering,
    )  # fmt: skip


def _of_folder(folder: Path) -> tuple[TruthArray, list[str]]:
    if not any((folder / name).is_file() for name in (MEASURED, PREDICTIONS)):
        raise OutputError(
            f"{folder}: holds no {MEASURED}; expected a folder that tribe-np project wrote, a file, or a table"
        )
    said = []
    if not (folder / MEASURED).is_file():
        said.append(f"{folder}: holds a prediction, which is taken as the truth; was that meant?")
    return replace(_of_series(as_series(folder)), files=(folder,)), said


def _of_surfaces(paths: Sequence[Path], tr: float | None) -> tuple[TruthArray, list[str]]:
    said: list[str] = []
    measured = _read_surfaces(paths)
    first = measured.paths[0]
    names = [path.name for path in paths]
    if len(paths) == 2 and all(map(hemisphere_of, names)) and counterpart(names[0], names) is None:
        said.append(f"{paths[0]} and {paths[1]}: their names differ in more than the hemisphere; are they of one run?")
    if measured.n_volumes < 2:
        raise MeasurementError(f"{first}: is one map without time, expected a series")
    files = tuple(dict.fromkeys(measured.paths))
    origin = " and ".join(map(str, files))
    of_stimulus = stimulus_time(first)
    if of_stimulus is not None:  # as `export` writes rows of the stimulus
        return TruthArray(_joined(measured), of_stimulus.tr, of_stimulus.start, "stimulus", of_stimulus.offset,
                          origin, files), said  # fmt: skip
    time = scan_time(measured.interval, first, tr, said)
    return TruthArray(_joined(measured), time.tr, time.start, origin=origin, files=files), said


def _read_surfaces(paths: Sequence[Path]) -> MeasuredSurface:
    for path in paths:
        check_regular(path, error=MeasurementError)
    if not paths[0].name.lower().endswith(SURFACES):
        if paths[0].suffix.lower() in ARRAYS:
            raise MeasurementError(f"{paths[0]}: expected one array of both hemispheres, the left one first, got two")
        raise MeasurementError(
            f"{paths[0]}: is no file of measured data; expected {', '.join((*ARRAYS, *SURFACES))}, a table (.tsv) or a "
            "folder that tribe-np project wrote"
        )
    if len(paths) == 1 and is_cifti(paths[0]):
        return read_dense(paths[0])
    is_xml = read_head(paths[0])[0].lstrip()[:1] == b"<"
    if len(paths) == 1 and not is_xml and not open_voxels(paths[0]).is_surface:
        raise MeasurementError(
            f"{paths[0]}: is a volume, expected values on the cortical surface; tribe-np project brings it there"
        )
    return read_surfaces(paths)


def _joined(measured: MeasuredSurface) -> np.ndarray:
    """Both hemispheres, (n, 2 V) float32, left first."""
    n_left, n_right = measured.per_hemisphere
    whole = np.empty((measured.n_volumes, n_left + n_right), np.float32)
    whole[:, :n_left], whole[:, n_left:] = measured.sides
    return whole
