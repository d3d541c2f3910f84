"""The folder of networks: a map a component in files of every format, tables, the figure, networks.json; whole."""

from pathlib import Path

from tribe_np.formats.folder_kinds import NETWORKS_RECORD
from tribe_np.outputs.map_folder import MapFiles, MapFormats, write_map_folders
from tribe_np.outputs.whole import Inputs, check_outside, check_own_target

NETWORKS = "networks"


def check_network_target(folder: Path, inputs: Inputs, source: Path) -> None:
    """Refuses, before any work, a folder that could not be written, that holds an input or lies in the source.

    Raises   OutputError
    """
    check_own_target(folder, NETWORKS, {**inputs, "source": source})
    if source.is_dir():
        check_outside(folder, source)


def write_networks(folder: Path, files: MapFiles, formats: MapFormats) -> list[str]:
    """Writes the folder; an earlier one of `networks` is replaced if it is as it was written. What was odd.

    Raises   OutputError; ConfigError, ParcellationError, MissingDependencyError for a format that cannot be written
    """
    return write_map_folders(folder, {NETWORKS: files}, formats, NETWORKS_RECORD, NETWORKS)
