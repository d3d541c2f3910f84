"""The tool that counts false alarms sees those of rows that are taken for independent."""

import pytest

from tools.false_alarms import CORRELATIONS, main, measure


@pytest.mark.extras
def test_rows_taken_for_independent_alarm_too_often() -> None:
    ols, ar1, means, holds_zero = measure(0.8, n_trials=16, seconds=4, gap=4, n_orders=2)
    assert ols > 0.15 > 0.1 > ar1
    assert means < 0.1
    assert holds_zero > 0.9


@pytest.mark.extras
def test_it_prints_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--orders", "1", "--trials", "8", "--seconds", "2", "--gap", "2"])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.endswith("% |")]
    assert len(rows) == len(CORRELATIONS)
    assert all(row.count("|") == 6 for row in rows)
