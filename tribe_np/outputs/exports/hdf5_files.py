"""HDF5: chunked and compressed values with their vertices and times, everything else as attributes."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.optional import require
from tribe_np.outputs.exports.array_files import array_parts
from tribe_np.outputs.exports.export_formats import ExportFormat, ExportOptions
from tribe_np.outputs.exports.export_names import content_name
from tribe_np.outputs.exports.sidecars import vertex_facts, write_sidecar

CHUNK_VALUES = 1 << 18  # 1 MiB of float32
DATASETS = ("vertices", "starts", "times", "run")  # run.json may be longer than an attribute can be


def write_hdf5(series: SurfaceSeries, folder: Path, options: ExportOptions) -> list[Path]:
    """The file, with the values as `predictions` (of measured data: `bold`), and its sidecar."""
    h5py = require("h5py", extra="hdf5", why="export --to hdf5")
    name = content_name(series)
    path = folder / f"{name}.h5"
    parts = array_parts(series, options)
    with _LateFailure(path, "w+b") as disk:
        try:
            with h5py.File(disk, "w") as file:
                for key, part in parts.items():
                    if key == "timelines":
                        file[key] = part.astype(h5py.string_dtype())
                    elif key in DATASETS:
                        file[key] = part
                    else:
                        file.attrs[key] = part
                _write_values(file, name, series.values, disk)
        finally:
            disk.check()  # before whatever h5py says of a file that the disk does not hold
    return [path, write_sidecar(path, series, options, vertex_facts(series, full=False))]


class _LateFailure(io.FileIO):
    """A file that takes everything and tells a failure when asked: h5py prints tracebacks where closing fails."""

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        """All of it, unless the disk has failed before."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        try:
            while len(rest) and self.failure is None:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.failure = error
        return size

    def truncate(self, size: int | None = None) -> int:
        """The size, which the disk may not have."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.failure = self.failure or error
            return size or 0

    def check(self) -> None:
        """Raises the first failure."""
        if self.failure is not None:
            raise self.failure


def _write_values(file: Any, name: str, values: np.ndarray, disk: _LateFailure) -> None:
    """The values in blocks of rows, with times and vertices as the scales of the two axes."""
    n_rows, n_columns = values.shape
    block = min(n_rows, max(1, CHUNK_VALUES // n_columns))
    made = file.create_dataset(
        name, values.shape, values.dtype, chunks=(block, n_columns), compression="gzip", compression_opts=4,
        shuffle=True, fletcher32=True,
    )  # fmt: skip
    for first in range(0, n_rows, block):
        made[first : first + block] = values[first : first + block]
        disk.check()
    for axis, (label, scale) in enumerate((("row", "times"), ("vertex", "vertices"))):
        made.dims[axis].label = label
        file[scale].make_scale(scale)
        made.dims[axis].attach_scale(file[scale])


HDF5 = ExportFormat("hdf5", "hdf5", write_hdf5, keeps_dtype=True, leaves_out=True)
