"""docs/mistakes.md lists every known mistake as it is."""

import re

from tools.mistake_matrix import PAGE, described
from tribe_np.oracle.diagnose.mistake_catalogue import MISTAKES

TEXT = PAGE.read_text(encoding="utf-8")


def test_every_mistake_is_in_the_table_in_order() -> None:
    rows = re.findall(r"^\| (`[a-z0-9-]+` \| [^|]+ \| [^|]+) \| ", TEXT, flags=re.M)
    assert rows[: len(MISTAKES)] == [described(mistake) for mistake in MISTAKES.values()], (
        "run python -m tools.mistake_matrix --write"
    )
