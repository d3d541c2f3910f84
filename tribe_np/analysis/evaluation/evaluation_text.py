"""An evaluation in the few lines that a person reads on a terminal."""

import numpy as np

from tribe_np.analysis.evaluation.evaluating import Evaluation
from tribe_np.analysis.evaluation.evaluation_tables import QUANTILES
from tribe_np.analysis.evaluation.running_scores import summarise_map

MOST_SUBJECTS = 12


def evaluation_lines(made: Evaluation) -> list[str]:
    """The scores, the lag scan, and what there is of ceilings, group and null."""
    return [*_of_subjects(made), *_of_maps(made), *_of_lags(made), *_of_ceilings(made), *_of_group(made),
            *_of_null(made), *_of_upstream(made)]  # fmt: skip


def _of_subjects(made: Evaluation) -> list[str]:
    lines = []
    for one in made.subjects[:MOST_SUBJECTS]:
        dropped = [sum(getattr(run.rows, name) for run in one.runs)
                   for name in ("n_dropped_prediction", "n_dropped_truth")]  # fmt: skip
        runs = f" of {len(one.runs)} runs" if len(one.runs) > 1 else ""
        lines.append(
            f"{one.subject}: {one.n_rows} rows{runs} ({dropped[0]} of the prediction and {dropped[1]} of the truth "
            f"dropped), mean r {summarise_map(one.scores.r).mean:.4f}"
        )
    left = len(made.subjects) - MOST_SUBJECTS
    return lines + ([f"and {left} subjects more"] if left > 0 else [])


def _of_maps(made: Evaluation) -> list[str]:
    whole = summarise_map(made.r, QUANTILES)
    quantiles = ", ".join(f"{100 * level:g} % {value:.3f}" for level, value in whole.quantiles.items())
    return [
        f"r over {whole.n} vertices: mean {whole.mean:.4f}; {quantiles}",
        f"mean squared error {summarise_map(made.mse).mean:.4g}, R2 {summarise_map(made.r2).mean:.4g}",
    ]


def _of_lags(made: Evaluation) -> list[str]:
    scan = made.lags
    if scan is None:
        return []
    lines = [f"lag scan: mean r over {scan.n_columns} vertices, truth read so many seconds later than expected"]
    for lag, r, _, mark in scan.cells()[1:]:
        shown = "    none" if r == "NaN" else f"{float(r):8.4f}"
        lines.append(f"  {float(lag):+6g} s {shown}{f'  {mark}' if mark else ''}")
    words = "the expected one" if scan.is_expected else f"not the expected {scan.expected:+g} s"
    return [*lines, f"best lag {scan.best:+g} s, {words}" if np.isfinite(scan.best) else "no lag has an r"]


def _of_ceilings(made: Evaluation) -> list[str]:
    if not made.ceilings:
        return ["no ceiling: that takes a stimulus that one subject saw twice or more"]
    lines = []
    for one in made.ceilings[:MOST_SUBJECTS]:
        found, normalised = one.ceilings, summarise_map(one.normalised)
        lines.append(
            f"{one.subject}: {found.n_repeats} repetitions, mean pairwise r "
            f"{summarise_map(found.pairwise_r).mean:.4f}, Spearman-Brown {summarise_map(found.reliability).mean:.4f}, "
            f"explainable variance {summarise_map(found.explainable_variance).mean:.4f}; r / ceiling "
            f"{normalised.mean:.4f} over {normalised.n} vertices of reliability {made.options.threshold:g} or more"
        )
    return lines


def _of_group(made: Evaluation) -> list[str]:
    if made.group is None:
        return ["no group predictivity: that takes two subjects or more"] if len(made.subjects) == 1 else []
    means = made.group.found.over()
    n_below = round(means.share_below * len(made.subjects)) if np.isfinite(means.share_below) else 0
    return [
        f"group: r with the mean of {len(made.subjects)} subjects {means.r_group:.4f}; a subject with the mean of the "
        f"others {np.mean(means.leave_one_out):.4f}, {n_below} of {len(made.subjects)} below the prediction"
    ]


def _of_null(made: Evaluation) -> list[str]:
    level = made.options.level
    return [
        f"null: {one.found.n} {one.found.kind} of {one.of}: p of mean r {one.found.p_of_mean:.4g}; "
        f"{one.found.n_found(level)} vertices have q < {level:g}"
        for one in made.nulls[-MOST_SUBJECTS:]  # the group's is the last
    ]


def _of_upstream(made: Evaluation) -> list[str]:
    found = made.scored.segments.retrieval(1)
    retrieval = (
        f"top-1 retrieval {found.accuracy:.4f}, chance {found.chance:.4f}" if np.isfinite(found.accuracy)
        else "no top-1 retrieval: fewer than 100 rows in a run"
    )  # fmt: skip
    return [f"as upstream counts: pearson {made.scored.upstream.mean:.4f}; {retrieval}"]
