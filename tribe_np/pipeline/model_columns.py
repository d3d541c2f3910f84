"""Where the columns of a model's predictions lie, before anything is predicted."""

import numpy as np

from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.voxel_series import AnySeries, VoxelSeries
from tribe_np.errors import ConfigError
from tribe_np.pipeline.model import TribeModel


def columns_of(model: TribeModel) -> AnySeries:
    """Where the columns of a model's predictions lie, as a series of one row of zeros.

    Raises   ConfigError for a checkpoint of parcels, or of a place that is not known
    """
    space, columns = model.output_space, model.encoder.columns
    values, offset = np.zeros((1, model.n_vertices), np.float32), model.data.hemodynamic_offset
    origin = str(model.checkpoint)
    if space.kind == "surface":
        return SurfaceSeries(values, space.name, np.zeros(1), model.data.tr, offset, columns, origin=origin)
    if space.kind == "mask":
        return VoxelSeries(values, space, np.zeros(1), model.data.tr, offset, columns, origin=origin)
    raise ConfigError(f"{origin}: maps are made of vertices or voxels, but this checkpoint has {space}")
