"""`project`: measured fMRI onto fsaverage, cleaned and at even times, as the encoder's training data were made.

The order is upstream's extractor's: brain mask, smoothing, projection, cleaning, times. What differs: MNI152 volumes
are sampled at MNI152 coordinates, and the choices that `cleaning` names. `compat="upstream"` gives upstream's numbers.
Source   neuralset 0.0.2 extractors.neuro.FmriExtractor, SurfaceProjector; tribev2 7239908 utils_fmri
         TribeSurfaceProjector
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.measured.cleaning import Cleaned, clean
from tribe_np.cortex.measured.confounds import read_confounds
from tribe_np.cortex.measured.measured_surfaces import MeasuredSurface, read_dense, read_surfaces, surfaces_in_memory
from tribe_np.cortex.measured.measured_volumes import project_volumes
from tribe_np.cortex.measured.native_surfaces import subject_folder
from tribe_np.cortex.measured.onto_fsaverage import onto_mesh
from tribe_np.cortex.measured.projection_options import NATIVE_RATE, UPSTREAM_HABITS, ProjectionOptions
from tribe_np.cortex.measured.scan_time import ScanTime, at_times, even_times, scan_time
from tribe_np.cortex.meshes.vertex_shares import fs_lr_shares, subject_shares
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.volumes.volume_space import space_in_name
from tribe_np.errors import ConfigError, MeasurementError
from tribe_np.files.sha256 import sha256_of
from tribe_np.files.small_files import check_regular
from tribe_np.formats.cifti_series import is_cifti
from tribe_np.formats.voxel_files import VoxelFile, open_voxels, read_head, voxels_in_memory

MOST_MISSING = 0.5  # of the vertices without a value: beyond, the space or the file is wrong
LARGEST = 1e30
Steps = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Projection:
    """Measured data on fsaverage.

    Shapes   values (R, 2 V) float32, left first; starts (R,)
    Units    z-scored BOLD unless that was turned off; seconds. `time_axis` "scan": row r is the BOLD at starts[r] of
             the scan, and the offset is 0. "stimulus": row r is the BOLD `hemodynamic_offset` seconds after starts[r]
             of the stimulus, as in a prediction
    """

    values: np.ndarray
    mesh: str
    starts: np.ndarray
    tr: float
    hemodynamic_offset: float
    time_axis: str
    facts: Mapping[str, Any] = field(default_factory=dict)  # for run.json
    warnings: tuple[str, ...] = ()

    @property
    def series(self) -> SurfaceSeries:
        """The same for functions that take a prediction."""
        run = {**self.facts, "time_axis": self.time_axis}
        return SurfaceSeries(self.values, self.mesh, self.starts, self.tr, self.hemodynamic_offset, None, run)


def project(bold: Any, *, on_volumes: Steps | None = None, **options: Any) -> Projection:
    """A volume (NIfTI, mgh), or surfaces (GIFTI, mgh: two files, or one and the other beside it; CIFTI), on fsaverage.

    `bold` is a path, two paths, nibabel's image of a volume, or an array (volumes, 2 V) of an fsaverage mesh, left
    first; nothing of it is changed. `options` are those of `ProjectionOptions`; `on_volumes` is told how many volumes
    were done since it last was.
    Raises   ConfigError for options that are wrong or needed; MeasurementError for data that cannot be used
    """
    asked, warn = ProjectionOptions.from_dict(options), list[str]()
    source = _source(bold)
    time = _time(source, asked, warn)
    _check_length(source, asked)
    confounds, chosen = _confounds(asked, source.n_volumes, warn) if asked.confounds else (None, [])
    raw = _measure(source, time, asked, warn, on_volumes or (lambda n: None))
    if not raw.is_series:
        warn.append(f"{raw.paths[0]}: one volume: it is projected, but not cleaned, and has no time")
        cleaned = clean(raw.series, detrend=False, standardize=False)
    else:
        cleaned = clean(
            raw.series, detrend=asked.detrend, standardize=asked.standardize, confounds=confounds,
            as_upstream=asked.as_upstream,
        )  # fmt: skip
    _say_counts(raw, cleaned, asked, warn)
    rows = _rows(raw, asked)
    values = np.empty((len(rows.times), raw.series.shape[1]), np.float32)
    at_times(raw.series, raw.time.tr, rows.times, values)
    facts = _facts(raw, asked, rows, chosen, cleaned)
    offset = asked.offset if asked.align else 0.0
    axis = "stimulus" if asked.align else "scan"
    return Projection(values, asked.mesh, rows.starts, rows.step, offset, axis, facts, tuple(dict.fromkeys(warn)))


@dataclass(frozen=True, eq=False)
class _Raw:
    """The series as measured, on fsaverage's vertices, before any cleaning."""

    paths: tuple[Path, ...]
    in_memory: bool
    series: np.ndarray  # (n, 2 V) float64
    is_series: bool
    time: ScanTime
    facts: Mapping[str, Any]


def _source(bold: Any) -> VoxelFile | MeasuredSurface:
    if hasattr(bold, "dataobj") or hasattr(bold, "darrays"):
        return voxels_in_memory(bold)
    if isinstance(bold, np.ndarray):
        return surfaces_in_memory(bold)
    paths = [bold] if isinstance(bold, (str, Path)) else bold
    if not isinstance(paths, Sequence) or not all(isinstance(path, (str, Path)) for path in paths):
        raise ConfigError("expected a path, the paths of two hemispheres, nibabel's image, or an array")
    if not 1 <= len(paths) <= 2:
        raise ConfigError(f"expected one file, or two hemispheres, got {len(paths)}")
    return _open([Path(path) for path in paths])


def _open(paths: list[Path]) -> VoxelFile | MeasuredSurface:
    for path in paths:
        check_regular(path, error=MeasurementError)
    if len(paths) == 1 and is_cifti(paths[0]):
        return read_dense(paths[0])
    if len(paths) == 2 or read_head(paths[0])[0].lstrip()[:1] == b"<":
        return read_surfaces(paths)
    file = open_voxels(paths[0])
    return read_surfaces(paths) if file.is_surface else file


def _measure(
    source: VoxelFile | MeasuredSurface, time: ScanTime, asked: ProjectionOptions, warn: list[str], on_volumes: Steps
) -> _Raw:
    if isinstance(source, VoxelFile):
        series, facts = project_volumes(source, asked, warn, on_volumes)
    else:
        series, facts = _from_surface(source, asked)
        on_volumes(len(series))
    _check_size(source.paths[0], series)
    return _Raw(source.paths, source.in_memory, series, source.n_volumes > 1, time, facts)


def _from_surface(measured: MeasuredSurface, asked: ProjectionOptions) -> tuple[np.ndarray, dict[str, Any]]:
    unused = [name for name in ("mask", "smooth") if getattr(asked, name) is not None]
    if unused:
        raise ConfigError(f"{measured.paths[0]}: {unused[0]} is for volumes; these data lie on a surface already")
    if asked.space not in (None, "native"):
        raise ConfigError(f"{measured.paths[0]}: space {asked.space} is for volumes; these data lie on a surface")
    shares, digests = None, dict[str, str]()
    entity = space_in_name(measured.paths[0])
    if asked.subject is not None and entity is not None and entity.startswith("fsaverage"):
        raise ConfigError(
            f"{measured.paths[0]}: its name says {entity}, but subject {asked.subject}'s surfaces were asked for"
        )
    if asked.spheres is not None:
        shares, digests = fs_lr_shares(asked.spheres, asked.mesh, asked.subjects_dir, asked.registration)
    elif asked.subject is not None:
        folder = subject_folder(asked.subjects_dir, asked.subject)
        shares, digests = subject_shares(folder, asked.mesh, asked.subjects_dir, asked.registration)
    series, how = onto_mesh(measured, asked.mesh, shares)
    return series, {"surface": how, "surfaces_sha256": digests}


def _time(source: VoxelFile | MeasuredSurface, asked: ProjectionOptions, warn: list[str]) -> ScanTime:
    path = source.paths[0]
    if source.n_volumes > 1:
        found = scan_time(source.interval, path, asked.tr, warn)
        return ScanTime(found.tr, 0.0, found.origin) if asked.as_upstream else found
    given = [name for name in ("tr", "confounds") if getattr(asked, name) is not None]
    if asked.align or given:
        raise ConfigError(f"{path}: is one volume without time, for which {[*given, 'align'][0]} has no meaning")
    return ScanTime(1.0, 0.0, "none: one volume")


def _confounds(asked: ProjectionOptions, n_volumes: int, warn: list[str]) -> tuple[np.ndarray, list[str]]:
    assert asked.confounds is not None
    return read_confounds(asked.confounds, asked.confound_columns, n_volumes, warn)


def _check_length(source: VoxelFile | MeasuredSurface, asked: ProjectionOptions) -> None:
    fewest = (4 if asked.detrend else 2) if asked.standardize else 3 if asked.detrend else 2
    if 1 < source.n_volumes < fewest and not asked.as_upstream:
        raise ConfigError(
            f"{source.paths[0]}: has {source.n_volumes} volumes, of which detrending leaves nothing; give --no-detrend "
            "(detrend=False)"
        )


def _check_size(path: Path, series: np.ndarray) -> None:
    """Refuses values that no scan has, whose squares overflow; infinite ones become NaN, in place."""
    for row in series:
        row[np.isinf(row)] = np.nan
        largest = float(np.abs(np.where(np.isnan(row), 0, row)).max())
        if largest > LARGEST:
            raise MeasurementError(f"{path}: holds a value of {largest:.0e}, which is too large to compute with")


def _say_counts(raw: _Raw, cleaned: Cleaned, asked: ProjectionOptions, warn: list[str]) -> None:
    """Says what has no value or no signal; refuses data of which most is so."""
    n, name = raw.series.shape[1], raw.paths[0]
    if cleaned.n_empty > MOST_MISSING * n:
        raise MeasurementError(
            f"{name}: {cleaned.n_empty} of {n} vertices have no value: the volume does not cover the cortex, or it is "
            "not in the space it is taken for (--space)"
        )
    if raw.is_series and cleaned.n_constant + cleaned.n_empty == n:
        raise MeasurementError(f"{name}: no vertex has a signal: all values are constant or missing")
    acts = raw.is_series and (asked.detrend or asked.standardize or asked.confounds is not None)
    if cleaned.n_empty:
        became = "they are 0" if acts else "they stay NaN"
        warn.append(f"{name}: {cleaned.n_empty} of {n} vertices have no value (outside of the volume or NaN); {became}")
    if cleaned.n_partial:
        mean = "0" if asked.as_upstream else "the vertex's mean"
        became = f"each takes {mean}" if acts else "they stay NaN"
        warn.append(
            f"{name}: {cleaned.n_missing} values of {cleaned.n_partial} vertices are missing at some times; {became}"
        )
    if raw.is_series and cleaned.n_constant:
        became = "they are noise of rounding, as upstream's" if asked.as_upstream else "they are 0"
        became = became if asked.standardize else "they stay so"
        warn.append(f"{name}: {cleaned.n_constant} of {n} vertices do not change (no signal); {became}")


@dataclass(frozen=True, eq=False)
class _Rows:
    times: np.ndarray  # since the first volume
    starts: np.ndarray  # on the axis that is asked for
    step: float
    n_before: int  # rows of the scan's axis before the first


def _rows(raw: _Raw, asked: ProjectionOptions) -> _Rows:
    n, tr, first = len(raw.series), raw.time.tr, raw.time.start
    if not raw.is_series:
        return _Rows(np.zeros(1), np.zeros(1), 1.0, 0)
    step = tr if asked.frequency == NATIVE_RATE else 1 / float(asked.frequency)
    even = even_times(n, tr, step)
    if not len(even):
        raise ConfigError(f"{raw.paths[0]}: {n} volumes of {tr:g} s hold no row of {step:g} s")
    if not asked.align:
        return _Rows(even, even + first, step, 0)
    zero = asked.start + asked.offset - first  # of the stimulus's axis, since the first volume
    earliest = max(0, int(np.ceil(-zero / step - 1e-9)))
    steps = np.arange(earliest, earliest + len(even) + int(abs(zero) / step) + 1)
    times = zero + steps * step
    is_in = times <= even[-1] + 1e-9
    if not is_in.any():
        raise ConfigError(
            f"{raw.paths[0]}: lasts {n * tr:g} s, but its first row would be at {zero:g} s "
            f"(start {asked.start:g} + offset {asked.offset:g} s)"
        )
    times, starts = times[is_in], (steps * step)[is_in]
    return _Rows(times, starts, step, int((even < times[0] - 1e-9).sum()))


def _facts(raw: _Raw, asked: ProjectionOptions, rows: _Rows, confounds: list[str], cleaned: Cleaned) -> dict[str, Any]:
    options = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(asked).items()}
    counts = {"rows": len(rows.times), "rows_before_the_first": rows.n_before, "volumes": len(raw.series)}
    counts["rows_behind_the_last_volume"] = int((rows.times > (len(raw.series) - 1) * raw.time.tr + 1e-9).sum())
    counts |= {"vertices_without_value": cleaned.n_empty, "vertices_with_gaps": cleaned.n_partial}
    counts |= {"values_missing": cleaned.n_missing, "vertices_constant": cleaned.n_constant}
    others = {"confounds_file": asked.confounds, "mask_file": asked.mask}
    return {
        "bold": [{"in_memory": str(raw.paths[0])}] if raw.in_memory else [_file_facts(path) for path in raw.paths],
        **{name: _file_facts(path) for name, path in others.items() if path is not None},
        "mesh": asked.mesh,
        "scan": asdict(raw.time),
        **raw.facts,
        "confounds": confounds,
        "units": "z-scored BOLD" if raw.is_series and asked.standardize else "BOLD in the units of the file",
        "compat": list(UPSTREAM_HABITS) if asked.as_upstream else [],
        "cleaned": raw.is_series and (asked.detrend or asked.standardize or bool(confounds)),
        "counts": counts,
        "options": options,
    }


def _file_facts(path: Path) -> dict[str, str]:
    return {"path": str(path), "sha256": sha256_of(path, error=MeasurementError)}
