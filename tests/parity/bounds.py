"""What every live comparison asks of its rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # needs the reference packages
    from tools.reference.measure import Row

FLOOR = 1e-5  # tiny models meet it outright
SPARSE = (".gated", ".activated")  # few numbers hold most of their root mean square: twice that


def stages_within_bounds(rows: "Sequence[Row]", *, floor: float | None = FLOOR) -> set[str]:
    """The stages that were compared, each of them within its bound, and its float32 error below the floor."""
    failing = [f"{row.stage}: {row.float32:.1e} > {row.bound:.1e}, {row.float64}" for row in rows if not row.passes()]
    assert not failing, failing
    if floor is not None:
        above = [row.stage for row in rows if row.float32 > floor * (1 + row.stage.endswith(SPARSE))]
        assert not above, above
    return {row.stage for row in rows}
