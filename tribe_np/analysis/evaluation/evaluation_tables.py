"""The tables of an evaluation as cells: a summary with every score, one by region, and the lag scan."""

import math
from collections.abc import Sequence

import numpy as np

from tribe_np.analysis.evaluation.evaluating import Evaluation, mean_of_subjects
from tribe_np.analysis.evaluation.evaluation_maps import OF_NULL, evaluation_maps, exported_names
from tribe_np.analysis.evaluation.region_courses import course_r
from tribe_np.analysis.evaluation.run_ceilings import NullResult
from tribe_np.analysis.evaluation.running_scores import RunningScores, summarise_map
from tribe_np.analysis.evaluation.subject_scores import RunScores, SubjectScores

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
ALL_RUNS, ALL_SUBJECTS = "all", "mean of subjects"
WHO = ("subject", "run", "timeline")
ROWS = ("rows", "prediction_rows_dropped", "truth_rows_dropped")
SCORES = (
    "vertices", "vertices_with_r", "mean_r", *(f"r_q{round(100 * q):02d}" for q in QUANTILES), "max_r", "share_above_0",
    "mean_mse", "mean_r2", "upstream_r",
)  # fmt: skip
CEILINGS = (
    "repetitions", "mean_pairwise_r", "mean_reliability", "mean_explainable_variance", "mean_r_of_mean",
    "vertices_above_threshold", "mean_r_normalised",
)  # fmt: skip
GROUP = ("mean_leave_one_out_r", "mean_r_with_others", "mean_r_group", "share_of_subjects_below")
NULL = ("p_of_mean_r", "vertices_q_below_level", "top1", "top1_chance")


def summary_table(made: Evaluation) -> list[list[str]]:
    """A line for each run, for all runs of each subject, and for the group; NaN where a number is not for a line.

    `upstream_r` is what upstream logs as val/subj_pearson of a subject, and as val/pearson of the group: over all rows
    of all subjects.
    """
    rows = [[*WHO, *ROWS, *SCORES, *CEILINGS, *GROUP, *NULL]]
    nothing = ["NaN"] * (len(CEILINGS) + len(GROUP) + len(NULL))
    is_one = len(made.subjects) == 1
    for number, one in enumerate(made.subjects):
        for run in one.runs if len(one.runs) > 1 else ():
            cells = [*_counts_of_rows([run]), *_map_cells(run.scores), "NaN", *nothing]
            rows.append([one.subject, run.paired.truth.run, run.paired.timeline, *cells])
        cells = [*_counts_of_rows(one.runs), *_map_cells(one.scores), number_cell(one.upstream.mean)]
        cells += [*_ceiling_cells(made, one), *_member_cells(made, number)]
        null = made.nulls[number] if made.nulls else None
        cells += _null_cells(made, null) + (_retrieval_cells(made) if is_one else ["NaN"] * 2)
        name = ALL_RUNS if len(one.runs) > 1 else one.runs[0].paired.truth.run
        rows.append([one.subject, name, _timelines(one), *cells])
    if not is_one:
        runs = [run for one in made.subjects for run in one.runs]
        cells = [*_counts_of_rows(runs), *_numbers_of_maps(made.r, made.mse, made.r2)]
        cells += [number_cell(made.scored.upstream.mean), *_mean_ceiling_cells(made), *_group_cells(made)]
        cells += [*_null_cells(made, made.null), *_retrieval_cells(made)]
        rows.append([ALL_SUBJECTS, ALL_RUNS, ", ".join(made.timelines), *cells])
    return rows


def _timelines(one: SubjectScores) -> str:
    return ", ".join(dict.fromkeys(run.paired.timeline for run in one.runs))


def _counts_of_rows(runs: Sequence[RunScores]) -> list[str]:
    rows = [run.rows for run in runs]
    counts = (
        [one.rows for one in rows], [one.n_dropped_prediction for one in rows], [one.n_dropped_truth for one in rows]
    )  # fmt: skip
    return [str(sum(each)) for each in counts]


def _map_cells(scores: RunningScores) -> list[str]:
    return _numbers_of_maps(scores.r, scores.mse, scores.r2)


def _numbers_of_maps(r: np.ndarray, mse: np.ndarray, r2: np.ndarray) -> list[str]:
    of_r, of_mse, of_r2 = summarise_map(r, QUANTILES), summarise_map(mse), summarise_map(r2)
    highest = float(np.nanmax(r)) if of_r.n else math.nan
    numbers = (of_r.mean, *of_r.quantiles.values(), highest, of_r.share_above_zero, of_mse.mean, of_r2.mean)
    return [str(len(r)), str(of_r.n), *(number_cell(number) for number in numbers)]


def _ceiling_cells(made: Evaluation, one: SubjectScores) -> list[str]:
    found = next((each for each in made.ceilings if each.subject == one.subject), None)
    if found is None:
        return ["NaN"] * len(CEILINGS)
    ceilings = found.ceilings
    maps = (ceilings.pairwise_r, ceilings.reliability, ceilings.explainable_variance, found.r_of_mean)
    n_above = int(np.isfinite(found.normalised).sum())
    means = [number_cell(summarise_map(each).mean) for each in maps]
    return [str(ceilings.n_repeats), *means, str(n_above), number_cell(summarise_map(found.normalised).mean)]


def _mean_ceiling_cells(made: Evaluation) -> list[str]:
    if not made.ceilings:
        return ["NaN"] * len(CEILINGS)
    names = ("pairwise_r", "reliability", "explainable_variance")
    maps = [mean_of_subjects([getattr(one.ceilings, name) for one in made.ceilings]) for name in names]
    maps.append(mean_of_subjects([one.r_of_mean for one in made.ceilings]))
    normalised = summarise_map(mean_of_subjects([one.normalised for one in made.ceilings]))
    means = [number_cell(summarise_map(each).mean) for each in maps]
    return ["NaN", *means, str(normalised.n), number_cell(normalised.mean)]


def _member_cells(made: Evaluation, number: int) -> list[str]:
    if made.group is None:
        return ["NaN"] * len(GROUP)
    means = made.group.found.over()
    return [number_cell(means.leave_one_out[number]), number_cell(means.r_with_others[number]), "NaN", "NaN"]


def _group_cells(made: Evaluation) -> list[str]:
    if made.group is None:
        return ["NaN"] * len(GROUP)
    means = made.group.found.over()
    numbers = (np.mean(means.leave_one_out), np.mean(means.r_with_others), means.r_group, means.share_below)
    return [number_cell(float(number)) for number in numbers]


def _null_cells(made: Evaluation, null: NullResult | None) -> list[str]:
    if null is None:
        return ["NaN", "NaN"]
    return [number_cell(null.found.p_of_mean), str(null.found.n_found(made.options.level))]


def _retrieval_cells(made: Evaluation) -> list[str]:
    retrieval = made.scored.segments.retrieval(1)
    return [number_cell(retrieval.accuracy), number_cell(retrieval.chance)]


def region_table(made: Evaluation) -> list[list[str]] | None:
    """The mean of every map by region, the highest r first; None where there are no regions.

    `r_of_course` is r of the region's mean course: higher than the mean r where neighbours respond alike, since the
    noise of vertices averages out. Of a null, the share of vertices whose q is below the level stands for p and q.
    Numerics the mean over the vertices of the region that have a number in the map; `n_used` counts those of r
    """
    if made.regions is None:
        return None
    table, maps = made.regions.table, evaluation_maps(made)
    columns = {name: maps[name].values for name in exported_names(maps) if name not in OF_NULL}
    if made.null is not None:
        q, level = made.null.found.q, made.options.level
        columns[f"share_q<{level:g}"] = np.where(np.isfinite(q), (q < level).astype(float), np.nan)
    if len(made.subjects) > 1:
        columns |= {f"r_{one.subject}": one.scores.r for one in made.subjects}
    means = {name: made.regions.of(values[None])[0] for name, values in columns.items()}
    means["r_of_course"] = course_r(made.regions, made.subjects)
    used = made.regions.count(made.r)
    order = np.argsort(np.where(np.isfinite(means["r"]), -means["r"], np.inf), kind="stable")
    rows = [["region", "hemisphere", "n_vertices", "n_used", *means]]
    for i in order.tolist():
        cells = [table.regions[i], table.hemispheres[i], str(table.n_vertices[i]), str(used[i])]
        rows.append([*cells, *(number_cell(float(values[i])) for values in means.values())])
    return rows


def number_cell(value: float) -> str:
    """A number with every digit; NaN, which pandas and R know, for none."""
    return repr(float(value)) if math.isfinite(value) else "NaN"
