"""docs/taps.md holds the tables of names as they are."""

from tools.taps_page import PAGE, taps_page
from tribe_np.oracle.taps import TAP_TABLES, tap_table

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_up_to_date() -> None:
    assert taps_page(TEXT) == TEXT, "run python -m tools.taps_page --write"


def test_every_name_is_on_it() -> None:
    for model in TAP_TABLES:
        assert f"\n## {model}\n" in TEXT
        assert all(f"\n| `{row.name}` | {row.shape} | " in TEXT for row in tap_table(model).rows)
