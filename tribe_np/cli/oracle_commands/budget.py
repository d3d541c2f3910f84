"""tribe-np oracle budget: how far a correct implementation is from float64 on this machine, beside the bounds."""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tribe_np.cli import common
from tribe_np.errors import ConfigError
from tribe_np.oracle.kit_models.kit_catalogue import MODELS

if TYPE_CHECKING:
    from tribe_np.oracle.budget.budget_report import BudgetRow

PRECISIONS = ("float32", "bfloat16", "float16")
OUT_OF_BOUNDS = 3
SEEDS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np oracle budget`."""
    parser.add_argument("--model", choices=list(MODELS), help="one model (default: all)")
    parser.add_argument(
        "--case", type=common.words, default="plain", metavar="NAME",
        help="the kit: plain (default), another case of the model, deep, released, or all",
    )  # fmt: skip
    parser.add_argument("--seeds", type=common.at_least_one, metavar="N", help=f"kits of each case (default: {SEEDS})")
    parser.add_argument(
        "--precision", choices=PRECISIONS,
        help="half precisions are float32 rounded at every tap and weight (default: float32)",
    )  # fmt: skip
    parser.add_argument(
        "--determinism", action="store_true",
        help="instead: whether runs give the same bytes again, on other threads, with other rows in the batch",
    )  # fmt: skip
    parser.add_argument("--write", type=common.path, metavar="FILE", help="write what was measured, as bounds.json")
    common.add_json(parser, "the errors")
    common.add_quiet(parser)
    common.add_threads(parser)


def execute(options: argparse.Namespace) -> int:
    """Runs the command: 3 where an error exceeds its bound.

    Raises   ConfigError for options that say nothing about what is asked for
    """
    common.fix_threads(options)
    given = {"--write": options.write, "--precision": options.precision, "--seeds": options.seeds}
    if options.determinism and (unused := [name for name, value in given.items() if value is not None]):
        raise ConfigError(f"--determinism runs one kit in float32 and writes nothing; leave out {', '.join(unused)}")
    options.precision, options.seeds = options.precision or PRECISIONS[0], options.seeds or SEEDS
    if options.write is not None:
        from tribe_np.oracle.budget.bounds_file import check_bounds_target

        check_bounds_target(options.write)
    return shown_repeats(options) if options.determinism else shown_budget(options)


def kits_asked_for(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """(model, case)."""
    from tribe_np.oracle.budget.bound_sets import bound_cases

    for model in MODELS if options.model is None else [options.model]:
        for case in bound_cases(model) if options.case == "all" else [options.case]:
            if not options.quiet:
                print(f"{model}, {case}", file=sys.stderr)
            yield model, case


def shown_budget(options: argparse.Namespace) -> int:
    """Measures, shows and writes."""
    from tribe_np.oracle.budget.bound_sets import measured_case
    from tribe_np.oracle.budget.bounds_file import BoundsFile
    from tribe_np.oracle.budget.budget_report import budget_lines, budget_rows
    from tribe_np.oracle.budget.measuring import budget_facts

    seeds = range(options.seeds)
    found = BoundsFile(budget_facts(seeds))
    lines, result, exceeding = [], {}, []
    for model, case in kits_asked_for(options):
        taps = measured_case(model, case, seeds, precision=options.precision)
        found.add(model, case, options.precision, taps)
        rows = budget_rows(model, case, options.precision, taps)
        exceeding += [row for row in rows if row.exceeds]
        result[f"{model}/{case}"] = [row.as_dict() for row in rows]
        lines += [f"{model}, {case}, {options.precision}, {options.seeds} seeds", *budget_lines(rows), ""]
    if options.write is not None:
        found.write(options.write)
    facts: dict[str, Any] = {"made": dict(found.made), "precision": options.precision, "taps": result}
    common.print_result(options, facts, [*lines, summary(exceeding)])
    return OUT_OF_BOUNDS if exceeding else 0


def summary(exceeding: "list[BudgetRow]") -> str:
    """One line: whether this machine is within the committed bounds."""
    if not exceeding:
        return "every error is within its bound"
    return f"{len(exceeding)} errors exceed their bounds; the first is {exceeding[0].tap}"


def shown_repeats(options: argparse.Namespace) -> int:
    """Runs twice, on other threads and with other rows, and shows what differs."""
    from dataclasses import asdict

    from tribe_np.oracle.budget.bound_sets import bound_kit
    from tribe_np.oracle.budget.budget_report import repeat_lines
    from tribe_np.oracle.budget.determinism import repeats

    lines, result = [], {}
    for model, case in kits_asked_for(options):
        found = repeats(bound_kit(model, case, 0))
        result[f"{model}/{case}"] = [asdict(repeat) for repeat in found]
        lines += [f"{model}, {case}, float32", *repeat_lines(found), ""]
    common.print_result(options, result, lines[:-1])
    return 0
