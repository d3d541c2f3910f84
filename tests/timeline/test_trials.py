"""Trials: a table that comes back as it was written, and one line for what is wrong."""

from pathlib import Path

import pytest

from tribe_np.errors import EventsError
from tribe_np.timeline.trials import Trial, Trials

ROWS = Trials((
    Trial(0.5, 2.0, "faces", stim_file="a b.png", pair="one", extra={"weight": 0.1 + 0.2, "note": "n/a"}),
    Trial(3.1 - 0.1, 1 / 3, "text", run="run-2", words='say "null"\tor\nnan'),
))  # fmt: skip


def test_there_and_back(tmp_path: Path) -> None:
    ROWS.to_tsv(tmp_path / "trials.tsv")
    assert Trials.from_tsv(tmp_path / "trials.tsv") == ROWS
    assert ROWS.conditions() == ["faces", "text"]
    assert ROWS.runs() == ["run-1", "run-2"]
    assert ROWS.rows[0].stop == 2.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("onset\tduration\n1\t2\n", "column 'trial_type' is missing"),
        ("onset\tduration\ttrial_type\n-1\t2\ta\n", "line 2: onset is '-1'"),
        ("onset\tduration\ttrial_type\n1\tnan\ta\n", "line 2: duration is 'nan'"),
        ("onset\tduration\ttrial_type\n1\tinf\ta\n", "line 2: duration is 'inf'"),
        ("onset\tduration\ttrial_type\n1\t2\tn/a\n", "line 2: trial_type is missing"),
    ],
)
def test_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "trials.tsv").write_text(text)
    with pytest.raises(EventsError, match=message):
        Trials.from_tsv(tmp_path / "trials.tsv")
