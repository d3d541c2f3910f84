"""Measures the bounds of every model and writes bounds.json: honest variants on five seeds, against float64.

    python -m tools.budget_bounds                        all models, cases and precisions (an hour on one core)
    python -m tools.budget_bounds --model llama          one model; the others stay as they are
    python -m tools.budget_bounds --case plain --precision float32

The set "trained" of LLaMA is measured by tools.trained_budget.
"""

import argparse
import sys

from tools.places import ROOT
from tribe_np.files.atomic import whole_file
from tribe_np.oracle.budget.bound_sets import bound_cases, measured_model
from tribe_np.oracle.budget.bounds import DEEP, EPS, FILE, RELEASED, bounds_content
from tribe_np.oracle.budget.bounds_file import BoundsFile
from tribe_np.oracle.budget.measuring import N_SEEDS, budget_facts
from tribe_np.oracle.kit_models.kit_catalogue import MODELS

PLAIN = "plain"
PATH = ROOT / "tribe_np" / "oracle" / "budget" / FILE


def write_data(found: BoundsFile) -> None:
    """Puts it in the place of the committed file."""
    with whole_file(PATH) as partial:
        partial.write_text(found.text(), "utf-8")


def main() -> int:
    """Measures what was asked for, and writes after each case."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", action="append", choices=list(MODELS))
    parser.add_argument("--case", action="append")
    parser.add_argument("--precision", action="append", choices=list(EPS))
    parser.add_argument("--seeds", type=int, default=N_SEEDS)
    options = parser.parse_args()
    seeds = range(options.seeds)
    before = bounds_content()
    found = BoundsFile(budget_facts(seeds), before["sets"], before["alike"])
    for model in options.model or MODELS:
        for precision in options.precision or EPS:
            cases = [case for case in bound_cases(model) if options.case is None or case in options.case]
            if precision != "float32":  # rounding at the taps is what counts there, not what a case is about
                cases = [case for case in cases if case in (PLAIN, DEEP)]
            cases.sort(key=lambda case: case in (DEEP, RELEASED))  # others are alike to cases, not to these
            for case, taps in measured_model(model, precision, seeds, cases, tell=lambda text: print(text, flush=True)):
                found.add(model, case, precision, taps)
                write_data(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
