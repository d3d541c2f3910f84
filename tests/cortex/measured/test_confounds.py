"""Confounds from tables of fMRIPrep's kind."""

from pathlib import Path

import numpy as np
import pytest

from tribe_np.cortex.measured.confounds import SETS, read_confounds
from tribe_np.errors import ConfigError, MeasurementError, TribeError

MOTION = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]
NAMES = [
    *(f"{name}{end}" for name in MOTION for end in ("", "_derivative1", "_power2", "_derivative1_power2")),
    "white_matter", "csf", "global_signal", "cosine00", "cosine01", "a_comp_cor_00", "t_comp_cor_00", "std_dvars",
]  # fmt: skip


def table(tmp_path: Path, n: int = 6, names: list[str] = NAMES) -> Path:
    values = np.random.default_rng(0).normal(size=(n, len(names)))
    rows = [["n/a" if i == 0 and "derivative" in name else f"{values[i, c]:.6f}" for c, name in enumerate(names)]
            for i in range(n)]  # fmt: skip
    path = tmp_path / "sub-01_desc-confounds_timeseries.tsv"
    path.write_text("\n".join("\t".join(row) for row in [names, *rows]) + "\n")
    return path


@pytest.mark.parametrize(("asked", "n"), [
    (["motion"], 6), (["motion24"], 24), (["motion24", "wm-csf", "cosine"], 28), (["csf", "csf"], 1),
    (["compcor"], 1), (["non-steady"], 0), (["all"], len(NAMES)), (["global", "motion", "trans_x"], 7),
])  # fmt: skip
def test_columns_are_chosen_by_name_and_by_set(tmp_path: Path, asked: list[str], n: int) -> None:
    values, names = read_confounds(table(tmp_path), asked, 6, [])
    assert values.shape == (6, n)
    assert len(set(names)) == n


def test_first_rows_without_a_value_take_the_next_and_are_counted(tmp_path: Path) -> None:
    warn: list[str] = []
    values, names = read_confounds(table(tmp_path), ["motion24"], 6, warn)
    column = values[:, names.index("trans_x_derivative1")]
    assert column[0] == column[1]
    assert "12 values are missing in the first rows" in warn[0]


@pytest.mark.parametrize(
    ("asked", "n", "said"),
    [
        ([], 6, "which of its 32 columns.*motion, motion24"),
        (["trans_q"], 6, "no column 'trans_q'; did you mean trans_"),
        (["zzz"], 6, "it has trans_x, trans_x_derivative1"),
        (["motion"], 7, "has 6 rows, but the scan has 7 volumes"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, asked: list[str], n: int, said: str) -> None:
    with pytest.raises(TribeError, match=said):
        read_confounds(table(tmp_path), asked, n, [])


def test_a_set_that_the_table_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="0 of the 6 or more columns of the set motion"):
        read_confounds(table(tmp_path, names=["csf"]), ["motion"], 6, [])
    assert set(SETS) >= {"motion", "motion24"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\tb\n1\t2\n3\n", "row 3 has 1 values"),
        ("a\tb\n1\t2\n3\tx\n", "row 3, column 'b': 'x' is not a number"),
        ("a\tb\n1\t2\n3\tn/a\n", "row 3, column 'b': no finite value"),
        ("a\tb\n1\tn/a\n3\tn/a\n", "column 'b' has no values"),
        ("a\tb\n1\tinf\n3\t4\n5\tinf\n", "row 4"),
        ("1\t2\n3\t4\n5\t6\n", "expected the names of the columns"),
        ("a\ta\n1\t2\n3\t4\n", "the same name"),
        ("", "empty"),
        ("a\tb\n\xff\t2\n", "not a table"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "c.tsv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(MeasurementError, match=said):
        read_confounds(path, ["all"], 3 if "5" in text else 2, [])
