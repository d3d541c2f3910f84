"""docs/mistakes.md lists every known mistake as it is."""

import re

import pytest

from tools.mistake_matrix import PAGE, all_kits, described, mistakes_page, seen_in
from tribe_np.oracle.diagnose.mistake_catalogue import MISTAKES

TEXT = PAGE.read_text(encoding="utf-8")


def test_every_mistake_is_in_the_table_in_order() -> None:
    rows = re.findall(r"^\| (`[a-z0-9-]+` \| [^|]+ \| [^|]+) \| ", TEXT, flags=re.M)
    assert rows[: len(MISTAKES)] == [described(mistake) for mistake in MISTAKES.values()], (
        "run python -m tools.mistake_matrix --write"
    )


@pytest.mark.oracle
def test_it_is_what_the_kits_show() -> None:
    assert mistakes_page(TEXT, seen_in(all_kits())) == TEXT, "run python -m tools.mistake_matrix --write"
