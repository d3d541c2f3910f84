// Which rows of a layer a time of the stimulus shows: the same cases as Python's RowClock, as pure functions.
//
// A row's value stands at its start; between two rows it changes linearly. Where rows are missing nothing was
// predicted, and nothing is returned: before the first, more than one TR after the last, and likewise within a gap.

const LONGEST_STEP = 1.5; // TRs between two rows that still follow each other; more is a gap
const AT_A_ROW = 1e-5; // seconds by which a moment may miss a row: a prediction's first row starts 1e-6 s early

/** The last index with starts[index] <= moment, or -1; starts rise. */
export function lastStartAt(starts, moment) {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= moment) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * {row, next, weight} at a time of the stimulus, `weight` being that of `next`; null where nothing was predicted.
 * clock: {starts, tr, offset, align ("stimulus" or "bold"), isStatic (a map without time)}.
 */
export function rowsAt(clock, seconds) {
  if (clock.isStatic) return { row: 0, next: 0, weight: 0 };
  const { starts, tr } = clock;
  const moment = clock.align === "bold" ? seconds - clock.offset : seconds;
  const row = lastStartAt(starts, moment + AT_A_ROW);
  if (row < 0 || !Number.isFinite(moment)) return null;
  const since = moment - starts[row];
  const step = row + 1 < starts.length ? starts[row + 1] - starts[row] : Infinity;
  if (step > LONGEST_STEP * tr) return since <= tr + AT_A_ROW ? { row, next: row, weight: 0 } : null;
  return { row, next: row + 1, weight: Math.min(1, Math.max(0, since / step)) };
}
