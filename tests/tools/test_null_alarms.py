"""The tool that counts the false alarms of nulls sees those of shuffled rows."""

import pytest

from tools.null_alarms import NULLS, SHUFFLED, alarms, main


def test_shuffled_rows_alarm_too_often_and_phases_do_not() -> None:
    found = alarms("slow", 400, n_seeds=20, n_vertices=10, n=39)
    assert found[SHUFFLED][0] > 0.2
    assert 0.02 < found["phases"][0] < 0.1
    assert set(found) == {SHUFFLED, *NULLS}


def test_it_prints_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    main(
        ["--seeds", "2", "--vertices", "2", "--surrogates", "39", "--rows", "300", "310", "--noise", "bold", "drifting"]
    )
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("| bold", "| drifting"))]
    assert len(rows) == 4
    assert all(row.count("|") == 8 for row in rows)
