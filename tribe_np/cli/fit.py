"""tribe-np fit: a new person's head from a stimulus and that person's BOLD."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tribe_np.cli import common
from tribe_np.cli.stimulus_options import add_picture_stimulus_arguments, picture_show
from tribe_np.cli.truth_options import add_truth, check_truth, given_truth

if TYPE_CHECKING:
    from tribe_np.pipeline.fitting.fitting_events import FittedPerson

MODELS = {
    "head": "fitted head", "trained_head": "trained head", "trained_all": "everything trained",
    "average": "average subject, unfitted", "fir": "linear, lagged features",
    "banded_fir": "linear, a share for each modality",
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np fit`."""
    common.add_event_arguments(parser)
    add_picture_stimulus_arguments(parser)
    parser.add_argument(
        "--name", type=common.words, required=True, metavar="NAME", help="what --subject will call them"
    )
    parser.add_argument("--out", type=common.path, required=True, metavar="DIR", help="checkpoint folder to write")
    add_truth(parser, "the person's BOLD", ", where runs are the timelines of the stimulus", required=True)
    _add_fit(parser)
    _add_training(parser)
    parser.add_argument("--no-figure", dest="figure", action="store_false", help="do not draw figures")
    common.add_model_arguments(parser)
    common.add_run_arguments(parser)
    common.add_json(parser, "the record")


def _add_fit(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("fit")
    group.add_argument(
        "--folds", type=common.at_least_one, default=5, metavar="N", help="to choose penalties (default: 5)"
    )
    group.add_argument(
        "--gap", type=seconds_from_0, default=10.0, metavar="S",
        help="left out of the training on either side of rows that are held out (default: 10)",
    )  # fmt: skip
    group.add_argument(
        "--keep-out", type=share_of_rows, default=0.2, metavar="SHARE",
        help="of all rows, at the end, that nothing is fitted on: scores are of these (default: 0.2; whole runs where "
        "there are three or more)",
    )  # fmt: skip
    group.add_argument(
        "--score", choices=["r2", "r"], default="r2", help="by which a vertex' penalty is chosen (default: r2)"
    )
    group.add_argument(
        "--penalty", type=float, nargs="+", metavar="P",
        help="penalties of the head to try, as scikit-learn's alpha (default: ten powers of ten around the mean "
        "eigenvalue, which is also what linear models try)",
    )  # fmt: skip
    group.add_argument(
        "--alone", action="store_true",
        help="write one row, in the average subject's place: upstream's own loader takes no other",
    )  # fmt: skip
    group.add_argument(
        "--no-linear", dest="linear", action="store_false", help="without the linear models of features beside it"
    )
    group.add_argument(
        "--lags", type=seconds_from_0, nargs="+", metavar="S",
        help="from a stimulus to its BOLD, for the linear models (default: 2 4 6 8)",
    )  # fmt: skip
    group.add_argument(
        "--shares", type=common.at_least_one, default=8, metavar="N",
        help="shares of the modalities that banded ridge tries (default: 8)",
    )  # fmt: skip
    group.add_argument(
        "--seed", type=whole_from_0, default=0, metavar="N", help="of the shares, and of training (default: 0)"
    )


def _add_training(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("training by gradient descent, as the checkpoint was trained")
    group.add_argument(
        "--train", choices=["head", "all"],
        help="also train the person's subject layer, or every weight, with Adam and OneCycle, and write that "
        "(default: the ridge alone)",
    )  # fmt: skip
    group.add_argument("--epochs", type=common.at_least_one, metavar="N", help="times over all windows (default: 1)")
    group.add_argument(
        "--batch-size", type=common.at_least_one, metavar="N", help="windows of a step (default: the checkpoint's, 8)"
    )
    group.add_argument(
        "--max-lr", type=rate_above_0, metavar="R", help="the highest learning rate (default: the checkpoint's, 1e-4)"
    )


def whole_from_0(text: str) -> int:
    """A whole number of 0 or more, for argparse."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise argparse.ArgumentTypeError(f"must be a whole number of 0 or more, got {text[:40]!r}")
    return int(text)


def rate_above_0(text: str) -> float:
    """A learning rate, for argparse."""
    found = common.number_or_nan(text)
    if not 0 < found <= 1:
        raise argparse.ArgumentTypeError(f"must be a number above 0, at most 1, got {text[:40]!r}")
    return found


def seconds_from_0(text: str) -> float:
    """Seconds of 0 or more, for argparse."""
    found = common.number_or_nan(text)
    if not 0 <= found < 1e6:
        raise argparse.ArgumentTypeError(f"must be a number of seconds of 0 or more, got {text[:40]!r}")
    return found


def share_of_rows(text: str) -> float:
    """A share of rows, for argparse."""
    found = common.number_or_nan(text)
    if not 0 < found < 1:
        raise argparse.ArgumentTypeError(f"must be a share between 0 and 1, got {text[:40]!r}")
    return found


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    from tribe_np.errors import ConfigError

    for name in ("epochs", "batch_size", "max_lr"):
        if options.train is None and getattr(options, name) is not None:
            raise ConfigError(f"--{name.replace('_', '-')} is of --train; add --train head or --train all")
    check_truth(options)
    threads = common.prepare(options)
    shown, words, pictures = common.progress(options), common.word_source(options), picture_show(options)
    from tribe_np.pipeline.fitting.fitting_stimulus import fit_stimulus
    from tribe_np.pipeline.fitting.person_fit import FitOptions
    from tribe_np.pipeline.fitting.trained_person import TrainingWish

    wish = None
    if options.train is not None:
        wish = TrainingWish(options.train, options.epochs or 1, options.batch_size, options.max_lr)
    penalties = None if options.penalty is None else tuple(options.penalty)
    chosen = FitOptions(
        options.name, options.folds, options.gap, options.keep_out, options.score, penalties, options.linear,
        FitOptions.lags if options.lags is None else tuple(options.lags), options.shares, options.seed, wish,
    )  # fmt: skip
    made = fit_stimulus(
        options.stimulus, options.out, given_truth(options), chosen,
        load=lambda: common.load_model(options, words, shown), words=words, pictures=pictures, alone=options.alone,
        titles=MODELS if options.figure else None, command=options.command_line, threads=threads,
    )  # fmt: skip
    common.print_warnings_of(made.record)
    common.print_result(options, {"out": str(options.out), **made.record}, _lines(made, options.out, options.name))
    return 0


def _lines(made: "FittedPerson", folder: Path, name: str) -> list[str]:
    """What a person reads."""
    record = made.record
    n, scores = record["n_rows"], record["scores"]
    lines = [
        f"fitted on {n['fitted']} rows, scored on {n['kept_out']} others; {n['without_bold']} rows have no BOLD, "
        f"{n['between']} between the two are not used",
        f"penalties by {record['folds']['score']} over {record['folds']['n']} folds, each with how many columns chose "
        "it: " + ", ".join(f"{p} ({count})" for p, count in record["penalties"]["chosen"].items()),
    ]
    if record["training"] is not None:
        lines.append(_training_line(record["training"]))
    width = max(len(MODELS[model]) for model in scores)
    for model, score in scores.items():
        r = score["r"]
        told = "no score" if r["mean"] is None else f"mean r {r['mean']:.4f}, median {r['median']:.4f}"
        lines.append(f"  {MODELS[model]:{width}}  {told}")
    assert made.written is not None
    place = f"--subject {name}" if made.written.n_subjects else "its only subject"
    return [*lines, f"wrote {folder}: predict --checkpoint {folder} ({place})"]


def _training_line(training: dict[str, Any]) -> str:
    losses, what = training["losses"], "everything" if training["what"] == "all" else "the head"
    epochs = "1 epoch" if training["n_epochs"] == 1 else f"{training['n_epochs']} epochs"
    return (
        f"trained {what} for {epochs} over {training['n_windows']} windows in {training['n_steps']} steps, seed "
        f"{training['seed']}: loss {losses[0]:.4f} before the first, {losses[-1]:.4f} before the last"
    )
