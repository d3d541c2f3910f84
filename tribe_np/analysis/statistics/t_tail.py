"""p and z of t values, accurate as far out in the tail as t goes."""

import numpy as np
from scipy import special

TINY = 1e-300  # tails below it are no longer exact in float64, but their logarithm is
MOST_STEPS = 1000


def p_of_t(t: np.ndarray, df: np.ndarray | float) -> np.ndarray:
    """Two-sided p of Student's t; NaN where t or df is. Far out it is 0, though z is still finite."""
    with np.errstate(all="ignore"):
        return np.asarray(2 * special.stdtr(df, -np.abs(t)))


def z_of_t(t: np.ndarray, df: np.ndarray | float) -> np.ndarray:
    """The standard normal value with the same tail as t, and its sign; NaN where t or df is.

    Numerics the tail is taken as a logarithm, so t = 40 on 10**6 degrees of freedom, whose p is below the smallest
             float64, has a finite z
    """
    t, df = np.broadcast_arrays(np.asarray(t, np.float64), np.asarray(df, np.float64))
    with np.errstate(all="ignore"):
        tail = special.stdtr(df, -np.abs(t))
        log_tail = np.log(tail)
        far = (tail < TINY) & np.isfinite(t) & np.isfinite(df)
        log_tail[far] = _log_tail(np.abs(t[far]), df[far])
        return np.asarray(-np.sign(t) * special.ndtri_exp(log_tail) + 0.0)  # -0.0 becomes 0.0


def _log_tail(t: np.ndarray, df: np.ndarray) -> np.ndarray:
    """log of P(T > t) for t far out, of the incomplete beta function's continued fraction (DLMF 8.17.22), by Lentz."""
    a, b, x = df / 2, 0.5, df / (df + t * t)
    log_front = a * np.log(x) + b * np.log1p(-x) - np.log(a) - special.betaln(a, b)
    c = np.ones_like(x)
    d = 1 / (1 - (a + b) * x / (a + 1))
    fraction = d.copy()
    for m in range(1, MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / (1 + step * d)
            c = 1 + step / c
            fraction *= c * d
        if np.all(np.abs(c * d - 1) < 1e-15):
            break
    return np.asarray(log_front + np.log(fraction) - np.log(2))
