"""Networks of regions: as the names of a parcellation tell them, or as a table of the user's does.

No assignment of regions to networks is part of this project.
"""

from pathlib import Path

from tribe_np.cortex.parcellation import Parcellation


def by_network(parcellation: Parcellation, table: Path | None = None) -> Parcellation:
    """The same cortex with networks as its regions.

    Raises   ParcellationError where neither the names nor the table tell the networks
    """
    raise NotImplementedError
