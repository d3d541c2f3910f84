"""How often a null of `evaluate` finds something where nothing is: the share of p <= 0.05 in slow noise, by its kind.

    python -m tools.null_alarms [--seeds 200] [--vertices 20] [--surrogates 199] [--rows 300 3600] [--noise slow]

Prediction and truth are noise that has nothing to do with each other, TR 1 s. Rows that are shuffled are what nulls of
`tribe_np.analysis.evaluation.autocorrelated_nulls` are there to replace. Besides p of each vertex, the table tells how
often any vertex has a corrected p at the level, and how often the mean over vertices has.
"""

import argparse
from collections.abc import Callable, Sequence

import numpy as np
from scipy.signal import lfilter
from scipy.stats import gamma

from tribe_np.analysis.evaluation.autocorrelated_nulls import null_correlations

LEVEL = 0.05
WARM_UP = 600  # rows until noise has forgotten how it began
NULLS = {  # what the table calls it: options
    "shifts of 30 s": {"kind": "shifts", "seconds": 30.0},
    "blocks of 30 s": {"kind": "blocks", "seconds": 30.0},
    "blocks of 60 s": {"kind": "blocks", "seconds": 60.0},
    "phases": {"kind": "phases"},
}
SHUFFLED = "shuffled rows"


def slow_noise(rng: np.random.Generator, n_rows: int, n_columns: int, persistence: float = 0.9) -> np.ndarray:
    """First-order autoregressive noise of variance 1, (R, V): r of neighbouring rows is `persistence`."""
    white = rng.normal(size=(n_rows + WARM_UP, n_columns)) * np.sqrt(1 - persistence**2)
    return np.asarray(lfilter([1.0], [1.0, -persistence], white, axis=0)[WARM_UP:])


def bold_noise(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    """White noise that went through a haemodynamic response of 32 s, (R, V): r of neighbouring seconds is 0.94."""
    seconds = np.arange(32)
    response = gamma.pdf(seconds, 6) - gamma.pdf(seconds, 16) / 6
    return np.asarray(lfilter(response, [1.0], rng.normal(size=(n_rows + WARM_UP, n_columns)), axis=0)[WARM_UP:])


def drifting_noise(rng: np.random.Generator, n_rows: int, n_columns: int) -> np.ndarray:
    """Noise of which half the variance drifts over minutes (r of neighbouring seconds 0.995), (R, V)."""
    fast, slow = (slow_noise(rng, n_rows, n_columns, persistence) for persistence in (0.5, 0.995))
    return fast + slow


NOISES: dict[str, Callable[[np.random.Generator, int, int], np.ndarray]] = {
    "bold": bold_noise, "slow": slow_noise, "drifting": drifting_noise,
}  # fmt: skip


def shuffled_p(prediction: np.ndarray, truth: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """p of each vertex from rows in random order, which is wrong for series with a memory, (V,)."""
    x, y = prediction - prediction.mean(axis=0), truth - truth.mean(axis=0)
    null = np.array([(x[rng.permutation(len(x))] * y).sum(axis=0) for _ in range(n)])
    return np.asarray((1 + (null >= (x * y).sum(axis=0)).sum(axis=0)) / (n + 1))


def alarms(noise: str, n_rows: int, *, n_seeds: int, n_vertices: int, n: int) -> dict[str, np.ndarray]:
    """Shares of p <= 0.05 by each null, (3,): of vertices, of seeds for any vertex corrected, of seeds for the mean."""
    counts: dict[str, np.ndarray] = {name: np.zeros(3) for name in (SHUFFLED, *NULLS)}
    for seed in range(n_seeds):
        rng = np.random.default_rng([seed, n_rows])
        x, y = (NOISES[noise](rng, n_rows, n_vertices) for _ in range(2))
        counts[SHUFFLED][0] += np.mean(shuffled_p(x, y, n, rng) <= LEVEL)
        counts[SHUFFLED][1:] = np.nan
        for name, options in NULLS.items():
            found = null_correlations(x, y, n=n, seed=seed, **options)
            counts[name] += [
                np.mean(found.p <= LEVEL), found.p_corrected.min() <= LEVEL, found.p_of_mean <= LEVEL
            ]  # fmt: skip
    return {name: count / n_seeds for name, count in counts.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("seeds", 200), ("vertices", 20), ("surrogates", 199)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--rows", type=int, nargs="+", default=[300, 600, 1200, 3600])
    parser.add_argument("--noise", choices=NOISES, nargs="+", default=list(NOISES))
    options = parser.parse_args(arguments)
    print("per cent of p <= 0.05: of vertices / any vertex, corrected / the mean over vertices\n")
    print(f"| noise | rows | {' | '.join((SHUFFLED, *NULLS))} |\n|{'---|' * (3 + len(NULLS))}")
    for noise in options.noise:
        for n_rows in options.rows:
            found = alarms(
                noise, n_rows, n_seeds=options.seeds, n_vertices=options.vertices, n=options.surrogates
            )  # fmt: skip
            told = [" / ".join(f"{100 * one:.1f}" for one in shares if np.isfinite(one)) for shares in found.values()]
            print(f"| {noise} | {n_rows:,} | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()
