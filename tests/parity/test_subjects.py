"""A checkpoint with 26 subjects against neuraltrain's SubjectLayers, live: each has a row, the average the last."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.parity


@pytest.fixture
def case() -> Any:
    """Three windows for three of the subjects."""
    from tools.reference.encoder_cases import make_case

    brain = {"hidden": 64, "combiner": None, "low_rank_head": 7, "max_seq_len": 8, "encoder": {"heads": 2, "depth": 1},
             "subject_layers": {"n_subjects": 26, "subject_dropout": 0.1}}  # fmt: skip
    dims = {"text": (2, 10), "audio": (2, 6)}
    return make_case("26 subjects", brain, dims, seed=7, n_steps=8, n_outputs=31, batch=3, subject_index=[0, 13, 25])


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("index", [[0, 13, 25], [12, 12, 12], [26, 26, 26]])
def test_a_subject_is_its_row(case: Any, index: list[int]) -> None:
    from tools.reference.encoder import compare_case

    rows = compare_case(replace(case, subject_index=np.array(index)))
    assert not [(row.stage, row.float32, row.bound, row.float64) for row in rows if not row.passes()]


def test_no_subject_is_the_last_row(case: Any) -> None:
    from tools.reference.encoder import run_ours

    average = run_ours(replace(case, subject_index=None), "float64")["output"]
    np.testing.assert_array_equal(
        average, run_ours(replace(case, subject_index=np.array([26, 26, 26])), "float64")["output"]
    )
